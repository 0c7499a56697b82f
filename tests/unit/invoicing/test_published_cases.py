"""Cases in the manner of those that other billing systems publish; every figure was worked out by hand.

Kill Bill's anchors and leap years, Stripe's tiers and prorations, Lago's tiers, commitments and coupons, and what
the books on tax rounding argue about. Where Tollgate decides otherwise, the test says so and why.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.agreed import Agreed, FeeSpan, agreed, whole_fee
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.discounts import Discount
from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import FeeOf, OneTimeCharge, UsageOf
from services.invoicing.domain.periods import Span, begins_at, span_from
from services.invoicing.domain.plan_data import plain_plan
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.proration import prorated_minor
from services.invoicing.domain.subscriptions import year_from
from services.invoicing.domain.taxes import split_gross, tax_lines
from services.invoicing.domain.tiers import Tier, Tiers, tier_charges
from services.invoicing.domain.totals import Totals
from shared.money import Currency, Money, currency, line_amount, total

USD, EUR = currency("USD"), currency("EUR")


def starts_from(start: date, anchor_day: int, count: int) -> list[str]:
    found = []
    for _ in range(count):
        found.append(f"{start:%m-%d}")
        start = span_from(start, anchor_day).end
    return found


# -- anchors and leap years (Kill Bill: bill cycle day) -------------------------------------------------------


def test_a_bill_cycle_day_of_31_never_drifts_to_28() -> None:
    """After February the 31st comes back; adding a month to the last date would stay on the 28th for good."""
    assert starts_from(date(2026, 12, 31), 31, 5) == ["12-31", "01-31", "02-28", "03-31", "04-30"]
    assert starts_from(date(2027, 12, 31), 31, 5) == ["12-31", "01-31", "02-29", "03-31", "04-30"]
    assert starts_from(date(2027, 1, 30), 30, 3) == ["01-30", "02-28", "03-30"]


def test_an_anchor_of_29_is_the_28th_but_in_leap_years() -> None:
    """2028 has a February 29, 2100 has none: divisible by 100 and not by 400."""
    assert starts_from(date(2028, 1, 29), 29, 2)[1] == "02-29"
    assert starts_from(date(2027, 1, 29), 29, 2)[1] == "02-28"
    assert starts_from(date(2100, 1, 29), 29, 2)[1] == "02-28"


def test_a_leading_proration_in_february_counts_29_days_in_a_leap_year() -> None:
    """From February 8 to the anchor on March 1: 22 of 29 days of 29.95, and 21 of 28 a year before."""
    leap, plain = span_from(date(2028, 2, 8), 1), span_from(date(2027, 2, 8), 1)
    assert [(one.days, one.month_days) for one in (leap, plain)] == [(22, 29), (21, 28)]
    assert prorated_minor(Decimal("29.95"), 22, 29, USD) == 2272
    assert prorated_minor(Decimal("29.95"), 21, 28, USD) == 2246


def test_a_year_begun_on_february_29_ends_on_the_28th_and_comes_back() -> None:
    """Four years are 365 + 365 + 365 + 366 days, without a gap."""
    start, lengths = date(2024, 2, 29), []
    for _ in range(4):
        span = year_from(start, 29)
        lengths.append(span.whole_days)
        start = span.end
    assert (lengths, start) == ([365, 365, 365, 366], date(2028, 2, 29))


# -- changes within a period (Stripe, Kill Bill, Lago) --------------------------------------------------------


def monthly(minor: int, number: int, **more: Any) -> Plan:
    return plain_plan(
        currency="USD", name=f"Plan {number}", monthly_fee_minor=minor, plan_id=UUID(int=number), **more
    )


def first(held: Agreed, **more: Any) -> Draft:
    return make_invoice(USD, fee=FeeOf(held, {}), **more)


def settle(before: Draft, held: Agreed, **more: Any) -> Draft:
    """What follows at the period's end out of the changes in it; no next period."""
    span = held.span
    usage = UsageOf(
        span, held.plans[0].what, Totals(1, 0, 0, ()), before.billed[span.start], held, advance=True
    )
    return make_invoice(USD, usage=usage, **more)


def of_month(span: Span, *plans: tuple[date, Plan], **more: Any) -> Agreed:
    return agreed(span, whole_fee(span), plans, **more)


def amounts(draft: Draft) -> list[int]:
    return [line.amount.minor for line in draft.lines]


def test_an_upgrade_half_way_through_30_days_credits_half_and_charges_half() -> None:
    """10.00 to 20.00 on the 16th of April: 5.00 back, 10.00 more, 5.00 to pay."""
    april = span_from(date(2026, 4, 1), 1)
    small, large = monthly(1000, 1), monthly(2000, 2)
    begun = first(of_month(april, (april.start, small)))
    after = settle(begun, of_month(april, (april.start, small), (date(2026, 4, 16), large)))
    assert (begun.total.minor, amounts(after), after.total.minor) == (1000, [1000, -500], 500)


def test_a_change_at_any_hour_of_a_day_costs_the_same() -> None:
    """Stripe prorates by the second; R22 by calendar days. In a month with a DST change a day is a day: 15 of 31."""
    march = span_from(date(2026, 3, 1), 1)
    hours = begins_at(march.end, ZoneInfo("America/New_York")) - begins_at(
        march.start, ZoneInfo("America/New_York")
    )
    assert hours == timedelta(days=31, hours=-1)
    begun = first(of_month(march, (march.start, monthly(3100, 1))))
    after = settle(
        begun, of_month(march, (march.start, monthly(3100, 1)), (date(2026, 3, 17), monthly(6200, 2)))
    )
    assert amounts(after) == [3000, -1500]


def test_up_and_down_again_on_one_day_moves_no_cent() -> None:
    """The last state of a day counts (R23); systems that bill each change leave cents behind."""
    june = span_from(date(2026, 6, 1), 1)
    small, large = monthly(999, 1), monthly(4999, 2)
    begun = first(of_month(june, (june.start, small)))
    day = date(2026, 6, 12)
    assert settle(begun, of_month(june, (june.start, small), (day, large), (day, small))).lines == ()


@given(st.integers(1, 10**6), st.lists(st.integers(1, 27), unique=True, max_size=8))
def test_a_plan_that_changes_its_version_every_few_days_costs_one_whole_fee(
    fee: int, days: Sequence[int]
) -> None:
    """The one-cent drift: parts of one price, each rounded by itself, would sum to more or less than the fee."""
    february = span_from(date(2027, 2, 1), 1)
    begun = first(of_month(february, (february.start, monthly(fee, 1))))
    versions = [
        (february.start + timedelta(days=day), monthly(fee, 1, version=number))
        for number, day in enumerate(sorted(days), start=2)
    ]
    held = of_month(february, (february.start, monthly(fee, 1)), *versions)
    after = settle(begun, held)
    assert begun.total.minor + after.total.minor == fee


def test_cancelled_now_gives_the_unused_days_back_and_nothing_more_is_charged() -> None:
    """Cancelled on September 10, that day charged (R23): 20 of 30 days of 30.00 back; no fee of October."""
    september = span_from(date(2026, 9, 1), 1)
    plan = monthly(3000, 1)
    begun = first(of_month(september, (september.start, plan)))
    cut = Span(september.start, date(2026, 9, 11), 30)
    fee = FeeSpan(september.start, september.end, 30, until=cut.end)
    charge = OneTimeCharge(UUID(int=9), "Headset", Money(5000, USD), date(2026, 9, 5))
    after = settle(begun, agreed(cut, fee, [(september.start, plan)]), charges=[charge])
    assert (amounts(after), after.total.minor) == ([5000, -2000], 3000)


def test_a_credit_without_room_is_no_negative_invoice_and_says_that_it_is_a_part() -> None:
    """R29: of 20.00 back only 5.00 find room beside a charge; the rest is the surplus, for a credit note."""
    september = span_from(date(2026, 9, 1), 1)
    plan = monthly(3000, 1)
    begun = first(of_month(september, (september.start, plan)))
    fee = FeeSpan(september.start, september.end, 30, until=date(2026, 9, 11))
    held = agreed(Span(september.start, date(2026, 9, 11), 30), fee, [(september.start, plan)])
    charge = OneTimeCharge(UUID(int=9), "Headset", Money(500, USD), date(2026, 9, 5))
    after = settle(begun, held, charges=[charge])
    assert (amounts(after), after.total.minor) == ([500, -500], 0)
    assert [one.minor for one in after.surplus] == [1500]
    assert (after.lines[1].detail or "").startswith(
        "part of a credit of 20.00 USD for 20 days; the rest follows"
    )


def test_a_credit_note_on_the_fee_lowers_what_a_cancellation_gives_back() -> None:
    """R24: of 30.00 a note took 15.00; 20 unused days would be 20.00, but only 15.00 are still held."""
    september = span_from(date(2026, 9, 1), 1)
    plan = monthly(3000, 1)
    begun = first(of_month(september, (september.start, plan)))
    (key,) = begun.billed[september.start]
    fee = FeeSpan(september.start, september.end, 30, until=date(2026, 9, 11))
    held = agreed(Span(september.start, date(2026, 9, 11), 30), fee, [(september.start, plan)])
    usage = UsageOf(
        held.span,
        plan,
        Totals(1, 0, 0, ()),
        begun.billed[september.start],
        held,
        advance=True,
        credited={key: 1500},
    )
    charge = OneTimeCharge(UUID(int=9), "Headset", Money(5000, USD), date(2026, 9, 5))
    after = make_invoice(USD, usage=usage, charges=[charge])
    assert amounts(after) == [5000, -1500]
    assert (after.lines[1].detail or "").endswith("less what credit notes gave back before")


def test_a_licence_added_on_the_eleventh_costs_the_rest_of_the_month() -> None:
    """3 seats of 10.00, 5 from April 11: two more for 20 of 30 days."""
    april = span_from(date(2026, 4, 1), 1)
    plan = monthly(0, 1, add_ons=[{"code": "seat", "name": "Seat", "price": "10"}])
    begun = first(of_month(april, (april.start, plan), add_ons={"seat": [(april.start, 3)]}))
    held = of_month(april, (april.start, plan), add_ons={"seat": [(april.start, 3), (date(2026, 4, 11), 5)]})
    after = settle(begun, held)
    assert begun.total.minor + after.total.minor == 3000 + 2 * 667 - 1
    assert begun.total.minor + after.total.minor == round(Fraction(3 * 10 * 10 + 5 * 10 * 20, 30) * 100)


# -- tiers, commitments, coupons (Stripe, Lago) ---------------------------------------------------------------

STEPS = (Tier(5, Decimal(7)), Tier(10, Decimal("6.5")), Tier(None, Decimal(6)))


@pytest.mark.parametrize(
    ("quantity", "graduated", "volume"),
    [
        (0, "0", "0"),
        (1, "7", "7"),
        (5, "35", "35"),
        (6, "41.5", "39"),
        (10, "67.5", "65"),
        (11, "73.5", "66"),
        (20, "127.5", "120"),
        (25, "157.5", "150"),
    ],
)
def test_seats_in_graduated_and_in_volume_tiers(quantity: int, graduated: str, volume: str) -> None:
    """1 to 5 at 7.00, 6 to 10 at 6.50, then 6.00; by volume all of them at the price of the tier they reach."""
    for mode, expected in (("graduated", graduated), ("volume", volume)):
        charges = tier_charges(quantity, Tiers(mode, STEPS))  # type: ignore[arg-type]
        assert sum((one.charge for one in charges), Fraction(0)) == Fraction(expected)


def test_flat_parts_are_charged_once_for_each_tier_that_is_reached() -> None:
    """Lago's graduated charge: 100 units at 1.00 with 10.00 once, then 0.50 with 20.00 once."""
    steps = (Tier(100, Decimal(1), Decimal(10)), Tier(None, Decimal("0.5"), Decimal(20)))
    costs = {
        quantity: sum(one.charge for one in tier_charges(quantity, Tiers("graduated", steps)))
        for quantity in (1, 100, 101, 200)
    }
    assert costs == {1: 11, 100: 110, 101: Fraction(261, 2), 200: 180}
    assert sum(one.charge for one in tier_charges(200, Tiers("volume", steps))) == 120


def test_a_commitment_is_made_up_and_shrinks_with_the_days() -> None:
    """Lago's true-up: 1,000.00 committed, nothing used: all of it; of 15 of 30 days the half (R21)."""
    april = span_from(date(2026, 4, 1), 1)
    plan = plain_plan(currency="USD", minimum_commitment_minor=100_000)
    for span, due in ((april, 100_000), (Span(april.start, date(2026, 4, 16), 30), 50_000)):
        draft = make_invoice(USD, usage=UsageOf(span, plan, Totals(1, 0, 0, ()), {}))
        assert [(line.kind, line.amount.minor) for line in draft.lines] == [("commitment", due)]


def test_a_coupon_of_half_and_one_of_ten_take_40_off_100_before_tax() -> None:
    """Percentages first (R25): 100 - 50 - 10 = 40, and 10 % tax of that; the other order would be 45."""
    april = span_from(date(2026, 4, 1), 1)
    half = Discount(UUID(int=1), "Half", Decimal(50), None, "fee", april.start, None)
    ten = Discount(UUID(int=2), "Ten", None, Decimal(10), "fee", april.start, None)
    held = of_month(april, (april.start, monthly(10000, 1)), discounts=[ten, half])
    draft = first(held, taxes=[Tax("Tax", Decimal(10))])
    assert (amounts(draft), draft.tax.minor, draft.total.minor) == ([10000, -5000, -1000], 400, 4400)


# -- late usage -----------------------------------------------------------------------------------------------


def used(revision: int, seconds: int) -> Totals:
    part = {
        "call_class": "standard",
        "direction": "outbound",
        "calls": 1,
        "billed_seconds": seconds,
        "included_seconds": 0,
        "charged_seconds": seconds,
        "price_per_minute": "0.019",
        "charge": str(seconds * Decimal("0.019") / 60),
    }
    return Totals.from_data(
        {
            "revision": revision,
            "extensions_peak": 0,
            "dids_peak": 0,
            "minutes": [part],
            "reason": "late_calls",
        }
    )


def test_late_usage_is_the_difference_of_two_rounded_sums() -> None:
    """10 s cost 0.00317, 20 s 0.00633, 30 s 0.0095: 0, then 1, then 0 cents more; each call by itself would be 0."""
    april, plan = span_from(date(2026, 4, 1), 1), plain_plan(currency="USD", price_minute="0.019")
    billed = make_invoice(USD, usage=UsageOf(april, plan, used(1, 10), {})).billed[april.start]
    found = []
    for revision, seconds in ((2, 20), (3, 30), (4, 6000)):
        draft = make_invoice(USD, late=[UsageOf(april, plan, used(revision, seconds), billed)])
        billed = draft.billed[april.start]
        found.append(draft.total.minor)
    assert found == [1, 0, 189]


def test_a_re_rating_downwards_waits_for_room_and_is_never_a_negative_invoice() -> None:
    """1.90 billed, 0.95 right: the surplus is 0.95, and the invoice nothing."""
    april, plan = span_from(date(2026, 4, 1), 1), plain_plan(currency="USD", price_minute="0.019")
    billed = make_invoice(USD, usage=UsageOf(april, plan, used(1, 6000), {})).billed[april.start]
    late = replace(used(2, 3000), reason="re_rated")
    draft = make_invoice(USD, late=[UsageOf(april, plan, late, billed)])
    assert (draft.total.minor, [one.minor for one in draft.surplus]) == (0, [95])


# -- rounding and tax -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "minor"), [("0.005", 1), ("0.015", 2), ("0.025", 3), ("0.0249999", 2), ("1.005", 101)]
)
def test_half_a_cent_goes_up_and_not_to_the_even_cent(price: str, minor: int) -> None:
    """R30. Half-even would make 0, 2, 2; binary floats make 1.00 of 1.005."""
    assert line_amount(Decimal(1), Decimal(price), USD).minor == minor
    assert line_amount(Decimal(-1), Decimal(price), USD).minor == -minor


def test_lines_are_rounded_one_by_one_and_tax_once_on_their_sum() -> None:
    """Three lines of half a cent are 3 cents; 8.875 % of 3 x 0.99 is 0.26, where rounding by line gives 0.27."""
    halves = [line_amount(Decimal(1), Decimal("0.005"), USD) for _ in range(3)]
    assert total(halves, USD).minor == 3
    (tax,) = tax_lines([Tax("NY", Decimal("8.875"))], total([Money(99, USD)] * 3, USD))
    assert tax.amount.minor == 26


@pytest.mark.parametrize(
    ("gross", "rates", "nets", "taxes"),
    [
        ([10000], ["20"], [8333], [1667]),
        ([11900], ["19"], [10000], [1900]),
        ([333, 333, 333], ["10"], [303, 303, 302], [91]),
        ([11498], ["5", "9.975"], [10000], [500, 998]),
        ([1], ["25"], [1], [0]),
    ],
)
def test_tax_is_taken_out_of_inclusive_prices(
    gross: list[int], rates: list[str], nets: list[int], taxes: list[int]
) -> None:
    """gross x r / (1 + r) once, nets by largest remainder, so that the customer pays the price on the tag (R35)."""
    found, made = split_gross(
        [Money(one, EUR) for one in gross], [Tax(f"T{rate}", Decimal(rate)) for rate in rates]
    )
    assert sorted(nets) == sorted(one.minor for one in found)
    assert taxes == [one.amount.minor for one in made]
    assert sum(gross) == sum(one.minor for one in found) + sum(taxes)


@pytest.mark.parametrize(("code", "third"), [("JPY", 33), ("USD", 3333), ("KWD", 33333)])
def test_a_third_of_a_hundred_in_currencies_of_0_2_and_3_places(code: str, third: int) -> None:
    """The exponent is the currency's, never a hard-coded 100."""
    assert prorated_minor(Decimal(100), 10, 30, Currency(code)) == third


# -- days that have no midnight, or 23 or 25 hours ------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("America/New_York", date(2026, 3, 8), "2026-03-08T05:00:00+00:00"),
        ("America/New_York", date(2026, 3, 9), "2026-03-09T04:00:00+00:00"),
        ("America/New_York", date(2026, 11, 2), "2026-11-02T05:00:00+00:00"),
        # Clocks go from 24:00 to 01:00: the day begins at 01:00.
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00"),
        # Clocks go back from 01:00 to 00:00: the day begins at the first of the two.
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        ("Asia/Kathmandu", date(2026, 6, 1), "2026-05-31T18:15:00+00:00"),
    ],
)
def test_a_period_begins_with_its_local_day(zone: str, day: date, instant: str) -> None:
    """The first instant of the day, in UTC."""
    assert begins_at(day, ZoneInfo(zone)).isoformat() == instant
