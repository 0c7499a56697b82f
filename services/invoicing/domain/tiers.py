"""Graduated and volume tiers. Bounds are never prorated (R21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from shared.errors import Invalid

TierMode = Literal["graduated", "volume"]
STEPS_MAX = 50


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and with ``up_to`` (None: all above), at ``unit_price`` major units each, and ``flat`` once."""

    up_to: int | None
    unit_price: Decimal
    flat: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tiers:
    """``graduated``: each unit at its own tier's price. ``volume``: all units at the price of the tier they reach."""

    mode: TierMode
    steps: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class TierCharge:
    """What falls into one tier. ``charge`` exact, major units; ``number`` counts tiers from 1."""

    number: int
    above: int
    up_to: int | None
    quantity: Fraction
    unit_price: Decimal
    flat: Decimal
    charge: Fraction


def check_tiers(tiers: Tiers, field: str) -> None:
    """Raises ``Invalid`` when the steps leave a gap, overlap, or do not end open."""
    if not 1 <= len(tiers.steps) <= STEPS_MAX:
        raise Invalid(f"{field} has {len(tiers.steps)} steps; give 1 to {STEPS_MAX}.", field=field)
    below = 0
    for step in tiers.steps[:-1]:
        if step.up_to is None or step.up_to <= below:
            raise Invalid(
                f"Each step of {field} must end above the one before; only the last is open.", field=field
            )
        below = step.up_to
    if tiers.steps[-1].up_to is not None:
        raise Invalid(
            f"The last step of {field} must be open: leave up_to out, so that no unit is without a price.",
            field=field,
        )


def tier_charges(quantity: Decimal | int | Fraction, tiers: Tiers) -> list[TierCharge]:
    """What ``quantity`` units cost, tier by tier; nothing for nothing.

    A flat part is charged once for each tier that is reached (graduated), or for the one tier (volume).
    """
    units = Fraction(quantity)
    if units <= 0:
        return []
    reached = _reached(units, tiers.steps)
    if tiers.mode == "volume":
        number, below, step = reached[-1]
        return [_charge(number, below, step, units)]
    return [
        _charge(
            number, below, step, (units if step.up_to is None else min(units, Fraction(step.up_to))) - below
        )
        for number, below, step in reached
    ]


def _reached(quantity: Fraction, steps: Sequence[Tier]) -> list[tuple[int, int, Tier]]:
    found: list[tuple[int, int, Tier]] = []
    below = 0
    for number, step in enumerate(steps, start=1):
        if found and quantity <= below:
            break
        found.append((number, below, step))
        if step.up_to is None:
            break
        below = step.up_to
    return found


def _charge(number: int, below: int, step: Tier, quantity: Fraction) -> TierCharge:
    charge = quantity * Fraction(step.unit_price) + Fraction(step.flat)
    return TierCharge(number, below, step.up_to, quantity, step.unit_price, step.flat, charge)
