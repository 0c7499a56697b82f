"""Totals in the steps that a card takes (R39)."""

from datetime import date
from decimal import Decimal

from services.invoicing.domain.lines import Line
from shared.money import Currency, Money, exponent, round_half_up

# Card amounts in currencies with three decimals must end in 0: https://docs.stripe.com/currencies#three-decimal
THREE_DECIMALS_STEP = 10


def card_step(code: Currency) -> int:
    """Minor units of which a card amount must be a multiple."""
    return THREE_DECIMALS_STEP if exponent(code) == 3 else 1


def rounding_line(total: Money, on: date) -> Line | None:
    """What brings ``total`` to the nearest step, half up; None where it is one already. It bears no tax."""
    step = card_step(total.currency)
    rounded = round_half_up(Decimal(total.minor) / step) * step
    difference = Money(rounded - total.minor, total.currency)
    if not difference:
        return None
    return Line(
        "rounding",
        "Rounding",
        Decimal(1),
        None,
        difference.decimal,
        difference,
        on,
        on,
        {"step_minor": step},
        "to the smallest amount that a card takes",
    )
