"""Properties: events lost, late, repeated or reordered cannot suspend who has paid nor keep one suspended who has."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.suspension.domain.account import Account, Invoice, Pause, ReminderSent, Stage, ids
from services.suspension.domain.ladder import evaluate
from services.suspension.domain.policy import Policy
from services.suspension.entrypoints.consumers import HANDLERS
from shared.events import invoicing
from shared.events.envelope import Envelope, Event
from shared.ids import EventId, new_id
from tests.unit.suspension.builders import (
    DUE,
    NEW_YORK,
    TENANT,
    invoice_event,
    invoice_id,
    look,
    on_day,
    opened,
    told,
)
from tests.unit.suspension.fakes import FakeWork, settle

DAYS = range(-5, 60)
Told = tuple[Event, datetime]


# -- against a second, simpler way to the answer --------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int | None]]:
    """Invoices as (due day, day on which it was paid at noon or None), days from ``DUE``."""
    due = st.integers(0, 30)
    paid = st.none() | st.integers(-5, 59)
    return draw(st.lists(st.tuples(due, paid), min_size=1, max_size=4))


def _walk(history: Sequence[tuple[int, int | None]]) -> dict[int, bool]:
    """Suspended at noon of each day, by walking the days with a memory: what a person with a calendar would do.

    Barred when the oldest unpaid invoice is 14 days past due; freed when no overdue invoice is left.
    """
    barred, seen = False, {}
    for day in DAYS:
        # Midnight first: steps of the ladder; then noon: payments.
        for half in ("midnight", "noon"):
            unpaid = [
                due
                for due, paid in history
                if paid is None or day < paid or (day == paid and half == "midnight")
            ]
            overdue = [due for due in unpaid if day >= due + 1]
            barred = any(day >= due + 14 for due in overdue) or (barred and bool(overdue))
        seen[day] = barred
    return seen


def _invoices(history: Sequence[tuple[int, int | None]], now: datetime) -> list[Invoice]:
    """What is known of the history at ``now``."""
    invoices = []
    for place, (due, paid) in enumerate(history):
        settled = on_day(paid, 12) if paid is not None and on_day(paid, 12) <= now else None
        invoices.append(
            Invoice(
                invoice_id=invoice_id(str(place)),
                number=str(place),
                issued_on=DUE - timedelta(days=30),
                due_on=DUE + timedelta(days=due),
                balance_minor=0 if settled else 100,
                currency="USD",
                settled_at=settled,
            )
        )
    return invoices


@settings(max_examples=50, deadline=None)
@given(histories())
def test_derivation_equals_walking_the_days(history: list[tuple[int, int | None]]) -> None:
    """The stateless answer of each day is the one of a person who remembers all days before it."""
    for day, expected in _walk(history).items():
        now = on_day(day, 12)
        account = told(*_invoices(history, now))
        assert (look(account, now).stage is Stage.BOTH_BARRED) == expected, day


@settings(deadline=None)
@given(histories(), st.integers(-5, 59), st.integers(0, 23))
def test_nothing_changes_before_the_next_step(
    history: list[tuple[int, int | None]], day: int, hour: int
) -> None:
    """Between now and ``next_step_at`` every instant has the standing of now; a sweep misses nothing."""
    now = on_day(day, hour)
    account = told(*_invoices(history, now))
    standing = look(account, now)
    end = standing.next_step_at or now + timedelta(days=90)
    assert end > now
    for part in range(1, 8):
        between = now + (end - now) * part / 8
        assert look(account, between).stage is standing.stage


@settings(deadline=None)
@given(
    histories(),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15), st.booleans()), max_size=3),
    st.integers(-5, 59),
)
def test_pauses_never_make_it_worse(
    history: list[tuple[int, int | None]], spans: list[tuple[int, int, bool]], day: int
) -> None:
    """Whoever has pauses is never barred where the same tenant without them would not be."""
    now = on_day(day, 12)
    plain = told(*_invoices(history, now))
    pauses = [
        Pause("debit" if debit else "promise", on_day(since, 6), on_day(since + length, 18), None)
        for since, length, debit in spans
    ]
    paused = Account(plain.invoices, pauses, (), plain.reminders)
    if look(paused, now).stage.barred:
        assert look(plain, now).stage.barred


@settings(deadline=None)
@given(histories(), st.integers(-5, 59))
def test_nobody_is_barred_untold(history: list[tuple[int, int | None]], day: int) -> None:
    """Without a reminder on record there is no barring, however old the debt (R46)."""
    now = on_day(day, 12)
    account = Account(invoices=_invoices(history, now))
    assert not evaluate(Policy(), account, now, NEW_YORK).stage.barred


@settings(deadline=None)
@given(st.permutations(range(3)))
def test_the_order_of_facts_means_nothing(order: list[int]) -> None:
    """Rows come from the database in any order."""
    invoices = _invoices([(0, None), (0, None), (5, 16)], on_day(20))
    reminders = [ReminderSent(i.invoice_id, -3, on_day(-3), ids([i])) for i in invoices]
    shuffled = Account([invoices[i] for i in order], (), (), [reminders[i] for i in order])
    assert look(shuffled, on_day(20)) == look(Account(invoices, (), (), reminders), on_day(20))


# -- through the handlers ---------------------------------------------------------------------------------------------


def _story(paid: Sequence[bool]) -> list[Told]:
    """Everything that is said of a tenant and its invoices: opened, issued, overdue, some part-paid and paid."""
    said: list[Told] = [(opened(), on_day(-30))]
    for place, is_paid in enumerate(paid):
        name, due_on = f"KV-{place}", DUE + timedelta(days=2 * place)
        said.append((invoice_event(invoicing.InvoiceIssued, name, due_on=due_on), on_day(-14)))
        said.append((invoice_event(invoicing.InvoiceOverdue, name, due_on=due_on), on_day(1 + 2 * place)))
        if is_paid:
            part = invoice_event(invoicing.InvoicePartiallyPaid, name, due_on=due_on, paid=4_000)
            whole = invoice_event(invoicing.InvoicePaid, name, due_on=due_on, paid=10_000)
            # Both at one instant: a test clock stands still between them.
            said += [(part, on_day(15)), (whole, on_day(15))]
    return said


async def _hear(work: FakeWork, told_events: Sequence[Told]) -> None:
    for event, at in told_events:
        envelope = Envelope.of(event, event_id=EventId(new_id()), source="test", time=at, sent_at=at)
        handle: Any = HANDLERS[type(event)]
        await handle(work, event, envelope)


async def _live(said: Sequence[Told], hours: Sequence[int]) -> FakeWork:
    """Hears each event at its hour after day -14, whatever its own time, sweeping on the way to day 45."""
    work = FakeWork(at=on_day(-14))
    arrivals = sorted(zip(hours, range(len(said)), strict=True))
    for hour in range(0, 24 * 59, 24):
        work.at = on_day(-14) + timedelta(hours=hour)
        while arrivals and arrivals[0][0] <= hour:
            await _hear(work, [said[arrivals.pop(0)[1]]])
        await settle(work, TENANT)
    return work


async def _stage(work: FakeWork) -> Stage:
    row = await work.standings.get(TENANT)
    assert row is not None
    return row.stage


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=3), st.data())
def test_late_repeated_and_reordered_events_end_in_the_same_standing(
    paid: list[bool], data: st.DataObject
) -> None:
    """Every event at least once, in any order and at any time: suspended exactly who has not paid."""
    said = _story(paid)
    repeats = data.draw(st.lists(st.sampled_from(said), max_size=5))
    said = [*said, *repeats]
    hours = data.draw(st.lists(st.integers(0, 24 * 40), min_size=len(said), max_size=len(said)))
    work = asyncio.run(_live(said, hours))
    expected = Stage.NONE if all(paid) else Stage.BOTH_BARRED
    assert asyncio.run(_stage(work)) is expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.just(True), min_size=1, max_size=3), st.data())
def test_lost_events_cannot_suspend_who_has_paid(paid: list[bool], data: st.DataObject) -> None:
    """Of all that was said only the payments' events arrived, the others perhaps, in any order: never suspended."""
    said = _story(paid)
    needed = [e for e in said if isinstance(e[0], invoicing.InvoicePaid | invoicing.TenantOpened)]
    others = [e for e in said if e not in needed]
    kept = [e for e in others if data.draw(st.booleans())]
    order = data.draw(st.permutations([*needed, *kept]))
    work = asyncio.run(_live(order, [0] * len(order)))
    assert asyncio.run(_stage(work)) is Stage.NONE
    kinds = {event.TYPE for event in work.emitted}
    assert "suspension.tenant.suspended.v1" not in kinds


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 24 * 58), st.integers(1, 4))
def test_sweeping_again_says_nothing_more(hour: int, times: int) -> None:
    """At any instant, looking again emits, audits and tells the gate nothing."""
    work = asyncio.run(_live(_story([False]), [0, 0, 0]))
    work.at = on_day(-14) + timedelta(hours=hour)
    asyncio.run(settle(work, TENANT))
    before = len(work.emitted), len(work.told)
    for _ in range(times):
        asyncio.run(settle(work, TENANT))
    assert (len(work.emitted), len(work.told)) == before
