"""Tiers, discounts, commitments, counts by day, and what a plan refuses."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.agreed import agreed, whole_fee
from services.invoicing.domain.discounts import Discount, discounted, until
from services.invoicing.domain.invoices import make_invoice
from services.invoicing.domain.lines import Billed, FeeOf, UsageOf
from services.invoicing.domain.periods import Span, span_from
from services.invoicing.domain.plan_data import plan_from, terms_data
from services.invoicing.domain.plans import AddOn, Bundle, ClassTerms, Plan
from services.invoicing.domain.proration import (
    minor_of,
    prorated_minor,
    rounded_in_turn,
    stretches,
    unused_credit_minor,
)
from services.invoicing.domain.tiers import Tier, Tiers, tier_charges
from services.invoicing.domain.totals import CountsOf, Minutes, Totals
from services.invoicing.domain.usage_lines import usage_lines
from shared.errors import Invalid
from shared.money import currency
from tests.unit.invoicing.test_subscriptions import plan

USD, JPY, KWD = currency("USD"), currency("JPY"), currency("KWD")
OCTOBER = span_from(date(2026, 10, 1), 1)
STEPS = (Tier(10, Decimal(5)), Tier(100, Decimal(3), Decimal(2)), Tier(None, Decimal("1.5")))


@pytest.mark.parametrize(
    ("mode", "quantity", "amount"),
    [
        ("graduated", 0, "0"),
        ("graduated", 1, "5"),
        ("graduated", 10, "50"),
        ("graduated", 11, "55"),
        ("graduated", 101, "323.5"),
        ("volume", 10, "50"),
        ("volume", 11, "35"),
        ("volume", 100, "302"),
        ("volume", 101, "151.5"),
    ],
)
def test_tiers_at_their_bounds(mode: Any, quantity: int, amount: str) -> None:
    """A unit at the bound belongs to the lower tier; flat parts once for each tier that is reached."""
    charges = tier_charges(quantity, Tiers(mode, STEPS))
    assert sum((one.charge for one in charges), Fraction(0)) == Fraction(Decimal(amount))
    assert sum(one.quantity for one in charges) == quantity


@given(st.integers(0, 500), st.integers(0, 500))
def test_graduated_tiers_never_fall(lower: int, more: int) -> None:
    """More units cost at least as much, whatever the steps."""

    def cost(quantity: int) -> Fraction:
        return sum((one.charge for one in tier_charges(quantity, Tiers("graduated", STEPS))), Fraction(0))

    assert cost(lower) <= cost(lower + more)


def test_minutes_of_both_directions_climb_the_tiers_together() -> None:
    """R21: 100 + 50 minutes: 120 at 0.02, 30 at 0.01, each line rounded once; bounds whole in a half month."""
    tiers = Tiers("graduated", (Tier(120, Decimal("0.02")), Tier(None, Decimal("0.01"))))
    one = plan(0, USD, 0, tiers={"minute": tiers})
    parts = tuple(
        Minutes("standard", way, 1, s, 0, s, Decimal("0.02"), Decimal("0.02") * s / 60)
        for way, s in (("outbound", 6000), ("inbound", 3000))
    )
    lines = usage_lines(one, Span(date(2026, 10, 1), date(2026, 10, 16), 31), Totals(1, 0, 0, parts))
    assert [(int(line.quantity), line.amount.minor) for line in lines.values()] == [(120, 240), (30, 30)]


def test_extensions_by_day_and_by_parts_of_a_period() -> None:
    """R18, R19: days held above what is included; and each part's own peak at its own price."""
    parts = (
        CountsOf(date(2026, 10, 1), date(2026, 10, 11), 5, 0, 40, 0),
        CountsOf(date(2026, 10, 11), date(2026, 11, 1), 9, 0, 180, 0),
    )
    by_day = plan(0, USD, 0, counts="prorated_days")
    dear = plan(1, USD, 0, price_extension=Decimal(20))
    both = agreed(OCTOBER, whole_fee(OCTOBER), [(OCTOBER.start, by_day), (date(2026, 10, 11), dear)])
    draft = make_invoice(USD, usage=UsageOf(OCTOBER, by_day, Totals(1, 9, 0, (), parts), {}, both))
    # (40 - 2 x 10) days at 12.50 of 31 days; (9 - 2) at 20.00 for 21 of 31 days.
    assert [line.amount.minor for line in draft.lines] == [806, 9484]


def test_a_minimum_commitment_shrinks_when_late_usage_comes() -> None:
    """R21: short 10 of 31 days: 32.26 minimum, 10.00 used; late usage of 5.00 only takes the place of the rest."""
    one = plan(0, USD, 0, minimum_commitment_minor=10000)
    span = Span(date(2026, 10, 22), date(2026, 11, 1), 31)

    def totals(revision: int, charge: str) -> Totals:
        part = Minutes("standard", "outbound", 1, 60, 0, 60, Decimal(charge), Decimal(charge))
        return Totals(revision, 0, 0, (replace(part, given_key="k"),))

    first = make_invoice(USD, usage=UsageOf(span, one, totals(1, "10"), {}))
    assert [line.amount.minor for line in first.lines] == [1000, 2226]
    late = make_invoice(USD, late=[UsageOf(span, one, totals(2, "15"), first.billed[span.start])])
    assert [(line.kind, line.amount.minor) for line in late.lines] == [
        ("late_usage", 500),
        ("late_usage", -500),
    ]
    assert late.total.minor == 0


def test_discounts_come_before_proration_percentages_first() -> None:
    """R25: (100.00 - 10 % - 5.00) x 10/31 = 27.42, and the lines add up to it."""
    start = date(2026, 10, 22)
    given_ = [
        Discount(UUID(int=1), "Five", None, Decimal(5), "fee", start, None),
        Discount(UUID(int=2), "Tenth", Decimal(10), None, "all", start, until(start, 1, 1)),
    ]
    assert discounted(Decimal(100), given_, start) == 85
    one = plan(0, USD, 10000)
    span = Span(start, date(2026, 11, 1), 31)
    made = agreed(span, whole_fee(span), [(start, one)], None, given_)
    draft = make_invoice(USD, fee=FeeOf(made, {}))
    assert [line.kind for line in draft.lines] == ["fee", "discount", "discount"]
    assert draft.subtotal.minor == 2742
    following = span_from(span.end, 1)
    later = agreed(following, whole_fee(following), [(start, one)], None, given_)
    # The coupon was for one period; the amount stays.
    assert make_invoice(USD, fee=FeeOf(later, {})).subtotal.minor == 9500


def test_an_amount_above_the_fee_lowers_the_usage_and_never_below_zero() -> None:
    """R25, R29: 30.00 off a fee of 20.00 leaves 10.00 for usage of 6.00."""
    start = OCTOBER.start
    off = Discount(UUID(int=1), "Credit", None, Decimal(30), "all", start, None)
    one = plan(0, USD, 2000)
    made = agreed(OCTOBER, whole_fee(OCTOBER), [(start, one)], None, [off])
    part = Minutes("standard", "outbound", 1, 60, 0, 60, Decimal(6), Decimal(6))
    totals = Totals(1, 0, 0, (part,))
    draft = make_invoice(USD, fee=FeeOf(made, {}), usage=UsageOf(OCTOBER, one, totals, {}, made))
    assert draft.subtotal.minor == 0


def test_connect_fees_and_destinations_are_lines_of_their_own() -> None:
    """R10, R13: usage's key is the evidence."""
    fees = Minutes(
        "mobile", "outbound", 3, 0, 0, 0, Decimal(0), Decimal("0.45"), "connect_fees", "c/1", "Germany mobile",
        Decimal("0.15"),
    )  # fmt: skip
    calls = Minutes(
        "mobile",
        "outbound",
        3,
        180,
        0,
        180,
        Decimal("0.1"),
        Decimal("0.3"),
        "minutes",
        "m/1",
        "Germany mobile",
    )
    lines = usage_lines(plan(0, USD, 0), OCTOBER, Totals(4, 0, 0, (fees, calls)))
    assert [(key, str(line.kind), line.amount.minor, int(line.quantity)) for key, line in lines.items()] == [
        ("c/1", "connect_fees", 45, 3),
        ("m/1", "minutes", 30, 3),
    ]
    assert lines["m/1"].description == "Minutes, outbound, mobile, Germany mobile"
    assert (lines["m/1"].evidence["key"], lines["m/1"].evidence["revision"]) == ("m/1", 4)


def test_a_difference_names_its_period_its_reason_and_that_it_is_no_product() -> None:
    """Late usage and re-rating are told apart; 0.4 cents more is one cent on the line."""
    one = plan(0, USD, 0)
    part = Minutes("standard", "outbound", 1, 66, 0, 66, Decimal("0.10"), Decimal("0.11"))
    billed = {part.key: Billed(10, Decimal("1.0"))}
    again = Totals(2, 0, 0, (part,), reason="re_rated", reason_text="wrong deck")
    (line,) = make_invoice(USD, late=[UsageOf(OCTOBER, one, again, billed)]).lines
    assert (line.kind, line.amount.minor, line.quantity) == ("re_rating", 1, Decimal("0.1"))
    assert (
        line.detail
        == "difference to what was billed before for 2026-10-01 to 2026-10-31, rated again: wrong deck"
    )
    odd = replace(
        again, minutes=(replace(part, charge=Decimal("0.117")),), reason="late_calls", reason_text=None
    )
    (line,) = make_invoice(USD, late=[UsageOf(OCTOBER, one, odd, billed)]).lines
    assert line.kind == "late_usage"
    assert line.detail is not None and line.detail.endswith("not quantity times price")


@given(st.lists(st.fractions(0, 100, max_denominator=997), min_size=1, max_size=9))
def test_parts_rounded_in_turn_add_up_to_the_whole(parts: list[Fraction]) -> None:
    """R27 in currencies of no, two and three places."""
    for code in (USD, JPY, KWD):
        assert sum(rounded_in_turn(parts, code)) == minor_of(sum(parts, Fraction(0)), code)


def test_plain_figures_of_proration() -> None:
    """R22-R24, R30 as plain functions."""
    assert prorated_minor(Decimal(30), 14, 28, USD) == 1500
    assert prorated_minor(Decimal(100), 1, 29, JPY) == 3
    assert unused_credit_minor(24900, Decimal(249), 10, 31, USD) == 24900 - 8032
    assert unused_credit_minor(24900, Decimal(249), 10, 31, USD, held_minor=500) == 500
    assert minor_of(Fraction(-5, 1000), USD) == -1
    days = [(date(2026, 10, 5), "b"), (date(2026, 10, 1), "a"), (date(2026, 10, 5), "c")]
    found = stretches(date(2026, 10, 1), date(2026, 10, 9), days)
    assert [(one.days, one.what) for one in found] == [(4, "a"), (4, "c")]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"monthly_fee_minor": None}, "monthly_fee"),
        ({"yearly_fee_minor": 5}, "yearly_fee"),
        ({"monthly_fee_minor": 10**13}, "monthly_fee"),
        ({"price_minute": Decimal(10) ** 12}, "prices.minute"),
        ({"price_minute": Decimal("0.0000001")}, "prices.minute"),
        ({"minimum_commitment_minor": -1}, "minimum_commitment"),
        ({"spend_limit_minor": 0}, "spend_limit"),
        ({"trial_days": 9999}, "trial_days"),
        ({"tiers": {"did": Tiers("volume", (Tier(5, Decimal(1)),))}}, "tiers.did"),
        ({"tiers": {"did": Tiers("volume", (Tier(5, Decimal(1)), Tier(5, Decimal(1)), Tier(None, Decimal(1))))}},
         "tiers.did"),
        ({"tiers": {"minute": Tiers("volume", (Tier(None, Decimal(1)),))}, "rated_by_deck": True}, "tiers.minute"),
        ({"add_ons": (AddOn("a", "A", Decimal(1)), AddOn("a", "B", Decimal(1)))}, "add_ons"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_names_its_field(more: dict[str, Any], field: str) -> None:
    """Refused with a sentence, before anything is kept."""
    with pytest.raises(Invalid) as caught:
        plan(0, USD, 100, **more)
    assert caught.value.field == field


def test_a_plans_terms_survive_as_plain_data() -> None:
    """What is stored and shown comes back as the same plan."""
    one = plan(
        0, USD, 100,
        tiers={"did": Tiers("graduated", STEPS)},
        bundles=(Bundle("world", ("mobile",), 100, per_extension=True),),
        class_terms={"mobile": ClassTerms(Decimal("0.1"), None, None, 60)},
        setup_fee_minor=500, trial_days=14, rated_by_deck=True, spend_alert_minor=1,
    )  # fmt: skip
    columns = {name: getattr(one, name) for name in Plan.__slots__ if name not in terms_data(one)}
    assert plan_from(columns, terms_data(one)) == one
