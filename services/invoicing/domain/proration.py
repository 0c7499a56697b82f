"""Shares of a period by calendar days (R22-R27). Days have no hours: DST changes nothing here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Generic, TypeVar

from shared.money import Currency, exponent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """Local days ``[start, end)`` in which ``what`` held."""

    start: date
    end: date
    what: T

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def stretches(start: date, end: date, changes: Iterable[tuple[date, T]]) -> list[Stretch[T]]:
    """What held on which days of ``[start, end)``.

    A change holds from its day on (R23); of several on one day the last given counts; changes before ``start``
    say what holds at its beginning. Days before the first change are left out.
    """
    by_day: dict[date, T] = {}
    for day, what in sorted(changes, key=lambda change: change[0]):
        by_day[max(day, start)] = what
    days = [day for day in sorted(by_day) if day < end]
    made: list[Stretch[T]] = []
    for day, until in zip(days, [*days[1:], end], strict=True):
        if made and made[-1].end == day and made[-1].what == by_day[day]:
            made[-1] = Stretch(made[-1].start, until, by_day[day])
        else:
            made.append(Stretch(day, until, by_day[day]))
    return made


def minor_of(exact: Fraction, code: Currency) -> int:
    """Exact major units to minor units, half away from zero (R30)."""
    scaled = exact.numerator * 10 ** exponent(code)
    whole, rest = divmod(abs(scaled), exact.denominator)
    rounded: int = whole + (1 if 2 * rest >= exact.denominator else 0)
    return rounded if scaled >= 0 else -rounded


def prorated_minor(price: Decimal, days: int, whole_days: int, code: Currency) -> int:
    """``price`` major units for ``days`` of ``whole_days``, rounded once (R22)."""
    return minor_of(Fraction(price) * days / whole_days, code)


def rounded_in_turn(exact: Sequence[Fraction], code: Currency) -> list[int]:
    """Parts of one charge: each the rounded total to date minus what the parts before it came to (R27).

    So the parts always add up to the rounded whole, however it is split.
    """
    made: list[int] = []
    total = Fraction(0)
    before = 0
    for one in exact:
        total += one
        made.append(minor_of(total, code) - before)
        before += made[-1]
    return made


def unused_credit_minor(
    billed_minor: int,
    price: Decimal,
    used_days: int,
    whole_days: int,
    code: Currency,
    *,
    held_minor: int | None = None,
) -> int:
    """What is given back of a charge: billed minus the rounded charge of the used days (R24), 0 or more.

    ``held_minor`` is what the line still holds after earlier credits; never more than that is given back.
    """
    credit = billed_minor - prorated_minor(price, used_days, whole_days, code)
    return max(0, min(credit, billed_minor if held_minor is None else held_minor))
