"""The service's rating and metering against an independent, slow one, on random periods (R4 to R13, R16, R17)."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.rating_cases import differences, make_case


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.integers(0, 25))
def test_both_ratings_agree_to_the_last_fraction(random: Random, calls: int) -> None:
    """Lines, counts, included seconds and exact charges, whatever the order in which calls and totals come."""
    case = make_case(random, calls)
    assert differences(case, random) == []


def test_both_ratings_agree_on_full_periods() -> None:
    """Several hundred calls a period, so that minutes run out on some day and several pools are in use."""
    for seed in range(12):
        random = Random(seed)
        assert differences(make_case(random, 300), random) == [], f"seed {seed}"
