"""What a period holds: short periods (R17), peaks and days (R18), pools of included minutes (R16); prices of classes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.usage.domain.included import PlanPart, build_pools
from services.usage.domain.period_counts import (
    anchor_after,
    anchor_on_or_before,
    days_held,
    peak,
    share_of_period,
)
from services.usage.domain.tenants import Bundle, PlanTerms, Resource
from shared.ids import PlanId, TenantId

TERMS = PlanTerms(
    plan_id=PlanId(uuid4()),
    version=1,
    minimum_seconds=6,
    increment_seconds=6,
    included_minutes=10,
    price_per_minute=Decimal("0.02"),
    class_prices={"toll_free": Decimal("0.035")},
)
START = datetime(2026, 3, 1, tzinfo=UTC)


def test_internal_and_emergency_calls_cost_nothing() -> None:
    """Unless the plan prices internal calls (R7); an emergency call never costs anything."""

    def price(call_class: str) -> Decimal:
        terms = TERMS.terms_of(call_class, None)
        assert terms is not None
        return terms.tariff.last

    assert price("internal") == 0
    assert price("emergency") == 0
    assert price("external") == Decimal("0.02")
    assert price("toll_free") == Decimal("0.035")
    assert not TERMS.uses_included("internal", costs=False)
    assert TERMS.uses_included("external", costs=False)


@pytest.mark.parametrize(
    ("start", "end", "begins_short", "seconds"),
    [
        (date(2026, 3, 1), date(2026, 4, 1), False, 60_000),
        (date(2026, 1, 31), date(2026, 2, 28), False, 60_000),
        (date(2026, 2, 28), date(2026, 3, 31), False, 60_000),
        (date(2026, 4, 30), date(2026, 5, 31), True, 60_000),
        (date(2026, 3, 17), date(2026, 4, 1), True, 29_032),
        (date(2026, 3, 1), date(2026, 3, 16), False, 29_032),
        (date(2024, 2, 15), date(2024, 3, 1), True, 31_034),
    ],
)
def test_a_short_period_includes_minutes_in_proportion_to_its_days(
    start: date, end: date, begins_short: bool, seconds: int
) -> None:
    """1,000 minutes; whole months of any length include all of them (R17)."""
    share = share_of_period(start, end, begins_short=begins_short)
    terms = replace(TERMS, included_minutes=1000)
    (pool,) = build_pools([PlanPart(terms, (end - start).days, 0)], share).pools
    assert pool.seconds == seconds


def test_the_peak_is_the_most_at_one_time() -> None:
    """Given up and taken at one instant do not add up; what began before the period counts (R18)."""

    def held(begins: int, ends: int | None) -> Resource:
        until = None if ends is None else START + timedelta(days=ends)
        return Resource(TenantId(uuid4()), "extension", "1", START + timedelta(days=begins), until)

    resources = [held(-5, None), held(-5, 3), held(3, 10), held(9, 12), held(40, None), held(-9, -2)]
    assert peak(resources, START, START + timedelta(days=31)) == 3
    assert peak(resources, START, START + timedelta(days=8)) == 2
    assert peak([], START, START + timedelta(days=8)) == 0


def test_minutes_of_a_split_period_are_one_pool_of_their_classes() -> None:
    """10 and 20 days of 30: a third of 300 and two thirds of 600; a bundle of its own plan is for its own calls (R17)."""
    small = replace(TERMS, included_minutes=300)
    extra = Bundle("mobile", ("mobile",), 30, per_extension=True)
    large = replace(TERMS, version=2, included_minutes=600, bundles=(extra,))
    pools = build_pools([PlanPart(small, 10, 4), PlanPart(large, 20, 3)], Fraction(1))
    assert [(one.name, one.seconds) for one in pools.pools] == [("mobile", 3600), ("included", 30_000)]
    assert pools.drawn_by(small.key, "mobile", True, "") == (1,)
    assert pools.drawn_by(large.key, "mobile", True, "") == (0, 1)
    assert pools.drawn_by(large.key, "mobile", False, "") == ()


def test_an_extensions_own_minutes_are_nobody_elses() -> None:
    """They go before shared ones of the same classes, and calls without an extension use none (R16)."""
    own = Bundle("own", ("local",), 10, per_extension=True, pooled=False)
    shared = Bundle("shared", ("local",), 10)
    terms = replace(TERMS, included_minutes=0, bundles=(shared, own))
    pools = build_pools([PlanPart(terms, 31, 3)], Fraction(1))
    assert [one.name for one in pools.pools] == ["own", "shared"]
    assert pools.drawn_by(terms.key, "local", True, "1001") == (0, 1)
    assert pools.drawn_by(terms.key, "local", True, "") == (1,)


def test_days_of_provisioning_and_of_release_count_both() -> None:
    """Local days; taken again on the day of its release, a number counts that day once; midnight ends the day before."""
    zone = ZoneInfo("America/New_York")

    def held(begins: datetime, ends: datetime | None, value: str = "1") -> Resource:
        return Resource(TenantId(uuid4()), "extension", value, begins, ends)

    def local(day: int, hour: int = 0) -> datetime:
        return datetime(2026, 3, day, hour, tzinfo=zone)

    period = (date(2026, 3, 1), date(2026, 4, 1))
    assert days_held([held(local(5, 9), local(7, 18))], *period, zone) == 3
    assert days_held([held(local(5, 9), local(7))], *period, zone) == 2
    assert days_held([held(local(5), local(7, 9)), held(local(7, 12), None)], *period, zone) == 27
    assert days_held([held(local(5), None), held(local(30, 23), None, "2")], *period, zone) == 27 + 2
    assert days_held([held(local(5), local(5))], *period, zone) == 0


def test_a_missing_anchor_day_is_the_months_last() -> None:
    """R55."""
    assert anchor_on_or_before(date(2026, 3, 30), 31) == date(2026, 2, 28)
    assert anchor_after(date(2026, 2, 28), 31) == date(2026, 3, 31)
    assert anchor_on_or_before(date(2026, 1, 5), 15) == date(2025, 12, 15)
    assert anchor_after(date(2026, 12, 15), 15) == date(2027, 1, 15)
