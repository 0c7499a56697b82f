"""A debit, a dispute or a plan under way leaves the tenant alone, also when nobody heard of it."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.suspension.adapters.truth import HttpTruth
from services.suspension.domain.account import Account, Fact, FactKind, Pause, Stage, ids
from services.suspension.domain.invoices import still_owed
from services.suspension.domain.on_its_way import corrections
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.show_standing import show_standing
from shared.errors import Unavailable
from shared.events import payments
from shared.ids import derived_id
from tests.unit.suspension.builders import (
    PROVIDER,
    TENANT,
    invoice_id,
    local,
    look,
    make_invoice,
    on_day,
    reminded,
)
from tests.unit.suspension.fakes import settle
from tests.unit.suspension.test_fair_ladder import A, hear, live, owing, payment, stage

DEBIT = Fact(derived_id("p"), on_day(13, 10), False, ids([A]))


# -- what comes between a day of the ladder and its barring -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["debit", "dispute"])
def test_what_begins_on_a_quiet_day_keeps_the_barring_away(kind: Any) -> None:
    """Day 14 is Saturday March 28; the tenant pays on it by bank debit: Monday comes and bars nobody."""
    invoice = make_invoice(due_on=date(2026, 3, 14))
    policy = Policy(quiet_weekends=True)

    def at(day: int, until: datetime | None) -> Any:
        pause = Pause(kind, local(date(2026, 3, 28), 10), until, ids([invoice]))
        account = Account([invoice], [pause], (), [reminded(invoice)])
        return look(account, local(date(2026, 3, day), 12), policy)

    assert [at(day, None).stage for day in (28, 30, 31)] == [Stage.NONE] * 3
    assert at(28, None).suspends_at is None
    # Over on Monday noon: barred at the next midnight.
    over = local(date(2026, 3, 30), 12)
    assert at(28, over).suspends_at == local(date(2026, 3, 31))
    assert [at(day, over).stage for day in (30, 31)] == [Stage.NOTICE, Stage.BOTH_BARRED]


def test_what_begins_while_a_late_notice_runs_keeps_the_barring_away() -> None:
    """Told on day 20 in the morning, paid by debit in the evening: the midnight after it bars nobody."""
    debit = Pause("debit", on_day(20, 20), None, ids([A]))
    account = Account([A], [debit], (), [reminded(A, 20, on_day(20, 9))])
    assert not look(account, on_day(21, 12)).stage.barred
    assert look(Account([A], (), (), account.reminders), on_day(21, 12)).stage.barred


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-5, 40),
    st.integers(1, 20),
    st.integers(-3, 25),
    st.booleans(),
    st.sampled_from(["debit", "dispute", "plan", "promise"]),
    st.integers(0, 23),
)
def test_who_is_not_barred_when_it_begins_is_not_while_it_lasts(
    begins: int, grace: int, told: int, quiet: bool, kind: Any, hour: int
) -> None:
    """Whatever the policy and whenever the notice came."""
    policy = Policy(grace_days=grace, reminder_days=(-3,), quiet_weekends=quiet)
    since = on_day(begins, hour)
    reminder = [reminded(A, told, on_day(told, 9))]
    before = Account([A], (), (), [one for one in reminder if one.sent_at <= since])
    if look(before, since, policy).stage.barred:
        return
    pause = Pause(kind, since, None, ids([A]))
    for day in range(begins, begins + 60):
        account = Account([A], [pause], (), [one for one in reminder if one.sent_at <= on_day(day, 23)])
        assert not look(account, on_day(day, 23), policy).stage.barred


# -- an event of payments that was lost ---------------------------------------------------------------------------------


async def test_a_debit_that_nobody_heard_of_is_asked_for() -> None:
    """Its event was lost; payments says so on day 14: left alone, counted from its beginning, written down."""
    work = await owing(13)
    work.at = on_day(14)
    await settle(work, TENANT, [A], [DEBIT])
    assert not (await stage(work)).barred
    account = await work.ledger.account(TENANT)
    assert [(pause.kind, pause.since, pause.until) for pause in account.pauses] == [("debit", DEBIT.at, None)]
    corrected = [entry for entry in await work.audit.of_tenant(TENANT, 9) if entry.action == "corrected"]
    assert [(one.details["kind"], one.details["since"]) for one in corrected] == [
        ("debit", DEBIT.at.isoformat())
    ]
    await live(work, 15, 20)
    assert not (await stage(work)).barred
    # Its end is told: day 14 comes at the next midnight.
    failed = payment(
        payments.PaymentFailed,
        payment_id=DEBIT.source_id,
        trigger="pay_now",
        at=on_day(20, 9),
        reason="no_funds",
    )
    await hear(work, failed, 20)
    await live(work, 21, 21)
    assert await stage(work) is Stage.BOTH_BARRED


async def test_the_lost_end_of_a_debit_keeps_the_ladder_still_for_an_hour_at_most() -> None:
    """Payments is asked now and then while something of it holds the ladder."""
    work = await owing(13)
    work.at = on_day(13, 9)
    await hear(work, payment(payments.PaymentProcessing, trigger="pay_now", at=on_day(13, 9)), 13)
    row = await work.standings.get(TENANT)
    assert row is not None and row.truth_due_at == work.at + timedelta(seconds=3600)
    work.at = on_day(13, 11)
    await settle(work, TENANT, [A], [])
    account = await work.ledger.account(TENANT)
    assert [(pause.since, pause.until) for pause in account.pauses] == [(on_day(13, 9), on_day(13, 11))]
    work.at = on_day(14)
    await settle(work, TENANT, [A], [])
    assert await stage(work) is Stage.BOTH_BARRED


async def test_a_lost_plan_is_found_while_the_tenant_is_barred() -> None:
    """Agreed, and nobody here heard of it: the next question gives service back."""
    work = await owing(14)
    assert await stage(work) is Stage.BOTH_BARRED
    work.at += timedelta(seconds=121)
    plan = Fact(derived_id("plan"), work.at, False, ids([A]), "plan")
    await settle(work, TENANT, [A], [plan])
    assert await stage(work) is Stage.NONE


async def test_who_pays_before_a_late_decision_is_left_alone() -> None:
    """Nobody could be asked on day 14; on day 15 the tenant pays by debit; then everybody answers again."""
    work = await owing(13)
    late = payment(payments.PaymentProcessing, trigger="pay_now", at=on_day(15, 9))
    work.at = on_day(15, 9)
    await hear(work, late, 15)
    for _ in range(2):
        await settle(work, TENANT, [A])
        assert await stage(work) is Stage.NOTICE
    shown = await show_standing(work, PROVIDER, TENANT)
    assert [pause.kind for pause in shown.pauses] == ["debit"]
    failed = payment(payments.PaymentFailed, trigger="pay_now", at=on_day(16, 9), reason="no_funds")
    work.at = on_day(16, 9)
    await hear(work, failed, 16)
    await settle(work, TENANT, [A])
    assert await stage(work) is Stage.BOTH_BARRED


@st.composite
def told_facts(draw: st.DrawFn) -> list[Fact]:
    kinds: list[FactKind] = ["debit", "dispute", "plan", "paid"]
    one = st.tuples(
        st.sampled_from(kinds),
        st.sampled_from([derived_id(name) for name in "abc"]),
        st.integers(0, 5),
        st.booleans(),
    )
    return [
        Fact(source, on_day(day), ended, ids([A]), kind) for kind, source, day, ended in draw(st.lists(one))
    ]


@given(told_facts(), told_facts(), st.randoms(use_true_random=False))
def test_after_a_correction_exactly_what_payments_says_is_on_its_way(
    facts: list[Fact], said: list[Fact], random: Any
) -> None:
    """Whatever was heard in whatever order; asked once more there is nothing to correct."""
    true = {
        (one.kind, one.source_id): Fact(one.source_id, one.at, False, one.invoice_ids, one.kind)
        for one in said
        if one.kind != "paid"
    }
    kept = [*facts, *corrections(facts, true.values(), at=on_day(6))]
    random.shuffle(kept)
    assert corrections(kept, true.values(), at=on_day(7)) == []
    newest: dict[tuple[str, UUID], bool] = {}
    for fact in sorted(kept, key=lambda one: (one.at, one.ended)):
        newest[fact.kind, fact.source_id] = fact.ended
    under_way = {source for source, ended in newest.items() if not ended and source[0] != "paid"}
    assert under_way == set(true)


# -- asked over HTTP --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.integers(-500, 12_000), st.integers(0, 5_000))
def test_what_payments_captured_is_not_owed(balance: int, collected: int, credited: int) -> None:
    """Never more than invoicing says; nothing when all of it was captured."""
    invoice = make_invoice(balance_minor=balance)
    left = still_owed(invoice, total_minor=balance + credited, collected_minor=collected)
    expected = min(balance, balance + credited - collected)
    assert (left.balance_minor if left else 0) == max(expected, 0)


def _truth(answers: dict[str, Any]) -> HttpTruth:
    def answer(request: httpx.Request) -> httpx.Response:
        body = answers[request.url.host]
        if isinstance(body, Exception):
            raise body
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    return HttpTruth(
        httpx.AsyncClient(transport=httpx.MockTransport(answer)),
        invoicing_url="http://invoicing",
        payments_url="http://payments/",
        internal_token=SecretStr("internal"),
    )


def _row(name: str, balance: int) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice_id(name)),
        "number": name,
        "issued_on": "2026-03-01",
        "due_on": "2026-03-15",
        "total": {"minor": 10_000, "currency": "USD"},
        "balance": {"minor": balance, "currency": "USD"},
        "status": "overdue",
        "collectable": True,
    }


async def test_both_services_are_asked_and_their_answers_joined() -> None:
    """A paid invoice of which invoicing has not heard is not owed; a part of it lowers what is."""
    page = {"invoices": [_row("A", 10_000), _row("B", 10_000), _row("C", 10_000)], "next": None}
    since = "2026-03-20T09:00:00Z"
    collecting = {
        "on_its_way": [
            {
                "kind": "debit",
                "source_id": str(DEBIT.source_id),
                "since": since,
                "invoice_ids": [str(invoice_id("C"))],
            }
        ],
        "collected": [
            {"invoice_id": str(invoice_id("A")), "minor": 10_000},
            {"invoice_id": str(invoice_id("B")), "minor": 4_000},
        ],
    }
    said = await _truth({"invoicing": page, "payments": collecting}).ask(PROVIDER, TENANT)
    assert [(one.number, one.balance_minor) for one in said.owed] == [("B", 6_000), ("C", 10_000)]
    (fact,) = said.on_its_way
    assert (fact.kind, fact.source_id, fact.ended) == ("debit", DEBIT.source_id, False)
    assert (fact.at, fact.invoice_ids) == (datetime.fromisoformat(since), frozenset({invoice_id("C")}))


@pytest.mark.parametrize(
    "wrong", [httpx.ConnectError("away"), httpx.Response(404), httpx.Response(200, json={"hello": 1})]
)
@pytest.mark.parametrize("whose", ["invoicing", "payments"])
def test_either_of_them_away_says_nothing(whose: str, wrong: Any) -> None:
    """Then nobody is barred."""
    answers: dict[str, Any] = {
        "invoicing": {"invoices": [], "next": None},
        "payments": {"on_its_way": [], "collected": []},
    }
    with pytest.raises(Unavailable, match=whose.capitalize()):
        asyncio.run(_truth({**answers, whose: wrong}).ask(PROVIDER, TENANT))
