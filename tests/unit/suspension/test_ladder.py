"""The ladder's rules, one by one (R45 to R48, R59)."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.suspension.domain.account import (
    Account,
    Fact,
    ManualSuspension,
    Pause,
    ReminderSent,
    Stage,
    ids,
    pauses_of,
    spans_of,
)
from services.suspension.domain.days import Calendar, midnight
from services.suspension.domain.policy import Policy
from shared.errors import Invalid
from shared.ids import PaymentId, new_id
from tests.unit.suspension.builders import (
    DUE,
    NEW_YORK,
    local,
    look,
    make_invoice,
    on_day,
    reminded,
    told,
)

A = make_invoice("A")
SECOND = timedelta(seconds=1)


def test_nothing_owed_is_no_step_ever() -> None:
    """An empty account stands at none and waits for nothing."""
    standing = look(Account(), on_day(0))
    assert (standing.stage, standing.reminder, standing.next_step_at) == (Stage.NONE, None, None)


def test_default_ladder_day_by_day() -> None:
    """None until the due day is over, notice from the next midnight, both barred on day 14 at 00:00 (R46)."""
    account = told(A)
    stages = [look(account, on_day(n)).stage for n in (-3, 0, 1, 13, 14, 40)]
    assert stages == [
        Stage.NONE,
        Stage.NONE,
        Stage.NOTICE,
        Stage.NOTICE,
        Stage.BOTH_BARRED,
        Stage.BOTH_BARRED,
    ]
    assert look(account, on_day(14) - SECOND).stage is Stage.NOTICE
    assert look(account, on_day(1) - SECOND).stage is Stage.NONE


def test_days_begin_at_the_tenants_midnight_across_summer_time() -> None:
    """Due before the change to summer time, barred after it: still local 00:00, an hour earlier in UTC (R45)."""
    invoice = make_invoice(due_on=date(2026, 3, 1))
    at = look(told(invoice), local(date(2026, 3, 14), 12)).next_step_at
    assert at == local(date(2026, 3, 15)) == midnight(date(2026, 3, 15), NEW_YORK)
    auckland = ZoneInfo("Pacific/Auckland")
    assert look(told(invoice), midnight(date(2026, 3, 15), auckland), zone=auckland).stage.barred
    assert not look(told(invoice), midnight(date(2026, 3, 15), auckland)).stage.barred


def test_next_step_is_the_next_instant_at_which_something_changes() -> None:
    """Between two steps the standing says when to look again."""
    account = told(A)
    assert look(account, on_day(0, 5)).next_step_at == on_day(1)
    assert look(account, on_day(1)).next_step_at == on_day(3)
    assert look(account, on_day(12, 5)).next_step_at == on_day(14)
    assert look(account, on_day(14)).next_step_at is None
    assert look(account, on_day(5)).suspends_at == on_day(14)


# -- reminders --------------------------------------------------------------------------------------------------


def test_reminder_is_due_on_its_day_and_only_until_it_was_sent() -> None:
    """Day 3 reminds all day long, once."""
    reminder = look(told(A), on_day(3, 15)).reminder
    assert reminder is not None
    assert (reminder.day, reminder.anchor, reminder.invoices) == (3, A, (A,))
    sent = [reminded(A), reminded(A, 3)]
    assert look(Account(invoices=[A], reminders=sent), on_day(3, 15)).reminder is None


@pytest.mark.parametrize("day", [-4, -2, 1, 4, 13, 14, 30])
def test_past_reminders_are_skipped(day: int) -> None:
    """Between the days of the policy nothing goes out to who was told already (R46)."""
    assert look(told(A), on_day(day)).reminder is None


def test_nobody_is_suspended_before_a_reminder_was_sent() -> None:
    """All reminders missed: one goes out, and the barring waits for the next midnight (R46)."""
    late = look(Account(invoices=[A]), on_day(20, 1))
    assert late.stage is Stage.NOTICE
    assert late.reminder is not None and late.reminder.day == 20
    assert late.suspends_at == on_day(21)
    account = Account(invoices=[A], reminders=[reminded(A, 20, on_day(20, 1))])
    assert look(account, on_day(20, 23)).stage is Stage.NOTICE
    assert look(account, on_day(20, 23)).next_step_at == on_day(21)
    assert look(account, on_day(21)).stage is Stage.BOTH_BARRED


def test_notice_late_in_the_day_gives_the_whole_next_day() -> None:
    """Who was told at 20:00 is not suspended four hours later."""
    account = Account(invoices=[A], reminders=[reminded(A, 20, on_day(20, 20))])
    assert look(account, on_day(21)).stage is Stage.NOTICE
    assert look(account, on_day(22)).stage is Stage.BOTH_BARRED


def test_catch_up_reminder_waits_while_a_planned_one_is_still_to_come() -> None:
    """On day 5 with nothing sent, day 7 will do it."""
    assert look(Account(invoices=[A]), on_day(5)).reminder is None
    missed = look(Account(invoices=[A]), on_day(13)).reminder
    assert missed is not None and missed.day == 13


def test_no_reminder_on_the_day_of_issue() -> None:
    """Due at once: the invoice's own mail is the notice of that day."""
    due_now = make_invoice(issued_on=DUE)
    assert look(Account(invoices=[due_now]), on_day(0, 10)).reminder is None
    assert look(Account(invoices=[due_now]), on_day(3)).reminder is not None


def test_reminders_follow_the_oldest_invoice_and_name_what_is_due() -> None:
    """Days count from the oldest; a younger due one is named, one not due yet is not (R47)."""
    younger = make_invoice("B", due_on=DUE + timedelta(days=5))
    coming = make_invoice("C", due_on=DUE + timedelta(days=20))
    reminder = look(told(A, younger, coming), on_day(7)).reminder
    assert reminder is not None
    assert (reminder.anchor, reminder.invoices) == (A, (A, younger))
    assert look(told(A, younger), on_day(5)).reminder is None  # day 0 of the younger one


# -- amounts ----------------------------------------------------------------------------------------------------


def test_amounts_below_the_smallest_do_not_count() -> None:
    """Exactly the smallest amount counts, one unit less does not, two invoices add up (R47)."""
    policy = Policy(smallest_minor=5_000)
    small, exact = make_invoice("S", balance_minor=4_999), make_invoice("E", balance_minor=5_000)
    other = make_invoice("O", balance_minor=1)
    assert look(told(small), on_day(14), policy).stage is Stage.NONE
    assert look(told(small), on_day(3), policy).reminder is None
    assert look(told(exact), on_day(14), policy).stage is Stage.BOTH_BARRED
    assert look(told(small, other), on_day(14), policy).stage is Stage.BOTH_BARRED


def test_part_payment_restores_only_below_the_smallest_amount() -> None:
    """One cent left keeps the suspension by default; less than the smallest amount ends it (R59)."""
    cent = make_invoice("A", balance_minor=1)
    assert look(told(cent), on_day(15)).stage is Stage.BOTH_BARRED
    assert look(told(cent), on_day(15), Policy(smallest_minor=2)).stage is Stage.NONE


def test_uncollectable_invoice_is_never_overdue_alone() -> None:
    """Below the card's minimum it waits for the next one, whose total it then joins (R38)."""
    tiny = make_invoice("T", balance_minor=30, collectable=False)
    assert look(told(tiny), on_day(20)).stage is Stage.NONE
    assert look(told(tiny), on_day(20)).next_step_at is None
    assert look(told(tiny), on_day(3)).reminder is None
    policy = Policy(smallest_minor=10_020)
    assert look(told(A), on_day(20), policy).stage is Stage.NONE
    assert look(told(tiny, A), on_day(20), policy).stage is Stage.BOTH_BARRED


# -- restoring --------------------------------------------------------------------------------------------------


def test_paying_all_overdue_restores_whatever_is_not_due_yet() -> None:
    """The overdue ones only (R59)."""
    paid = make_invoice("A", balance_minor=0, settled_at=on_day(16))
    coming = make_invoice("B", due_on=DUE + timedelta(days=30))
    assert look(told(paid, coming), on_day(16)).stage is Stage.NONE


def test_paying_one_of_two_overdue_does_not_restore() -> None:
    """While suspended, the other overdue invoice keeps it, young as it is; paid too, service is back (R59)."""
    first = make_invoice("A", balance_minor=0, settled_at=on_day(16))
    second = make_invoice("B", due_on=DUE + timedelta(days=10))
    assert look(told(first, second), on_day(17)).stage is Stage.BOTH_BARRED
    both = make_invoice("B", due_on=second.due_on, balance_minor=0, settled_at=on_day(17))
    assert look(told(first, both), on_day(17)).stage is Stage.NONE


def test_a_suspension_goes_on_through_overlapping_invoices() -> None:
    """A barred; paid while B was overdue; B paid while C is: never without an overdue invoice since (R59)."""
    first = make_invoice("A", balance_minor=0, settled_at=on_day(16))
    second = make_invoice("B", due_on=DUE + timedelta(days=10), balance_minor=0, settled_at=on_day(20))
    third = make_invoice("C", due_on=DUE + timedelta(days=18))
    assert look(told(first, second, third), on_day(21)).stage is Stage.BOTH_BARRED
    assert look(told(first, third), on_day(21)).stage is Stage.NOTICE


def test_one_paid_in_time_does_not_count_against_the_next() -> None:
    """A paid on day 13 led to no suspension, so B has its own fourteen days."""
    first = make_invoice("A", balance_minor=0, settled_at=on_day(13))
    second = make_invoice("B", due_on=DUE + timedelta(days=10))
    assert look(told(first, second), on_day(20)).stage is Stage.NOTICE
    assert look(told(first, second), on_day(24)).stage is Stage.BOTH_BARRED


def test_an_old_suspension_does_not_reach_a_later_invoice() -> None:
    """Restored once everything was paid: what becomes overdue afterwards begins anew."""
    first = make_invoice("A", balance_minor=0, settled_at=on_day(16))
    later = make_invoice("B", due_on=DUE + timedelta(days=20))
    assert look(told(first, later), on_day(22)).stage is Stage.NOTICE


# -- pauses -----------------------------------------------------------------------------------------------------


def _pause(kind: Any, since: int, until: int | None, *invoices: Any) -> Pause:
    end = on_day(until, 12) if until is not None else None
    return Pause(kind, on_day(since, 12), end, ids(invoices) if invoices else None)


def test_a_debit_in_process_keeps_from_suspending() -> None:
    """Begun on day 13, still in process on day 20: notice is not even shown, and nothing is waited for (R48)."""
    account = told(A, pauses=[_pause("debit", 13, None, A)])
    standing = look(account, on_day(20))
    assert (standing.stage, standing.reminder, standing.suspends_at) == (Stage.NONE, None, None)


def test_paused_days_do_not_count() -> None:
    """Three midnights in a debit that failed: suspended on day 17 instead of 14 (R48)."""
    account = told(A, pauses=[_pause("debit", 5, 8, A)])
    assert look(account, on_day(16, 23)).stage is Stage.NOTICE
    assert look(account, on_day(17)).stage is Stage.BOTH_BARRED
    assert look(account, on_day(10)).reminder is not None  # its day 7


def test_a_pause_within_one_day_costs_nothing() -> None:
    """A debit that failed by the evening moves no day."""
    account = told(A, pauses=[Pause("debit", on_day(5, 9), on_day(5, 20), ids([A]))])
    assert look(account, on_day(14)).stage is Stage.BOTH_BARRED


def test_a_debit_in_process_does_not_lift_a_suspension() -> None:
    """Begun when service was barred already (R48)."""
    account = told(A, pauses=[_pause("debit", 15, None, A)])
    assert look(account, on_day(20)).stage is Stage.BOTH_BARRED


def test_a_pause_covers_its_invoices_only() -> None:
    """B is not paused and goes on by itself (R48)."""
    other = make_invoice("B")
    account = told(A, other, pauses=[_pause("debit", 3, None, A)])
    standing = look(account, on_day(14))
    assert (standing.stage, standing.counted) == (Stage.BOTH_BARRED, (other,))


def test_a_promise_lifts_and_its_end_brings_the_suspension_back() -> None:
    """Lifted from day 16 to 20; then the ladder stands where it stood (R48)."""
    account = told(A, pauses=[_pause("promise", 16, 20, A)])
    assert look(account, on_day(18)).stage is Stage.NONE
    assert look(account, on_day(18)).next_step_at == on_day(20, 12)
    assert look(account, on_day(20, 12)).stage is Stage.BOTH_BARRED


def test_a_hold_covers_everything_even_what_comes_later() -> None:
    """Neither reminded nor suspended; afterwards the days before it count."""
    later = make_invoice("B", due_on=DUE + timedelta(days=4))
    account = told(A, later, pauses=[_pause("hold", 2, 30)])
    assert [look(account, on_day(n)).stage for n in (3, 14, 29)] == [Stage.NONE] * 3
    assert look(account, on_day(3)).reminder is None
    assert look(account, on_day(30, 12)).stage is Stage.NOTICE
    assert look(account, on_day(42)).stage is Stage.BOTH_BARRED  # 2 days before the hold, 12 after it


def test_a_lifted_invoice_that_is_paid_keeps_nobody_suspended() -> None:
    """Paid under a promise, the old suspension does not pass to another overdue invoice."""
    paid = make_invoice("A", balance_minor=0, settled_at=on_day(18))
    other = make_invoice("B", due_on=DUE + timedelta(days=10))
    account = told(paid, other, pauses=[_pause("promise", 15, 25, A)])
    assert look(account, on_day(19)).stage is Stage.NOTICE


def test_manual_suspension_wins_over_everything() -> None:
    """Over an empty account and over a hold, until it ends; both directions."""
    manual = ManualSuspension(on_day(0), on_day(5), "fraud")
    account = Account(suspensions=[manual], pauses=[_pause("hold", -1, None)])
    standing = look(account, on_day(1))
    assert (standing.stage, standing.manual, standing.next_step_at) == (
        Stage.BOTH_BARRED,
        True,
        on_day(5),
    )
    assert "fraud" in standing.why
    assert look(account, on_day(5)).stage is Stage.NONE


# -- stages and policies ----------------------------------------------------------------------------------------


def test_outbound_stage_comes_first_when_the_policy_has_one() -> None:
    """Outbound barred on day 7, both on day 14."""
    policy = Policy(outbound_after_days=7)
    stages = [look(told(A), on_day(n), policy).stage for n in (6, 7, 13, 14)]
    assert stages == [Stage.NOTICE, Stage.OUTBOUND_BARRED, Stage.OUTBOUND_BARRED, Stage.BOTH_BARRED]
    assert look(told(A), on_day(7), policy).next_step_at == on_day(12)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"grace_days": 0}, "grace_days"),
        ({"grace_days": -1}, "grace_days"),
        ({"grace_days": 366}, "grace_days"),
        ({"outbound_after_days": 14}, "outbound_after_days"),
        ({"outbound_after_days": 0}, "outbound_after_days"),
        ({"reminder_days": ()}, "reminder_days"),
        ({"reminder_days": (14,)}, "reminder_days"),
        ({"reminder_days": (3, 3)}, "reminder_days"),
        ({"reminder_days": (7, 3)}, "reminder_days"),
        ({"reminder_days": (-400, 3)}, "reminder_days"),
        ({"reminder_days": tuple(range(-10, 12))}, "reminder_days"),
        ({"outbound_after_days": 3, "reminder_days": (3, 7)}, "reminder_days"),
        ({"smallest_minor": -1}, "smallest_amount_minor"),
    ],
)
def test_policies_without_grace_or_notice_are_refused(values: dict[str, Any], field: str) -> None:
    """The refusal names the field."""
    with pytest.raises(Invalid) as refusal:
        Policy(**values)
    assert refusal.value.field == field


# -- calendar and payment facts ---------------------------------------------------------------------------------


def test_day_and_its_beginning_agree() -> None:
    """At the instant at which day n begins it is day n, a second earlier it is not."""
    calendar = Calendar(NEW_YORK, [_pause("debit", 2, 5, A)])
    for day in (-3, 0, 1, 2, 3, 10):
        begins = calendar.begins(A, day)
        assert begins is not None
        assert calendar.day_of(A, begins) == day
        assert calendar.day_of(A, begins - SECOND) == day - 1


def test_debit_pauses_do_not_depend_on_the_order_of_events() -> None:
    """Processing, failed, processing again, succeeded: two intervals, whichever arrives first."""
    payment, card = PaymentId(new_id()), PaymentId(new_id())
    covered = ids([A])
    facts = [
        Fact(payment, on_day(1), False, covered),
        Fact(payment, on_day(3), True, covered),
        Fact(payment, on_day(5), False, covered),
        Fact(payment, on_day(5), True, covered),
        Fact(card, on_day(2), True, covered),
    ]
    expected = [
        Pause("debit", on_day(1), on_day(3), covered),
        Pause("debit", on_day(5), on_day(5), covered),
    ]
    assert pauses_of(spans_of(facts)) == expected
    assert pauses_of(spans_of([*reversed(facts), *facts])) == expected
    assert pauses_of(spans_of(facts[:1])) == [Pause("debit", on_day(1), None, covered)]


def test_a_reminder_counts_for_every_invoice_it_named() -> None:
    """B was named in A's reminder: it was told of."""
    other = make_invoice("B", due_on=DUE)
    sent = ReminderSent(A.invoice_id, 7, on_day(7), ids([A, other]))
    paid = make_invoice("A", balance_minor=0, settled_at=on_day(8))
    assert look(Account(invoices=[paid, other], reminders=[sent]), on_day(14)).stage is Stage.BOTH_BARRED
