"""Random subscriptions over random years: whatever was changed when, what was billed is what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.invoicing.domain.agreed import Agreed, FeeSpan
from services.invoicing.domain.books import issue_postings
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.discounts import Discount, until
from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import Billed, FeeOf, UsageOf
from services.invoicing.domain.periods import Span, span_from
from services.invoicing.domain.plans import AddOn, Plan
from services.invoicing.domain.recurring import recurring_lines
from services.invoicing.domain.subscriptions import Timeline, agreed_for, day_of_change, fee_span
from services.invoicing.domain.totals import Minutes, Totals
from services.invoicing.domain.usage_lines import arrears_lines
from shared.errors import Conflict, Invalid
from shared.ids import PlanId, ProviderId, derived_id
from shared.money import Currency, currency, round_half_up

CURRENCIES = [currency(code) for code in ("USD", "EUR", "JPY", "KWD")]
TAX = Tax("Tax", Decimal("8.875"))


def plan(number: int, code: Currency, fee: int, **more: object) -> Plan:
    values: dict[str, object] = {
        "provider_id": ProviderId(derived_id("p")),
        "plan_id": PlanId(derived_id("plan", number)),
        "version": 1,
        "name": f"Plan {number}",
        "billing_model": "flat_rate",
        "currency": code,
        "monthly_fee_minor": fee,
        "included_extensions": 2,
        "included_dids": 1,
        "included_minutes": 0,
        "price_extension": Decimal("12.5"),
        "price_did": Decimal("2.333333"),
        "price_minute": Decimal("0.019"),
        "minimum_seconds": 6,
        "increment_seconds": 6,
        "add_ons": (AddOn("rec", "Recording", Decimal("3.33")),),
    }
    return Plan(**{**values, **more})  # type: ignore[arg-type]


@dataclass
class Row:
    span: Span
    fee: FeeSpan | None
    billed: dict[str, Billed] = field(default_factory=dict)
    totals: Totals | None = None
    invoiced: bool = False


@dataclass
class Play:
    """Bills a subscription as the service does, period by period, in memory."""

    plans: Sequence[Plan]
    anchor: int
    timeline: Timeline
    rows: list[Row] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)

    def agreed(self, row: Row) -> Agreed:
        return agreed_for(self.timeline, row.span, row.fee, self._plan)

    def _plan(self, plan_id: PlanId, version: int) -> Plan:
        return next(one for one in self.plans if (one.plan_id, one.version) == (plan_id, version))

    def begin(self, start: date) -> Row:
        span = span_from(start, self.anchor)
        paid = max((one.fee.until for one in self.rows if one.fee), default=None)
        fee = fee_span(self._plan(*self.timeline.plan_on(start)), span, self.anchor, paid)
        self.rows.append(Row(span, fee))
        return self.rows[-1]

    def invoice(self, ended: Row | None, following: Row | None) -> Draft:
        def make() -> Draft:
            return make_invoice(
                self.plans[0].currency,
                usage=self.usage(ended) if ended else None,
                fee=FeeOf(self.agreed(following), following.billed) if following else None,
                late=[self.usage(one) for one in self.rows if one not in (ended, following)],
                taxes=[TAX],
            )

        made = make()
        assert made == make(), "regenerating gives another invoice"
        assert made.subtotal.minor >= 0
        assert made.subtotal.minor == sum(line.amount.minor for line in made.lines)
        assert sum(one.amount.minor for one in issue_postings(made.subtotal, made.tax)) == 0
        for row in self.rows:
            row.billed = dict(made.billed.get(row.span.start, row.billed))
        self.drafts.append(made)
        return made

    def usage(self, row: Row) -> UsageOf:
        agreed = self.agreed(row)
        totals = row.totals or Totals(0, 0, 0, ())
        return UsageOf(
            row.span,
            agreed.plans[0].what,
            totals,
            row.billed,
            agreed,
            advance=True,
            metered=row.totals is not None,
        )

    def costs(self, row: Row) -> int:
        agreed = self.agreed(row)
        lines = list(recurring_lines(agreed, advance=True).values())
        if row.totals is not None:
            lines += arrears_lines(agreed, row.totals).values()
        return sum(line.amount.minor for line in lines)


@st.composite
def totals(draw: st.DrawFn, revision: int = 1) -> Totals:
    seconds = draw(st.integers(0, 10**6)) * 6
    part = Minutes(
        "standard", "outbound", 9, seconds, 0, seconds, Decimal("0.019"), seconds * Decimal("0.019") / 60
    )
    return Totals(revision, draw(st.integers(0, 9)), draw(st.integers(0, 9)), (part,))


starts = st.dates(date(2019, 1, 1), date(2040, 12, 31))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_billed_is_what_it_costs(data: st.DataObject) -> None:
    """R24, R27, R29: changes of plan and quantity, discounts, late usage and an end: the sum of all invoices."""
    code = data.draw(st.sampled_from(CURRENCIES))
    fees = data.draw(st.lists(st.integers(0, 99999), min_size=3, max_size=3))
    plans = [plan(number, code, fee) for number, fee in enumerate(fees)]
    start, anchor = data.draw(starts), data.draw(st.integers(1, 31))
    percent = data.draw(st.none() | st.integers(1, 100).map(Decimal))
    timeline = Timeline(((start, plans[0].plan_id, 1),), {"rec": ((start, data.draw(st.integers(0, 5))),)})
    if percent is not None:
        ends = until(start, anchor, data.draw(st.none() | st.integers(1, 3)))
        timeline = timeline.with_discount(Discount(UUID(int=1), "Welcome", percent, None, "all", start, ends))
    play = Play(plans, anchor, timeline)
    row = play.begin(start)
    play.invoice(None, row)
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(data.draw(st.integers(0, 2))):
            day = row.span.start + timedelta(days=data.draw(st.integers(0, row.span.days)))
            if data.draw(st.booleans()):
                play.timeline = play.timeline.with_plan(day, data.draw(st.sampled_from(plans)).plan_id, 1)
            else:
                play.timeline = play.timeline.with_add_on("rec", day, data.draw(st.integers(0, 5)))
        row.totals = data.draw(totals())
        following = play.begin(row.span.end)
        play.invoice(row, following)
        if data.draw(st.booleans()):
            row.totals = data.draw(totals(revision=2))
        row = following
    cut = row.span.start + timedelta(days=data.draw(st.integers(1, row.span.days)))
    assert row.fee is not None
    row.span = Span(row.span.start, cut, row.span.month_days)
    row.fee = replace(row.fee, until=cut)
    row.totals = data.draw(totals())
    last = play.invoice(row, None)
    left = sum(one.minor for one in last.surplus)
    invoiced = sum(one.subtotal.minor for one in play.drafts)
    assert sum(play.costs(one) for one in play.rows) == invoiced - left


@given(starts, st.integers(1, 31), st.integers(0, 10**6), st.data())
def test_a_period_billed_in_two_parts_costs_the_same(
    start: date, anchor: int, fee: int, data: st.DataObject
) -> None:
    """R27: the fee up to any day, then the rest, comes to the whole; so do two versions at one price."""
    code = data.draw(st.sampled_from(CURRENCIES))
    one = plan(0, code, fee)
    other = replace(one, version=2)
    span = span_from(start, anchor)
    day = span.start + timedelta(days=data.draw(st.integers(0, span.days)))
    paid = fee_span(one, span, anchor, None)
    assert paid is not None

    def agreed(changes: Sequence[tuple[date, int]], to: date) -> Agreed:
        timeline = Timeline(tuple((at, one.plan_id, version) for at, version in changes))
        return agreed_for(
            timeline, span, replace(paid, until=to), lambda _, version: one if version == 1 else other
        )

    whole = make_invoice(code, fee=FeeOf(agreed([(start, 1)], span.end), {}))
    first = make_invoice(code, fee=FeeOf(agreed([(start, 1)], day), {}))
    rest = make_invoice(code, fee=FeeOf(agreed([(start, 1)], span.end), first.billed[span.start]))
    assert whole.subtotal.minor == first.subtotal.minor + rest.subtotal.minor
    split = make_invoice(code, fee=FeeOf(agreed([(start, 1), (day, 2)], span.end), {}))
    assert whole.subtotal == split.subtotal
    exact = Decimal(fee) * span.share.numerator / span.share.denominator
    assert abs(exact - whole.subtotal.minor) <= Decimal("0.5")


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=6), st.randoms())
def test_the_order_in_which_changes_arrive_does_not_matter(
    changes: list[tuple[int, int]], random: object
) -> None:
    """The last state of a day counts (R23), whatever order rows are read in."""
    start = date(2026, 10, 1)
    plans = [plan(number, CURRENCIES[0], 1000 * number) for number in range(3)]
    by_day = {start + timedelta(days=day): number for day, number in [(0, 0), *changes]}
    rows = [(day, plans[number].plan_id, 1) for day, number in by_day.items()]
    span = span_from(start, 1)
    fee = fee_span(plans[0], span, 1, None)

    def read(order: Sequence[tuple[date, PlanId, int]]) -> Agreed:
        by_id = {one.plan_id: one for one in plans}
        return agreed_for(Timeline(tuple(order)), span, fee, lambda plan_id, _: by_id[plan_id])

    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert read(rows) == read(shuffled)


def test_an_upgrade_on_the_eleventh_of_october_gives_back_21_of_31_days() -> None:
    """R22-R24 by hand: 249.00 - 80.32 back, 499.00 x 21/31 = 338.03 more, on the next invoice."""
    small, large = plan(0, CURRENCIES[0], 24900), plan(1, CURRENCIES[0], 49900)
    start = date(2026, 10, 1)
    play = Play([small, large], 1, Timeline(((start, small.plan_id, 1),)))
    row = play.begin(start)
    play.invoice(None, row)
    play.timeline = play.timeline.with_plan(date(2026, 10, 11), large.plan_id, 1)
    row.totals = Totals(1, 0, 0, ())
    draft = play.invoice(row, play.begin(row.span.end))
    found = [(line.kind, line.amount.minor, line.start, line.end) for line in draft.lines]
    assert found == [
        ("fee", 49900, date(2026, 11, 1), date(2026, 12, 1)),
        ("fee", 33803, date(2026, 10, 11), date(2026, 11, 1)),
        ("proration", 8032 - 24900, date(2026, 10, 11), date(2026, 11, 1)),
    ]


def test_a_yearly_fee_is_billed_once_and_its_usage_monthly() -> None:
    """R20, R22: twelve invoices, one with the fee; a change in the fifth month gives back the rest of 365 days."""
    yearly = plan(0, CURRENCIES[0], 0, monthly_fee_minor=None, yearly_fee_minor=120000)
    dearer = plan(1, CURRENCIES[0], 0, monthly_fee_minor=None, yearly_fee_minor=240000)
    start = date(2027, 1, 31)
    play = Play([yearly, dearer], 31, Timeline(((start, yearly.plan_id, 1),)))
    row = play.begin(start)
    play.invoice(None, row)
    for month in range(12):
        if month == 4:
            play.timeline = play.timeline.with_plan(date(2027, 6, 10), dearer.plan_id, 1)
        row.totals = Totals(1, 3, 0, ())
        following = play.begin(row.span.end)
        play.invoice(row, following)
        row = following
    fees = [
        (number, line.amount.minor, line.kind)
        for number, draft in enumerate(play.drafts)
        for line in draft.lines
        if line.kind in ("fee", "proration")
    ]
    used = round_half_up(Decimal(120000) * 130 / 365)
    rest = round_half_up(Decimal(240000) * 235 / 365)
    assert fees == [
        (0, 120000, "fee"),
        (5, rest, "fee"),
        (5, used - 120000, "proration"),
        (12, 240000, "fee"),
    ]
    counts = [
        sum(line.amount.minor for line in one.lines if line.kind == "extensions") for one in play.drafts
    ]
    assert counts == [0] + [1250] * 12


def test_a_change_is_now_or_at_the_end_and_never_before_the_period() -> None:
    """Issued periods are corrected by notes, not by changes."""
    start, end, today = date(2026, 10, 1), date(2026, 11, 1), date(2026, 10, 11)
    assert day_of_change("now", today, start, end) == today
    assert day_of_change("period_end", today, start, end) == end
    assert day_of_change(date(2026, 10, 3), today, start, end) == date(2026, 10, 3)
    with pytest.raises(Conflict, match="credit note"):
        day_of_change(date(2026, 9, 30), today, start, end)
    with pytest.raises(Invalid, match="choose one of these"):
        day_of_change(date(2026, 10, 20), today, start, end)
