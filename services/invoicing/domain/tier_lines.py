"""A line for each tier that is reached; the last step of a line with tiers."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from services.invoicing.domain.lines import Line
from services.invoicing.domain.tiers import TierCharge
from shared.money import Money, round_half_up


def shown_quantity(exact: Fraction) -> Decimal:
    """Whole, or to six places where days or seconds make it a fraction."""
    if exact.denominator == 1:
        return Decimal(exact.numerator)
    return Decimal(round_half_up(Decimal(exact.numerator * 10**6) / exact.denominator)).scaleb(-6).normalize()


def tiered_line(line: Line, tier: TierCharge, amount: Money) -> Line:
    upper = "and more" if tier.up_to is None else f"to {tier.up_to:,}"
    return replace(
        line,
        description=f"{line.description}, {tier.above + 1:,} {upper}",
        quantity=shown_quantity(tier.quantity),
        unit_price=tier.unit_price,
        amount=amount,
        evidence={**line.evidence, "tier": tier.number, "flat": str(tier.flat)},
        detail=f"{line.detail}; {tier.flat:f} once" if tier.flat else line.detail,
    )
