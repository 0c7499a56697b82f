"""Who is left alone, and what bars: disputes, debits, plans, quiet days, limits, lost events."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.suspension.adapters.holidays_of import WORKING_DAYS, check_place
from services.suspension.domain.account import Account, Invoice, Pause, Stage, ids
from services.suspension.domain.days import Calendar
from services.suspension.domain.ladder import evaluate
from services.suspension.domain.policy import Policy, preset
from services.suspension.entrypoints.consumers import HANDLERS
from services.suspension.use_cases.foresee_suspensions import foresee_suspensions
from shared.errors import Invalid
from shared.events import invoicing, payments, suspension
from shared.events.envelope import Envelope, Event
from shared.ids import EventId, PaymentId, derived_id, new_id
from tests.unit.suspension.builders import (
    NEW_YORK,
    PROVIDER,
    TENANT,
    invoice_event,
    invoice_id,
    local,
    look,
    make_invoice,
    on_day,
    opened,
    reminded,
    told,
)
from tests.unit.suspension.fakes import FakeWork, settle

A = make_invoice("KV-0")


async def hear(work: FakeWork, event: Event, day: int, hour: int = 9) -> None:
    at = on_day(day, hour)
    envelope = Envelope.of(event, event_id=EventId(new_id()), source="test", time=at, sent_at=at)
    handle: Any = HANDLERS[type(event)]
    await handle(work, event, envelope)


async def live(work: FakeWork, first: int, last: int, truth: list[Invoice] | None = None) -> None:
    """Looks at each midnight of the ladder's days."""
    for day in range(first, last + 1):
        work.at = max(work.at, on_day(day))
        await settle(work, TENANT, truth)


async def stage(work: FakeWork) -> Stage:
    row = await work.standings.get(TENANT)
    assert row is not None
    return row.stage


async def owing(until_day: int, policy: Policy | None = None) -> FakeWork:
    """A tenant with one unpaid invoice, watched up to a day."""
    work = FakeWork(at=on_day(-14))
    if policy is not None:
        await work.policies.keep(PROVIDER, None, policy, work.at)
    await hear(work, opened(), -30)
    await hear(work, invoice_event(name="KV-0"), -14)
    await live(work, -14, until_day)
    return work


def payment(kind: Any, **values: Any) -> Any:
    fields: dict[str, Any] = {
        "provider_id": PROVIDER,
        "tenant_id": TENANT,
        "payment_id": PaymentId(derived_id("p")),
        "amount_minor": 10_000,
        "currency": "USD",
        "method": payments.MethodShown(method_id=None, kind="us_bank_account", brand="", last4="6789"),
        "allocations": (
            payments.Allocation(invoice_id=invoice_id("KV-0"), number="KV-0", amount_minor=10_000),
        ),
    }
    return kind(**{**fields, **values})


def plan(kind: Any, day: int, **values: Any) -> Any:
    return kind(
        provider_id=PROVIDER,
        tenant_id=TENANT,
        payment_plan_id=derived_id("plan-of-payments"),
        currency="USD",
        invoice_ids=(invoice_id("KV-0"),),
        instalments=(payments.Instalment(due_on=date(2026, 4, 15), amount_minor=10_000),),
        at=on_day(day, 9),
        **values,
    )


# -- left alone -------------------------------------------------------------------------------------------------------


async def test_a_debit_in_process_is_left_alone() -> None:
    """Day 14 comes and goes; the debit fails on day 20; its days did not count."""
    work = await owing(10)
    await hear(work, payment(payments.PaymentProcessing, trigger="pay_now", at=on_day(10, 9)), 10)
    await live(work, 11, 20)
    assert await stage(work) is not Stage.BOTH_BARRED
    failed = payment(payments.PaymentFailed, trigger="pay_now", at=on_day(20, 9), reason="no_funds")
    await hear(work, failed, 20)
    await live(work, 21, 23)
    assert await stage(work) is Stage.NOTICE
    await live(work, 24, 24)
    assert await stage(work) is Stage.BOTH_BARRED


async def test_a_kept_plan_is_left_alone_and_lifts_a_suspension() -> None:
    """R48: a plan lifts; broken, the ladder stands where it stood."""
    work = await owing(15)
    assert await stage(work) is Stage.BOTH_BARRED
    work.at = on_day(15, 9)
    await hear(work, plan(payments.PaymentPlanAgreed, 15, by="pat"), 15)
    assert await stage(work) is Stage.NONE
    await live(work, 16, 40)
    assert await stage(work) is Stage.NONE
    await hear(work, plan(payments.PaymentPlanBroken, 40), 40)
    await live(work, 41, 41)
    assert await stage(work) is Stage.BOTH_BARRED


async def test_an_open_dispute_is_left_alone_whoever_tells_first() -> None:
    """Paid on day 2, charged back on day 60: paused until it is decided, then the ladder goes on from day 2."""
    dispute = payment(
        payments.PaymentDisputed, dispute_id=uuid4(), state="opened", fee_minor=0, at=on_day(60, 9)
    )
    reopened = invoice_event(invoicing.InvoiceReopened, "KV-0", why="disputed")
    for first, second in ((dispute, reopened), (reopened, dispute)):
        work = await owing(2)
        await hear(work, invoice_event(invoicing.InvoicePaid, "KV-0", paid=10_000), 2)
        await live(work, 3, 60)
        await hear(work, first, 60)
        await settle(work, TENANT)
        assert not (await stage(work)).barred
        await hear(work, second, 60)
        await live(work, 61, 90)
        assert not (await stage(work)).barred
        lost = dispute.model_copy(update={"state": "lost", "at": on_day(90, 9)})
        await hear(work, lost, 90)
        await live(work, 91, 101)
        # Days 1 and 2 counted before the payment; 12 more bar, the first of them being day 91.
        assert not (await stage(work)).barred
        await live(work, 102, 102)
        assert await stage(work) is Stage.BOTH_BARRED


async def test_a_returned_debit_counts_at_once_but_the_paid_days_do_not() -> None:
    """Final, so no pause; and what was told before the payment is told again."""
    work = await owing(12)
    await hear(work, invoice_event(invoicing.InvoicePaid, "KV-0", paid=10_000), 12)
    await live(work, 13, 50)
    await hear(work, invoice_event(invoicing.InvoiceReopened, "KV-0", why="returned"), 50)
    reminders = sum(isinstance(event, suspension.ReminderDue) for event in work.emitted)
    await live(work, 51, 51)
    assert await stage(work) is Stage.NOTICE
    assert sum(isinstance(event, suspension.ReminderDue) for event in work.emitted) == reminders + 1
    await live(work, 52, 53)
    assert await stage(work) is Stage.BOTH_BARRED


def test_debit_and_dispute_lift_only_where_the_policy_says_so() -> None:
    """R48: normally they pause, and leave a suspension as it is."""
    for kind in ("debit", "dispute"):
        pause = Pause(kind, on_day(20), None, ids([A]))
        account = told(A, pauses=[pause])
        assert look(account, on_day(21)).stage is Stage.BOTH_BARRED
        lifting = Policy(debit_lifts=True, dispute_lifts=True)
        assert look(account, on_day(21), lifting).stage is Stage.NONE


# -- the truth --------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=3, max_size=3), st.integers(-10, 30))
def test_who_has_paid_is_never_suspended_whatever_was_lost(arrives: list[bool], paid_on: int) -> None:
    """Invoicing knows of the payment; its events may all be lost. Without its word nobody is barred."""

    async def run() -> None:
        work = FakeWork(at=on_day(-14))
        await hear(work, opened(), -30)
        await hear(work, invoice_event(name="KV-0"), -14)
        paid = invoice_event(invoicing.InvoicePaid, "KV-0", paid=10_000)
        for day in range(-14, 60):
            work.at = on_day(day)
            if day == paid_on + 1 and arrives[0]:
                await hear(work, paid, day)
            truth = [] if day > paid_on else [A]
            await settle(work, TENANT, truth)
            if day > max(paid_on, 14):
                assert not (await stage(work)).barred
        barred = any(isinstance(event, suspension.TenantSuspended) for event in work.emitted)
        assert barred == (paid_on >= 14)

    asyncio.run(run())


async def test_a_lost_payment_ends_a_suspension_at_the_next_look_at_the_truth() -> None:
    """Barred tenants are asked about now and then."""
    work = await owing(14)
    assert await stage(work) is Stage.BOTH_BARRED
    row = await work.standings.get(TENANT)
    assert row is not None
    assert row.truth_due_at == work.at + timedelta(seconds=120)
    work.at += timedelta(seconds=121)
    await settle(work, TENANT, [])
    assert await stage(work) is Stage.NONE
    assert work.trail()[-1].action == "restored"
    assert "corrected" in [entry.action for entry in work.trail()]


async def test_a_credit_note_of_an_unknown_invoice_asks_invoicing() -> None:
    """It came before the invoice, whose event may be lost."""
    work = FakeWork(at=on_day(1))
    await hear(work, opened(), -30)
    note = invoicing.CreditNoteIssued(
        provider_id=PROVIDER,
        tenant_id=TENANT,
        credit_note_id=uuid4(),
        number="CN-1",
        invoice_id=invoice_id("KV-0"),
        invoice_number="KV-0",
        currency="USD",
        amount_minor=10_000,
        tax_minor=0,
        used_for={"open_balance": 10_000},
        balance_minor=0,
        reason="mistake",
        issued_on=date(2026, 3, 16),
    )
    await hear(work, note, 1)
    row = await work.standings.get(TENANT)
    assert row is not None
    assert row.truth_due_at == work.at
    await hear(work, invoice_event(name="KV-0"), -14)
    await hear(work, note, 2)
    account = await work.ledger.account(TENANT)
    assert not account.invoices[0].is_open


# -- days ---------------------------------------------------------------------------------------------------------------


def test_nobody_is_barred_on_a_quiet_day() -> None:
    """March 29, 2026 is a Sunday; Monday is a date of the provider's own: Tuesday it is."""
    policy = Policy(quiet_weekends=True, quiet_dates=(date(2026, 3, 30),))
    assert look(told(A), on_day(14), policy).stage is Stage.NOTICE
    assert look(told(A), on_day(13), policy).suspends_at == on_day(16)
    assert look(told(A), on_day(15), policy).next_step_at == on_day(16)
    assert look(told(A), on_day(16), policy).stage is Stage.BOTH_BARRED


def test_holidays_are_the_countrys_or_the_regions() -> None:
    """July 3 and 4, 2026 (observed, and a Saturday) and a holiday that only Bavaria has."""
    invoice = make_invoice("B", due_on=date(2026, 6, 19))
    policy = Policy(holidays="US-NY", quiet_weekends=True)
    # Day 14 is Friday, July 3: it waits until Monday.
    eve = local(date(2026, 7, 2), 12)
    assert evaluate(Policy(), told(invoice), eve, NEW_YORK).suspends_at == local(date(2026, 7, 3))
    standing = evaluate(policy, told(invoice), eve, NEW_YORK, WORKING_DAYS)
    assert standing.suspends_at == local(date(2026, 7, 6))
    calendar = Calendar(NEW_YORK, (), policy, WORKING_DAYS)
    assert [calendar.is_quiet(date(2026, 7, day)) for day in (2, 3, 4, 5, 6)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert WORKING_DAYS.is_holiday("DE-BY", date(2026, 1, 6))
    assert not WORKING_DAYS.is_holiday("DE-BE", date(2026, 1, 6))


def test_business_days_leave_weekends_out() -> None:
    """Due on Sunday March 15: five business days later it is Friday, fourteen of them end on April 2."""
    policy = Policy(counting="business")
    calendar = Calendar(NEW_YORK, (), policy)
    assert calendar.begins(A, 5) == on_day(5)
    assert calendar.begins(A, 6) == on_day(8)
    assert calendar.begins(A, 14) == on_day(18)
    assert calendar.day_of(A, on_day(7, 12)) == 5
    assert calendar.begins(A, -3) == on_day(-5)
    assert [calendar.day_of(A, on_day(n)) for n in (-5, -4, -3, 0)] == [-3, -2, -1, 0]


@given(st.integers(-10, 60), st.booleans())
def test_a_day_begins_when_it_is_that_day(day: int, holidays: bool) -> None:
    """In business days as well, for every counted day."""
    policy = Policy(counting="business", holidays="US" if holidays else None)
    calendar = Calendar(NEW_YORK, (), policy, WORKING_DAYS)
    begins = calendar.begins(A, day)
    assert begins is not None
    assert calendar.day_of(A, begins) == day


@pytest.mark.parametrize("place", ["XX", "us", "US-XX", "", "US-", "nowhere"])
def test_places_without_known_holidays_are_refused(place: str) -> None:
    """Not silently taken for a country without holidays."""
    with pytest.raises(Invalid):
        check_place(place)


def test_presets_are_policies_that_hold() -> None:
    """Each is a policy like any other; none is in force unless it is asked for."""
    for jurisdiction in ("US", "EU", "UK"):
        policy = preset(jurisdiction, "DE")
        assert policy.holidays is not None
        check_place(policy.holidays)
        assert policy.reminder_days[0] < policy.first_barred_day < (policy.terminate_after_days or 0)
    assert preset("EU", "DE").outbound_after_days == 14
    with pytest.raises(Invalid) as refusal:
        Policy(terminate_after_days=14)
    assert refusal.value.field == "terminate_after_days"


# -- the last stage, limits, looking ahead ----------------------------------------------------------------------------


async def test_the_end_of_the_contract_is_proposed_once_and_never_done() -> None:
    """On day 30; paying takes the proposal back, and a new suspension can be proposed again."""
    work = await owing(35, Policy(terminate_after_days=30))
    proposed = [event for event in work.emitted if isinstance(event, suspension.TerminationProposed)]
    assert len(proposed) == 1
    assert await stage(work) is Stage.BOTH_BARRED
    row = await work.standings.get(TENANT)
    assert row is not None
    assert row.termination_proposed_at == on_day(30)
    await hear(work, invoice_event(invoicing.InvoicePaid, "KV-0", paid=10_000), 35)
    row = await work.standings.get(TENANT)
    assert row is not None
    assert row.termination_proposed_at is None


async def test_looking_ahead_says_who_and_when() -> None:
    """Twelve days past due: in two days. Not who promised, not who is barred already."""
    work = await owing(12)
    (found,) = await foresee_suspensions(work, PROVIDER, 7)
    assert (found.tenant_id, found.at, found.owed_minor) == (TENANT, on_day(14), 10_000)
    assert found.reminded == 5
    assert await foresee_suspensions(work, PROVIDER, 1) == []
    await live(work, 13, 14)
    assert await foresee_suspensions(work, PROVIDER, 7) == []


def test_the_smallest_amount_counts_for_what_is_foreseen_too() -> None:
    """Nothing leads to a barring below it."""
    small = replace(A, balance_minor=300)
    account = Account(invoices=[small], reminders=[reminded(small)])
    assert look(account, on_day(5), Policy(smallest_minor=500)).suspends_at is None
