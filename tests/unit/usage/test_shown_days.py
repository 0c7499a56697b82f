"""Days that were gone through call by call, remembered for the Billing page."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.included import Pool, Pools
from services.usage.domain.metering import DayEffect, Meter, TimedCall
from services.usage.domain.rating import RatedCall, Segment
from services.usage.use_cases.meter_period import SHOWN_DAYS_MOST, SHOWN_SECONDS, ShownDays
from shared.ids import PlanId, TenantId

PLAN = (PlanId(UUID(int=1)), 1)
POOLS = Pools(
    (Pool("included", None, False, 600), Pool("abroad", frozenset({"international"}), True, 60)),
    {PLAN: (1, 0)},
)
DAY = date(2026, 10, 2)
TENANT = TenantId(UUID(int=2))
NOTHING = DayEffect((), ())


@st.composite
def days(draw: st.DrawFn) -> list[TimedCall]:
    made = []
    for number in range(draw(st.integers(1, 12))):
        seconds = draw(st.integers(1, 50)) * 6
        call_class = draw(st.sampled_from(["national", "international", "internal"]))
        rated = RatedCall(
            seconds,
            (Segment(seconds, draw(st.sampled_from([Decimal("0.02"), Decimal("0.3"), Decimal(0)]))),),
            draw(st.sampled_from([Decimal(0), Decimal("0.05")])),
            draw(st.sampled_from([None, Decimal("0.04")])),
            chargeable=call_class != "internal",
        )
        at = datetime(2026, 10, 2, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 600)))
        extension = draw(st.sampled_from(["", "1001", "1002"]))
        made.append(TimedCall(at, UUID(int=number), PLAN, call_class, "outbound", "", extension, rated))
    return made


@given(st.lists(days(), min_size=1, max_size=4), st.integers(0, 3))
def test_a_remembered_day_counts_as_its_calls_do(whole: list[list[TimedCall]], remembered: int) -> None:
    """Whichever day is taken by its effect: the same lines, included minutes left, and seconds above them."""
    by_calls, by_effect = Meter(POOLS), Meter(POOLS)
    for number, calls in enumerate(whole):
        by_calls.take_calls(calls)
        if number == remembered:
            by_effect.take_effect(by_effect.effect_of(calls))
        else:
            by_effect.take_calls(calls)
    assert by_calls.lines() == by_effect.lines()
    assert sorted(by_calls.left.state()) == sorted(by_effect.left.state())
    assert by_calls.so_far == by_effect.so_far


def test_a_day_is_remembered_while_what_it_rests_on_holds() -> None:
    """Another rollup, another tenant, another day or a minute later: it is read again."""
    now = [0.0]
    shown = ShownDays(lambda: now[0])
    shown.keep(TENANT, DAY, ("pools", "rows"), NOTHING)
    assert shown.get(TENANT, DAY, ("pools", "rows")) is NOTHING
    assert shown.get(TENANT, DAY, ("pools", "other rows")) is None
    assert shown.get(TENANT, DAY + timedelta(days=1), ("pools", "rows")) is None
    assert shown.get(TenantId(UUID(int=3)), DAY, ("pools", "rows")) is None
    now[0] = SHOWN_SECONDS + 1
    assert shown.get(TENANT, DAY, ("pools", "rows")) is None


def test_what_is_remembered_is_bounded() -> None:
    """The day that was not looked at for longest goes first."""
    shown = ShownDays(lambda: 0.0)
    for number in range(SHOWN_DAYS_MOST + 1):
        shown.keep(TENANT, DAY + timedelta(days=number), "same", NOTHING)
        shown.get(TENANT, DAY, "same")
    assert shown.get(TENANT, DAY, "same") is NOTHING
    assert shown.get(TENANT, DAY + timedelta(days=1), "same") is None
