"""The pure function that makes invoices, and what becomes of money afterwards."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.books import issue_postings, payment_postings
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.clock_stops import Standing, next_stop, what_is_open
from services.invoicing.domain.invoices import make_invoice
from services.invoicing.domain.lines import Billed, UsageOf
from services.invoicing.domain.periods import next_anchor, previous_anchor, span_from
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.settlement import Invoice, allocate
from services.invoicing.domain.totals import Minutes, Totals
from services.invoicing.domain.usage_lines import usage_lines
from shared.ids import InvoiceId, PlanId, ProviderId, TenantId, derived_id
from shared.money import Money, currency, round_half_up

USD = currency("USD")
PLAN = Plan(
    provider_id=ProviderId(derived_id("p")),
    plan_id=PlanId(derived_id("plan")),
    version=1,
    name="Professional",
    billing_model="flat_rate",
    currency=USD,
    monthly_fee_minor=24900,
    included_extensions=20,
    included_dids=5,
    included_minutes=3000,
    price_extension=Decimal(12),
    price_did=Decimal("2.5"),
    price_minute=Decimal("0.019"),
    minimum_seconds=6,
    increment_seconds=6,
)
OCTOBER = span_from(date(2026, 10, 1), 1)
NOVEMBER = span_from(date(2026, 11, 1), 1)
TAX = Tax("New York sales tax", Decimal("8.875"))


def minutes(direction: str, charged: int) -> Minutes:
    charge = Decimal(charged) * PLAN.price_minute / 60
    return Minutes("standard", direction, 10, charged + 60, 60, charged, PLAN.price_minute, charge)


seconds = st.integers(0, 10**7).map(lambda n: n * 6)
some_totals = st.builds(
    lambda revision, extensions, dids, outbound, inbound: Totals(
        revision, extensions, dids, (minutes("outbound", outbound), minutes("inbound", inbound))
    ),
    st.integers(1, 9),
    st.integers(0, 60),
    st.integers(0, 60),
    seconds,
    seconds,
)
rates = st.decimals("0", "30", places=3)


def test_the_picture_of_the_design_comes_out_to_the_cent() -> None:
    """249.00 + 24.00 + 2.50 + 11.64 and 8.875 % of it, as in design/ui/03 without the one-time charge."""
    draft = make_invoice(
        USD,
        usage=UsageOf(OCTOBER, PLAN, Totals(1, 22, 6, (minutes("outbound", 36744),)), {}),
        fee=(PLAN, NOVEMBER),
        taxes=[TAX],
    )
    assert [line.amount.minor for line in draft.lines] == [24900, 2400, 250, 1164]
    assert (draft.subtotal.minor, draft.tax.minor, draft.total.minor) == (28714, 2548, 31262)


@given(some_totals, rates)
def test_the_header_is_the_sum_of_rounded_parts_and_the_books_balance(what: Totals, rate: Decimal) -> None:
    """Rules of money: subtotal of lines, one rounding per rate, postings sum to zero."""
    draft = make_invoice(
        USD, usage=UsageOf(OCTOBER, PLAN, what, {}), fee=(PLAN, NOVEMBER), taxes=[Tax("VAT", rate)]
    )
    assert sum(line.amount.minor for line in draft.lines) == draft.subtotal.minor
    assert round_half_up(Decimal(draft.subtotal.minor) * rate / 100) == draft.tax.minor
    assert draft.subtotal + draft.tax == draft.total
    assert sum(posting.amount.minor for posting in issue_postings(draft.subtotal, draft.tax)) == 0


@given(some_totals, st.lists(some_totals, min_size=1, max_size=5))
def test_revisions_bill_the_difference_and_no_invoice_is_negative(
    first: Totals, revisions: list[Totals]
) -> None:
    """After any revisions and enough later invoices, all that was billed is what the newest revision costs (R27, R29)."""
    billed = {
        key: Billed(line.amount.minor, line.quantity)
        for key, line in usage_lines(PLAN, OCTOBER, first).items()
    }
    for what in revisions:
        draft = make_invoice(USD, fee=(PLAN, NOVEMBER), late=[UsageOf(OCTOBER, PLAN, what, billed)])
        assert draft.subtotal.minor >= 0
        billed = dict(draft.billed[OCTOBER.start])
    for _ in range(400):
        draft = make_invoice(USD, fee=(PLAN, NOVEMBER), late=[UsageOf(OCTOBER, PLAN, revisions[-1], billed)])
        billed = dict(draft.billed[OCTOBER.start])
        if len(draft.lines) == 1:
            break
    lines = usage_lines(PLAN, OCTOBER, revisions[-1]).items()
    wanted = {key: line.amount.minor for key, line in lines if line.amount}
    assert wanted == {key: part.minor for key, part in billed.items() if part.minor}


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(1, 31))
def test_periods_run_from_anchor_to_anchor_without_gap(start: date, anchor_day: int) -> None:
    """R22, R55: a span ends on the next anchor, is at most a month, and the one before meets it."""
    span = span_from(start, anchor_day)
    assert start < span.end <= start + timedelta(days=31)
    assert next_anchor(start, anchor_day) == span.end
    assert previous_anchor(span.end, anchor_day) <= start
    assert 0 < span.share <= 1
    assert span_from(span.end, anchor_day).share == 1


def test_a_missing_anchor_day_is_the_months_last() -> None:
    """R55: 31 in February, leap year or not."""
    assert date(2027, 2, 28) == next_anchor(date(2027, 1, 31), 31)
    assert date(2028, 2, 29) == next_anchor(date(2028, 1, 31), 31)
    assert date(2027, 3, 31) == next_anchor(date(2027, 2, 28), 31)


def invoice(number: int, total: int, paid: int = 0) -> Invoice:
    day = date(2026, 10, 1) + timedelta(days=number)
    at = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number)
    return Invoice(
        tenant_id=TenantId(derived_id("t")),
        invoice_id=InvoiceId(derived_id("i", number)),
        provider_id=PLAN.provider_id,
        number=f"KV-2026-{number:05d}",
        currency=USD,
        subtotal_minor=total,
        tax_minor=0,
        total_minor=total,
        paid_minor=paid,
        credit_applied_minor=0,
        issued_at=at,
        issued_on=day,
        due_on=day,
        overdue_at=at + timedelta(days=1),
        collectable=True,
    )


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 20_000)), max_size=5),
)
def test_the_order_of_payments_does_not_matter(totals: list[int], payments: list[tuple[int, int]]) -> None:
    """Whatever the order, the same money is open in all and the same credit is left; nothing is over-paid."""

    def play(order: list[tuple[int, int]]) -> tuple[int, int]:
        invoices = [invoice(number, total) for number, total in enumerate(totals)]
        credit = 0
        for index, amount in order:
            wanted = {invoices[index % len(invoices)].invoice_id: amount}
            parts, surplus = allocate(amount, wanted, [one for one in invoices if one.balance_minor])
            assert amount == sum(parts.values()) + surplus
            postings = payment_postings(Money(amount, USD), Money(amount - surplus, USD))
            assert sum(posting.amount.minor for posting in postings) == 0
            invoices = [
                one.with_paid(parts.get(one.invoice_id, 0), one.issued_at, 50)
                if one.invoice_id in parts
                else one
                for one in invoices
            ]
            assert all(one.balance_minor >= 0 for one in invoices)
            credit += surplus
        return sum(one.balance_minor for one in invoices), credit

    assert play(payments) == play(list(reversed(payments)))


def test_status_is_the_first_that_holds() -> None:
    """R57."""
    early, late = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 9, tzinfo=UTC)
    assert invoice(0, 100).status(early) == "Sent"
    assert invoice(0, 100, 40).status(early) == "Partially Paid"
    assert invoice(0, 100, 40).status(late) == "Overdue"
    assert invoice(0, 100, 100).status(late) == "Paid"
    assert invoice(0, 0).status(early) == "Paid"


@pytest.mark.parametrize(
    ("paid", "status", "collectable"),
    [
        (9950, "Overdue", True),
        (9951, "Partially Paid", False),
        (9999, "Partially Paid", False),
        (10000, "Paid", True),
    ],
)
def test_a_rest_below_the_cards_minimum_is_never_overdue_alone(
    paid: int, status: str, collectable: bool
) -> None:
    """R38 after a part payment as at issue."""
    late = datetime(2026, 10, 9, tzinfo=UTC)
    left = invoice(0, 10000).with_paid(paid, late, 50)
    assert (left.status(late), left.collectable) == (status, collectable)


def test_a_clock_waits_for_every_consumer_and_stops_at_the_next_due_instant() -> None:
    """R53: two consumers, one behind; then the earliest instant, at most the target."""
    now = datetime(2026, 10, 1, tzinfo=UTC)
    due = now + timedelta(hours=3)
    sender = Standing("invoicing", now, {"x": 2}, {}, 0, due)
    behind = Standing("usage", now, {}, {"x": 1}, 0, None)
    done = Standing("usage", now, {}, {"x": 2}, 0, None)

    def hears(_: str) -> tuple[str, ...]:
        return ("usage",)

    assert what_is_open([sender, behind], now, hears) == ["usage has handled 1 of 2 events x"]
    assert what_is_open([sender, done], now, hears) == []
    assert due == next_stop([sender, done], now + timedelta(days=1))
    assert now + timedelta(hours=1) == next_stop([sender, done], now + timedelta(hours=1))
