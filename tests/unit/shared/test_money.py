"""Money is exact: rules of money in design/product.md, R30."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.card_minimum import card_minimum_minor
from shared.errors import Invalid
from shared.money import Money, currency, exponent, line_amount, round_half_up, total

USD = currency("USD")
amounts = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("0.49", 0), ("-0.49", 0)],
)
def test_half_is_rounded_away_from_zero(value: str, rounded: int) -> None:
    """R30, not the banker's rounding that Python does by default."""
    assert rounded == round_half_up(Decimal(value))


@pytest.mark.parametrize(("code", "places"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("ISK", 0), ("EUR", 2)])
def test_the_exponent_is_the_currencys_own(code: str, places: int) -> None:
    """ISO 4217, never a hard-coded 100."""
    assert places == exponent(currency(code))


@pytest.mark.parametrize(
    ("code", "minor"), [("USD", 50), ("GBP", 30), ("JPY", 50), ("HUF", 17500), ("KES", 50), ("KWD", 500)]
)
def test_the_smallest_card_payment_is_the_currencys_own(code: str, minor: int) -> None:
    """R38: Stripe's table; where it names none, half a unit or 50 of what has no decimals."""
    assert minor == card_minimum_minor(currency(code))


def test_an_unknown_currency_is_refused_by_name() -> None:
    """The refusal names the field and says how to write it."""
    with pytest.raises(Invalid, match="ISO 4217") as refused:
        currency("DOLLARS")
    assert refused.value.field == "currency"


def test_a_fraction_of_a_cent_is_refused() -> None:
    """Nothing is rounded silently on the way in."""
    with pytest.raises(Invalid):
        Money.of("1.005", USD)


@given(amounts, amounts)
def test_sums_of_money_are_sums_of_integers(a: int, b: int) -> None:
    """No float in between, at any size."""
    assert Money(a + b, USD) == Money(a, USD) + Money(b, USD)
    assert Money(a - b, USD) == total([Money(a, USD), -Money(b, USD)], USD)


def test_currencies_do_not_mix() -> None:
    """Adding dollars to euros is a bug."""
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, USD) + Money(1, currency("EUR"))


def test_a_usage_line_multiplies_before_it_divides_and_rounds_once() -> None:
    """612.4 min x $0.019 of picture 03-invoice: $11.64, from 36,744 seconds."""
    assert Money(1164, USD) == line_amount(Decimal(36744), Decimal("0.019"), USD, per=60)


@given(st.integers(0, 10**9), st.decimals(0, 1000, places=6))
def test_a_line_is_within_half_a_cent_of_the_exact_charge(seconds: int, price: Decimal) -> None:
    """Rounded once: the error never exceeds half a minor unit."""
    charged = line_amount(Decimal(seconds), price, USD, per=60)
    exact_times_60 = Decimal(seconds) * price * 100
    assert abs(charged.minor * 60 - exact_times_60) <= 30
