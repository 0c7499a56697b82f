"""Lines made from a day's totals and the same lines opened into calls are one figure, to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.usage.domain.included import Pool, Pools
from services.usage.domain.metering import DayLine, Meter, TimedCall, day_lines, meter_period, parts_of_call
from services.usage.domain.opened_lines import share_in
from services.usage.domain.rating import RatedCall, Segment
from shared.ids import PlanId

PLAN = (PlanId(UUID(int=7)), 1)
BEGINS = datetime(2026, 3, 1, tzinfo=UTC)
PRICES = [Decimal("0"), Decimal("0.01"), Decimal("0.0175"), Decimal("1.999999")]
CLASSES = ["national", "mobile", "toll_free"]


@st.composite
def a_call(draw: st.DrawFn, number: int) -> TimedCall:
    segments = tuple(
        Segment(draw(st.integers(1, 900)), draw(st.sampled_from(PRICES)), band)
        for band in draw(st.sampled_from([("rest",), ("rest", "night")]))
    )
    fee = draw(st.sampled_from([Decimal(0), Decimal("0.05")]))
    costs = fee > 0 or any(one.price_per_minute > 0 for one in segments)
    rated = RatedCall(
        sum(one.seconds for one in segments),
        segments,
        fee,
        draw(st.sampled_from([None, Decimal("0.2"), Decimal("5")])),
        costs,
    )
    return TimedCall(
        answered_at=BEGINS + timedelta(minutes=draw(st.integers(0, 4 * 1440 - 1))),
        call_id=uuid5(UUID(int=1), str(number)),
        plan=PLAN,
        call_class=draw(st.sampled_from(CLASSES)),
        direction="outbound",
        destination="",
        extension=draw(st.sampled_from(["", "1001", "1002"])),
        rated=rated,
    )


@st.composite
def calls(draw: st.DrawFn) -> list[TimedCall]:
    return [draw(a_call(number)) for number in range(draw(st.integers(0, 25)))]


@st.composite
def pools(draw: st.DrawFn) -> Pools:
    made = [
        Pool("narrow", frozenset({"toll_free"}), False, draw(st.integers(0, 2_000))),
        Pool("own", frozenset({"mobile", "national"}), True, draw(st.integers(0, 900))),
        Pool("all", None, False, draw(st.integers(0, 4_000))),
    ]
    chosen = tuple(pool for pool in made if draw(st.booleans()))
    return Pools(chosen, {PLAN: tuple(range(len(chosen)))})


def rollup(made: list[TimedCall]) -> list[DayLine]:
    return [row for call in made for row in day_lines(call.answered_at.date(), call)]


# Other work may fill the machine: what is proved here is figures, not speed.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_UNTIMED
@given(calls(), pools())
def test_the_shares_of_all_calls_sum_to_the_lines(made: list[TimedCall], held: Pools) -> None:
    """Lines by totals (which is how periods are closed) equal the sums of the opened calls, in every figure."""
    by_day = {
        day: [call for call in made if call.answered_at.date() == day]
        for day in {call.answered_at.date() for call in made}
    }
    lines = meter_period(rollup(made), by_day, held)
    included = Meter(held).take_calls(made)
    keys = {part.line.key for call in made for part in parts_of_call(call, included[call.call_id])}
    assert {line.line.key for line in lines} == keys
    for line in lines:
        shares = [
            share
            for call in made
            if (share := share_in(parts_of_call(call, included[call.call_id]), line.line.key))
        ]
        assert sum((one.charge for one in shares), Fraction(0)) == line.exact
        assert sum(one.billed_seconds for one in shares) == line.billed_seconds
        assert sum(one.included_seconds for one in shares) == line.included_seconds


@_UNTIMED
@given(calls(), pools(), st.integers(0, 25))
def test_going_on_from_a_kept_state_gives_the_same_shares(
    made: list[TimedCall], held: Pools, cut: int
) -> None:
    """A page that begins in the middle gives each call the included minutes that one reading of all gives."""
    ordered = sorted(made, key=lambda call: (call.answered_at, call.call_id))
    whole = Meter(held).take_calls(ordered)
    first, second = Meter(held), Meter(held)
    part = first.take_calls(ordered[:cut])
    second.left.resume(first.left.state())
    assert whole == part | second.take_calls(ordered[cut:])
