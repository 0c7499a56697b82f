"""The smallest amount that a card takes, by currency."""

from shared.money import Currency, exponent

# Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in minor units.
_CARD_MINIMUMS = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
_UNLISTED = 50


def card_minimum_minor(code: Currency) -> int:
    """Minor units of ``code``; an invoice with less to pay is collected with the next one (R38).

    Where Stripe names none: 50 minor units as for most, and half a unit where that has three decimals or more.
    """
    listed = _CARD_MINIMUMS.get(code)
    return _UNLISTED * 10 ** max(0, exponent(code) - 2) if listed is None else listed


def card_step_minor(code: Currency) -> int:
    """What a card amount is a multiple of, in minor units: 10 where there are three decimals (R39), else 1.

    Source: https://docs.stripe.com/currencies#three-decimal.
    """
    return 10 if exponent(code) == 3 else 1
