"""Billed time by R1 to R4 and R9."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.domain.billed_time import (
    billed_seconds,
    hold_microseconds,
    talk_milliseconds,
    union_length,
)

ANSWERED = 1_773_154_800_123_456
INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6)


@pytest.mark.parametrize(
    ("talk_us", "plan", "billed"),
    [
        (24_240_181, (6, 6), 30),
        (42_240_000, (6, 6), 48),
        (24_000_000, (6, 6), 24),
        (24_000_999, (6, 6), 24),
        (24_001_000, (6, 6), 30),
        (1_000, (6, 6), 6),
        (999, (6, 6), 0),
        (0, (60, 60), 0),
        (61_000_000, (60, 6), 66),
        (60_000_000, (60, 6), 60),
        (2_000_000, (60, 6), 60),
        (31_000_000, (30, 6), 36),
        (61_000_000, (60, 60), 120),
        (1_001_000, (1, 1), 2),
        (5_500_000, (0, 1), 6),
    ],
)
def test_talk_is_raised_to_the_minimum_and_the_next_increment(
    talk_us: int, plan: tuple[int, int], billed: int
) -> None:
    """Known figures, the two of telephony.md included; fractions of a millisecond are cut first (R1)."""
    talk_ms = talk_milliseconds(answered_us=ANSWERED, ended_us=ANSWERED + talk_us, hold_us=0)
    assert billed_seconds(talk_ms, minimum_seconds=plan[0], increment_seconds=plan[1]) == billed


@given(INTERVALS, st.integers(0, 60), st.integers(0, 60))
def test_hold_is_the_union_of_its_intervals_clipped_to_the_talk(
    intervals: list[tuple[int, int]], start: int, end: int
) -> None:
    """Against counting microsecond by microsecond (R2)."""
    counted = sum(any(on <= at < off for on, off in intervals) for at in range(start, end))
    assert union_length(intervals, start=start, end=end) == counted


@given(INTERVALS, st.randoms(use_true_random=False))
def test_order_of_hold_intervals_does_not_matter(intervals: list[tuple[int, int]], random: object) -> None:
    """FreeSWITCH writes the newest first; nothing may depend on it."""
    shuffled = list(intervals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert union_length(shuffled, start=5, end=50) == union_length(intervals, start=5, end=50)


def test_the_accumulator_counts_only_where_no_stamps_exist() -> None:
    """Stamps win over the accumulator, also when it says 0 or more (R2)."""
    talk = {"answered_us": ANSWERED, "ended_us": ANSWERED + 10_000_000}
    stamp = (ANSWERED + 1_000_000, ANSWERED + 3_000_000)
    assert hold_microseconds(**talk, hold_stamps=[stamp], hold_accumulated_us=0) == 2_000_000
    assert hold_microseconds(**talk, hold_stamps=[stamp], hold_accumulated_us=9_000_000) == 2_000_000
    assert hold_microseconds(**talk, hold_stamps=[], hold_accumulated_us=9_000_000) == 9_000_000
    assert hold_microseconds(**talk, hold_stamps=[], hold_accumulated_us=99_000_000) == 10_000_000


@given(st.integers(0, 10_000_000), st.integers(0, 120), st.integers(1, 120))
def test_billed_time_is_the_smallest_step_that_holds_the_talk(
    talk_ms: int, minimum: int, increment: int
) -> None:
    """Against walking up the steps one by one (R3, R4)."""
    expected = 0
    if talk_ms > 0:
        expected = minimum
        while expected * 1000 < talk_ms:
            expected += increment
    assert billed_seconds(talk_ms, minimum_seconds=minimum, increment_seconds=increment) == expected


def test_an_end_before_the_answer_bills_nothing() -> None:
    """A broken clock must not make negative time."""
    assert talk_milliseconds(answered_us=ANSWERED, ended_us=ANSWERED - 5_000_000, hold_us=0) == 0
