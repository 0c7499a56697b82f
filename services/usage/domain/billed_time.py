"""Billed time of one call (R1 to R4, R9): pure functions over microseconds and whole seconds.

The guide: "Both inbound and outbound talk time, billed in 6-second increments (typical). Doesn't include ring time
or hold time on your side."
"""

from collections.abc import Iterable

Interval = tuple[int, int]


def union_length(intervals: Iterable[Interval], *, start: int, end: int) -> int:
    """Length of the union of ``intervals`` clipped to ``[start, end]`` (R2), in the unit of the arguments.

    Order does not matter; overlaps count once; an interval that ends before it begins counts nothing.
    """
    covered = 0
    reached = start
    for on, off in sorted(intervals):
        begins, ends = max(on, reached), min(off, end)
        if ends > begins:
            covered += ends - begins
            reached = ends
    return covered


def hold_microseconds(
    *, answered_us: int, ended_us: int, hold_stamps: Iterable[Interval], hold_accumulated_us: int
) -> int:
    """Hold within the talk: from stamps; the accumulator counts only where no stamps exist (R2)."""
    stamps = list(hold_stamps)
    if stamps:
        return union_length(stamps, start=answered_us, end=ended_us)
    return max(0, min(hold_accumulated_us, ended_us - answered_us))


def talk_milliseconds(*, answered_us: int, ended_us: int, hold_us: int) -> int:
    """End minus answer minus hold, cut to milliseconds; never negative (R1). Ring time is before the answer."""
    return max(0, ended_us - answered_us - hold_us) // 1000


def billed_seconds(talk_ms: int, *, minimum_seconds: int, increment_seconds: int) -> int:
    """Whole seconds to bill: the minimum first, then whole increments (R4); zero talk bills nothing (R3).

    ``60/6`` means the first 60 s whole, then steps of 6 s. A minimum of 0 leaves increments only.
    """
    if minimum_seconds < 0 or increment_seconds < 1:
        raise ValueError(f"{minimum_seconds}/{increment_seconds} is no minimum and increment in seconds")
    if talk_ms <= 0:
        return 0
    beyond_ms = max(0, talk_ms - minimum_seconds * 1000)
    steps = -(-beyond_ms // (increment_seconds * 1000))
    return minimum_seconds + steps * increment_seconds
