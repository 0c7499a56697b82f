"""What a period holds: R12, R16, R17, R18."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.metering import (
    DayTotal,
    TimedCall,
    crossing_day,
    included_seconds,
    meter_period,
    peak,
)
from services.usage.domain.tenants import PlanTerms, Resource
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
LINES = [
    ("external", "outbound"),
    ("external", "inbound"),
    ("toll_free", "inbound"),
    ("internal", "outbound"),
]
CALLS = st.lists(
    st.builds(
        lambda minute, line, steps, number: TimedCall(
            START + timedelta(minutes=minute), UUID(int=number), line[0], line[1], steps * 6
        ),
        st.integers(0, 4 * 1440 - 1),
        st.sampled_from(LINES),
        st.integers(1, 60),
        st.integers(0, 2**64),
    ),
    max_size=40,
    unique_by=lambda call: call.call_id,
)


def totals(calls: list[TimedCall]) -> list[DayTotal]:
    sums: dict[tuple[date, str, str], tuple[int, int]] = {}
    for call in calls:
        key = (call.answered_at.date(), call.call_class, call.direction)
        count, billed = sums.get(key, (0, 0))
        sums[key] = (count + 1, billed + call.billed_seconds)
    # A day has unanswered calls as well; they change nothing.
    return [
        DayTotal(*key, count + 3, count, billed)  # type: ignore[arg-type]
        for key, (count, billed) in sorted(sums.items())
    ]


@given(CALLS, st.integers(0, 4000), st.randoms(use_true_random=False))
def test_included_minutes_go_to_calls_in_the_order_of_answer_then_id(
    calls: list[TimedCall], included: int, random: object
) -> None:
    """Day totals with the calls of one day give what walking through every call gives, in any order (R16)."""
    left, used = included, dict.fromkeys(LINES, 0)
    for call in sorted(calls, key=lambda one: (one.answered_at, one.call_id)):
        if call.call_class != "internal":
            taken = min(left, call.billed_seconds)
            used[call.call_class, call.direction] += taken
            left -= taken
    days = totals(calls)
    crossing = crossing_day(days, included, TERMS)
    of_day = [call for call in calls if call.answered_at.date() == crossing]
    random.shuffle(of_day)  # type: ignore[attr-defined]
    random.shuffle(days)  # type: ignore[attr-defined]
    metered = {(one.call_class, one.direction): one for one in meter_period(days, of_day, included, TERMS)}
    assert {line: one.included_seconds for line, one in metered.items()} == {
        line: used[line] for line in metered
    }
    for line, one in metered.items():
        billed = sum(call.billed_seconds for call in calls if (call.call_class, call.direction) == line)
        assert one.billed_seconds == billed
        assert one.calls == sum((call.call_class, call.direction) == line for call in calls)
        assert one.charged_seconds == billed - used[line]
        assert round(one.charge * 60, 20) == one.charged_seconds * TERMS.price(line[0])


def test_internal_and_emergency_calls_cost_nothing() -> None:
    """Unless the plan prices internal calls (R7); an emergency call never costs anything."""
    assert TERMS.price("internal") == 0
    assert TERMS.price("emergency") == 0
    assert TERMS.price("external") == Decimal("0.02")
    assert TERMS.price("toll_free") == Decimal("0.035")


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
    assert included_seconds(1000, start, end, begins_short=begins_short) == seconds


def test_the_peak_is_the_most_at_one_time() -> None:
    """Given up and taken at one instant do not add up; what began before the period counts (R18)."""

    def held(begins: int, ends: int | None) -> Resource:
        until = None if ends is None else START + timedelta(days=ends)
        return Resource(TenantId(uuid4()), "extension", "1", START + timedelta(days=begins), until)

    resources = [held(-5, None), held(-5, 3), held(3, 10), held(9, 12), held(40, None), held(-9, -2)]
    assert peak(resources, START, START + timedelta(days=31)) == 3
    assert peak(resources, START, START + timedelta(days=8)) == 2
    assert peak([], START, START + timedelta(days=8)) == 0
