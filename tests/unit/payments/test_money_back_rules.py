"""Pure rules of money that goes back, of instalments, and of comparing two books: by property."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain import payment_plans, reconciliation, refunds
from services.payments.domain.disputes import (
    Dispute,
    DisputeState,
    decision_entry,
    state_of,
    withdrawal_entry,
)
from services.payments.domain.payment_plans import PaymentPlan, equal_parts
from services.payments.domain.payments import Payment, Share
from services.payments.domain.reconciliation import Books, Charge, Given, compare
from services.payments.domain.refunds import RefundState
from shared.errors import Invalid
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId
from shared.journal import JournalEntry
from shared.money import Currency
from tests.unit.payments.test_rules import payment

T = datetime(2026, 11, 1, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def paid(shares: Sequence[int], over: int = 0) -> Payment:
    made = tuple(Share(InvoiceId(UUID(int=n)), f"KV-{n}", amount) for n, amount in enumerate(shares))
    return replace(payment(), shares=made, amount_minor=sum(shares) + over, received_minor=sum(shares) + over)


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=5),
    st.integers(0, 500),
    st.lists(st.integers(1, 10_000), max_size=8),
)
def test_what_leaves_a_payment_never_leaves_an_invoice_twice(
    shares: list[int], over: int, amounts: list[int]
) -> None:
    """Refund after refund: each invoice gives at most what it was paid, and over-payment comes last."""
    made = paid(shares, over)
    before: list[tuple[Share, ...]] = []
    left = sum(shares) + over
    for amount in (min(amount, left) for amount in amounts):
        taken = refunds.taken_from(made, before, amount)
        gone = sum(one.amount_minor for group in before for one in group)
        assert sum(one.amount_minor for one in taken) == min(amount, sum(shares) - gone)
        before.append(taken)
        left -= amount
    for share in made.shares:
        given_back = [
            one.amount_minor for group in before for one in group if one.invoice_id == share.invoice_id
        ]
        assert sum(given_back) <= share.amount_minor


@given(st.integers(1, 10_000_000), st.integers(2, 36), st.sampled_from([1, 10]))
def test_instalments_are_equal_with_the_remainder_in_the_first(total: int, count: int, step: int) -> None:
    """R51. They sum to the whole, all but the first are one amount in whole steps, the first is at least that."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(count)]
    if total // count // step == 0:
        with pytest.raises(Invalid, match="more instalments"):
            equal_parts(total, days, step_minor=step)
        return
    amounts = [part.amount_minor for part in equal_parts(total, days, step_minor=step)]
    assert sum(amounts) == total
    assert len(set(amounts[1:])) == 1
    assert amounts[1] % step == 0
    assert 0 <= amounts[0] - amounts[1] < count * step


def plan(total: int, days: Sequence[date]) -> PaymentPlan:
    return PaymentPlan(
        provider_id=ProviderId(UUID(int=1)),
        tenant_id=TenantId(UUID(int=2)),
        plan_id=uuid4(),
        request_id="plan-0001",
        fingerprint="",
        currency=Currency("USD"),
        invoice_ids=(InvoiceId(UUID(int=3)),),
        total_minor=total,
        parts=equal_parts(total, days),
        state="agreed",
        by="ann",
        agreed_at=T,
    )


@given(st.integers(100, 100_000), st.integers(2, 8), st.integers(0, 120_000), st.integers(0, 60))
def test_what_is_paid_and_what_is_due_agree(total: int, count: int, remaining: int, day: int) -> None:
    """Paid parts sum to what is no longer owed; what is due and what is paid never pass what was agreed by that day."""
    days = [date(2026, 11, 1) + timedelta(days=7 * n) for n in range(count)]
    made, today = plan(total, days), date(2026, 11, 1) + timedelta(days=day)
    left = min(remaining, total)
    paid_now = payment_plans.paid_parts(made, left)
    assert sum(paid_now) == total - left
    due = payment_plans.due_minor(made, left, today)
    agreed = sum(part.amount_minor for part in made.parts if part.due_on <= today)
    assert due == max(0, agreed - sum(paid_now))
    assert payment_plans.is_broken(made, left, today) == (
        payment_plans.due_minor(made, left, today - timedelta(days=1)) > 0
    )
    following = payment_plans.next_part(made, left)
    assert (following is None) == (left == 0)


def test_a_day_begins_and_ends_at_the_tenants_midnight() -> None:
    """Across the end of daylight saving time: 4:00 UTC on October 31, 5:00 UTC on November 2."""
    made = plan(1000, [date(2026, 10, 31), date(2026, 11, 2)])
    assert payment_plans.next_step(made, 1000, T, NEW_YORK) == datetime(2026, 10, 31, 4, tzinfo=UTC)
    tried = replace(made, parts=tuple(replace(one, tried=True) for one in made.parts))
    assert payment_plans.next_step(tried, 500, T, NEW_YORK) == datetime(2026, 11, 3, 5, tzinfo=UTC)


@given(st.permutations([state for state in RefundState if state is not RefundState.CREATED]))
def test_reports_of_a_refund_come_to_one_end_in_any_order(reports: list[RefundState]) -> None:
    """Whatever comes first: a failure is the last word."""
    state = RefundState.SUBMITTED
    for report in reports:
        if refunds.may_become(state, report):
            state = report
    assert state is RefundState.FAILED


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [
        ("needs_response", "card", DisputeState.OPENED),
        ("under_review", "card", DisputeState.OPENED),
        ("won", "card", DisputeState.WON),
        ("lost", "card", DisputeState.LOST),
        ("lost", "us_bank_account", DisputeState.RETURNED),
        ("needs_response", "sepa_debit", DisputeState.RETURNED),
        ("warning_needs_response", "card", None),
        ("prevented", "card", None),
    ],
)
def test_a_disputes_status_in_our_words(status: str, kind: str, state: DisputeState | None) -> None:
    """An inquiry moves no money; a bank debit's dispute is a return."""
    assert state_of(status, kind) is state


def charge(number: int, amount: int) -> Charge:
    return Charge(f"ch_{number}", f"pi_{number}", amount, "USD", T)


def refund(number: int, amount: int, state: str = "succeeded") -> Given:
    return Given(f"re_{number}", f"pi_{number}", amount, "USD", state, T)


@given(
    st.dictionaries(st.integers(0, 30), st.integers(1, 10_000), max_size=20),
    st.sets(st.integers(0, 30)),
    st.sets(st.integers(0, 30)),
    st.sets(st.integers(0, 30)),
)
def test_exactly_what_differs_is_listed(
    amounts: dict[int, int], not_ours: set[int], not_theirs: set[int], changed: set[int]
) -> None:
    """Leave some out on each side, change some: each is one exception of its kind, and nothing else is."""
    not_theirs -= not_ours
    changed -= not_ours | not_theirs
    theirs = Books(
        charges=[charge(n, a) for n, a in amounts.items() if n not in not_theirs],
        refunds=[refund(n, a) for n, a in amounts.items() if n not in not_theirs],
    )
    ours = Books(
        charges=[charge(n, a + (n in changed)) for n, a in amounts.items() if n not in not_ours],
        refunds=[
            refund(n, a, "pending" if n in changed else "succeeded")
            for n, a in amounts.items()
            if n not in not_ours
        ],
    )
    found = sorted((one.kind, one.stripe_id) for one in compare(theirs, ours))
    wanted = []
    for what, mark in (("charge", "ch"), ("refund", "re")):
        wanted += [(f"{what}_unknown", f"{mark}_{n}") for n in amounts if n in not_ours]
        wanted += [(f"{what}_missing", f"{mark}_{n}") for n in amounts if n in not_theirs]
        wanted += [(f"{what}_differs", f"{mark}_{n}") for n in amounts if n in changed]
    assert found == sorted(wanted)
    assert reconciliation.compare(ours, ours) == []


@pytest.mark.parametrize(("refunded", "funds"), [(0, 10000), (4000, 6000), (10000, 0)])
def test_a_bank_that_takes_refunded_money_takes_the_providers(refunded: int, funds: int) -> None:
    """What the tenant has been given back is no longer its funds; won gives each part back to where it came from."""
    dispute = Dispute(
        provider_id=ProviderId(UUID(int=1)),
        tenant_id=TenantId(UUID(int=2)),
        dispute_id=UUID(int=3),
        payment_id=PaymentId(UUID(int=4)),
        account="",
        stripe_dispute="dp_1",
        state=DisputeState.OPENED,
        amount_minor=10000,
        fee_minor=1500,
        currency=Currency("USD"),
        reason="fraudulent",
        shares=(),
        opened_at=T,
        refunded_minor=refunded,
    )
    opened = _by_account(withdrawal_entry(dispute, T))
    assert opened.get("tenant_funds", 0) == funds
    assert opened.get("chargebacks", 0) == refunded
    assert opened["stripe_clearing"] == -11500
    won = decision_entry(replace(dispute, state=DisputeState.WON), 1500, T)
    assert won is not None
    back = _by_account(won)
    assert (back.get("tenant_funds", 0), back.get("chargebacks", 0)) == (-funds, -refunded)
    assert back["stripe_clearing"] == 10000


def _by_account(entry: JournalEntry) -> dict[str, int]:
    totals: dict[str, int] = {}
    for one in entry.postings:
        totals[one.account] = totals.get(one.account, 0) + one.amount.minor
    assert sum(totals.values()) == 0
    return totals
