"""One suite for the fake and the real unit of work, so that the fake may be trusted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.suspension.domain.account import Account, Fact, Invoice, ReminderSent, Stage, ids
from services.suspension.domain.invoices import News
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import (
    AuditEntry,
    Override,
    Provider,
    StandingRow,
    SuspensionWork,
    Tenant,
    Version,
)
from shared.ids import PaymentId, derived_id
from tests.integration.suspension.conftest import Desk
from tests.unit.suspension.builders import (
    NEW_YORK,
    OTHER_PROVIDER,
    PROVIDER,
    TENANT,
    local,
    make_invoice,
    on_day,
)
from tests.unit.suspension.fakes import FakeWork

pytestmark = pytest.mark.integration
Open = Callable[[], AbstractAsyncContextManager[SuspensionWork]]

ACME = Tenant(TENANT, PROVIDER, "Acme", "US", NEW_YORK, "USD", "acme.sip.example", ("acme-1",))
EARLY, LATE = on_day(0), on_day(1)


@pytest.fixture(params=["fake", "real"])
async def open_work(request: pytest.FixtureRequest, desk: Desk) -> Open:
    fake = FakeWork()

    @asynccontextmanager
    async def open_fake() -> AsyncIterator[SuspensionWork]:
        yield fake

    @asynccontextmanager
    async def open_real() -> AsyncIterator[SuspensionWork]:
        async with desk.work() as work:
            yield work

    return open_fake if request.param == "fake" else open_real


def _news(invoice: Invoice, paid_minor: int) -> News:
    return News(invoice, paid_minor, said_at=EARLY, at=EARLY)


async def test_only_what_can_change_something_is_worth_a_look(open_work: Open) -> None:
    """A repeat, and the end of what never began, change nothing; the end of what did begin does, in any order."""
    payment = uuid4()
    begun, ended = Fact(payment, EARLY, False), Fact(payment, LATE, True)
    other = Fact(uuid4(), LATE, True)

    def keep(fact: Fact) -> Callable[[SuspensionWork], Awaitable[bool]]:
        return lambda work: work.ledger.keep_fact(PROVIDER, TENANT, fact)

    assert await _in_turn(open_work, *map(keep, (begun, begun, ended, ended, other))) == [
        *(True, False, True, False),
        False,
    ]
    late = uuid4()
    steps = map(keep, (Fact(late, LATE, True), Fact(late, EARLY, False)))
    assert await _in_turn(open_work, *steps) == [False, True]


async def _in_turn(open_work: Open, *steps: Callable[[SuspensionWork], Awaitable[Any]]) -> list[Any]:
    """Each step in a transaction of its own."""
    answers = []
    for step in steps:
        async with open_work() as work:
            answers.append(await step(work))
    return answers


def _sorted(account: Account) -> Account:
    """The order of rows means nothing."""
    return Account(
        sorted(account.invoices, key=lambda i: i.number),
        sorted(account.pauses, key=lambda p: (p.since, p.kind)),
        list(account.suspensions),
        sorted(account.reminders, key=lambda r: r.day),
    )


async def test_newest_tenant_and_provider_win(open_work: Open) -> None:
    """By the event's time, then by real time; an older state that comes later changes nothing; closed stays."""
    moved = replace(ACME, country="CA", sip_domain="new.sip.example")
    first, second = Provider(PROVIDER, "US", "+1", ()), Provider(PROVIDER, "US", "+2", ("+3",))
    answers = await _in_turn(
        open_work,
        lambda w: w.tenants.close(TENANT, date(2026, 3, 1)),
        lambda w: w.tenants.keep(moved, Version(EARLY, LATE)),
        lambda w: w.tenants.keep(ACME, Version(EARLY, EARLY)),
        lambda w: w.tenants.get(TENANT),
        lambda w: w.tenants.close(TENANT, date(2026, 3, 1)),
        lambda w: w.tenants.keep(ACME, Version(LATE, EARLY)),
        lambda w: w.tenants.get(TENANT),
        lambda w: w.tenants.keep_provider(second, Version(LATE, LATE)),
        lambda w: w.tenants.keep_provider(first, Version(EARLY, LATE)),
        lambda w: w.tenants.provider(PROVIDER),
        lambda w: w.tenants.provider(OTHER_PROVIDER),
    )
    assert [a for a in answers if a is not None] == [False, moved, True, replace(ACME, closed=True), second]


async def test_invoices_only_move_towards_paid(open_work: Open) -> None:
    """Whatever the order, the smallest balance and the first settling stay."""
    issued = make_invoice("A")
    part, paid = replace(issued, balance_minor=4_000), replace(issued, balance_minor=0, settled_at=LATE)
    paid_again = replace(paid, settled_at=EARLY)
    other = make_invoice("B", collectable=False)
    answers = await _in_turn(
        open_work,
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(part, 6_000)),
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(issued, 0)),
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(other, 0)),
        lambda w: w.ledger.account(TENANT),
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(paid, 10_000)),
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(paid_again, 10_000)),
        lambda w: w.ledger.hear_invoice(PROVIDER, TENANT, _news(issued, 0)),
        lambda w: w.ledger.account(TENANT),
    )
    accounts = [_sorted(a).invoices for a in answers if a is not None]
    assert accounts == [[part, other], [paid_again, other]]


async def test_a_rest_below_the_cards_minimum_stays_uncollectable(open_work: Open) -> None:
    """R38: a part payment left less than a card takes; the older news of the issue does not undo it."""
    issued, late = make_invoice("A"), make_invoice("B")
    rest, early = (replace(one, balance_minor=47, collectable=False) for one in (issued, late))
    answers = await _in_turn(
        open_work,
        *(
            lambda w, one=one: w.ledger.hear_invoice(PROVIDER, TENANT, _news(one, 0))
            for one in (issued, rest, early, late)
        ),
        lambda w: w.ledger.account(TENANT),
    )
    assert [_sorted(a).invoices for a in answers if a is not None] == [[rest, early]]


async def test_facts_are_kept_once(open_work: Open) -> None:
    """Payments and reminders told twice are there once; only the first reminder says that it is new."""
    invoice = make_invoice("A")
    begun = Fact(PaymentId(derived_id("p")), EARLY, False, ids([invoice]))
    ended = replace(begun, at=LATE, ended=True)
    sent = ReminderSent(invoice.invoice_id, 3, on_day(3), ids([invoice]))
    answers = await _in_turn(
        open_work,
        lambda w: w.ledger.keep_fact(PROVIDER, TENANT, ended),
        lambda w: w.ledger.keep_fact(PROVIDER, TENANT, begun),
        lambda w: w.ledger.keep_fact(PROVIDER, TENANT, begun),
        lambda w: w.ledger.keep_reminder(PROVIDER, TENANT, sent),
        lambda w: w.ledger.keep_reminder(PROVIDER, TENANT, replace(sent, sent_at=on_day(4))),
        lambda w: w.ledger.account(TENANT),
    )
    assert answers[3:5] == [True, False]
    account = answers[5]
    assert [(p.kind, p.since, p.until) for p in account.pauses] == [("debit", EARLY, LATE)]
    assert account.reminders == [sent]


async def test_a_decision_by_hand_ends_when_it_says_or_is_cut_short(open_work: Open) -> None:
    """Only what holds at the instant is ended or shown; nothing is forgotten."""
    hold = Override(derived_id("h"), TENANT, PROVIDER, "hold", EARLY, on_day(9), None, "why", "pat")
    suspend = replace(hold, override_id=derived_id("s"), kind="suspend", until=None)
    promise = replace(
        hold, override_id=derived_id("p"), kind="promise", until=LATE, invoice_ids=ids([make_invoice("A")])
    )
    answers = await _in_turn(
        open_work,
        lambda w: w.ledger.add_override(hold),
        lambda w: w.ledger.add_override(suspend),
        lambda w: w.ledger.add_override(promise),
        lambda w: w.ledger.end_overrides(TENANT, ["hold", "promise"], on_day(4)),
        lambda w: w.ledger.overrides(TENANT, on_day(5)),
        lambda w: w.ledger.account(TENANT),
    )
    assert answers[3:5] == [1, [suspend]]
    pauses = [(p.kind, p.until, p.invoice_ids) for p in _sorted(answers[5]).pauses]
    assert pauses == [("hold", on_day(4), None), ("promise", LATE, promise.invoice_ids)]
    assert [s.reason for s in answers[5].suspensions] == ["why"]


async def test_policies_standings_and_audit(open_work: Open) -> None:
    """What is kept comes back; a tenant's policy is its own; the trail has the newest first."""
    own, general = Policy(grace_days=20, outbound_after_days=5), Policy(smallest_minor=7, inbound="reject")
    row = StandingRow(TENANT, PROVIDER, Stage.NOTICE, EARLY, "why", LATE, EARLY)
    entries = [
        AuditEntry(EARLY + timedelta(hours=n), LATE, f"step {n}", "pat", "", {"n": n}) for n in range(3)
    ]
    answers = await _in_turn(
        open_work,
        lambda w: w.policies.keep(PROVIDER, None, Policy(), EARLY),
        lambda w: w.policies.keep(PROVIDER, None, general, LATE),
        lambda w: w.policies.keep(PROVIDER, TENANT, own, LATE),
        lambda w: w.policies.of_provider(PROVIDER),
        lambda w: w.policies.of_tenant(PROVIDER, TENANT),
        lambda w: w.policies.drop(PROVIDER, TENANT),
        lambda w: w.policies.drop(PROVIDER, TENANT),
        lambda w: w.policies.of_tenant(PROVIDER, TENANT),
        lambda w: w.standings.keep([replace(row, stage=Stage.NONE)]),
        lambda w: w.standings.keep([row]),
        lambda w: w.standings.all_due_at(PROVIDER, local(date(2026, 5, 1))),
        lambda w: w.standings.all_due_at(OTHER_PROVIDER, EARLY),
        lambda w: w.standings.get(TENANT),
        *((lambda w, e=entry: w.audit.add(PROVIDER, TENANT, e)) for entry in entries),
        lambda w: w.audit.of_tenant(TENANT, 2),
    )
    assert [a for a in answers if a is not None] == [
        general,
        own,
        True,
        False,
        replace(row, next_step_at=local(date(2026, 5, 1))),
        [entries[2], entries[1]],
    ]
