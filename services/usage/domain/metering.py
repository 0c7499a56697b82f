"""What a period holds: included minutes in order (R16), charges (R12, R13), peaks (R18), short periods (R17)."""

from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from services.usage.domain.records import Direction
from services.usage.domain.tenants import PlanTerms, Resource

Line = tuple[str, Direction]


@dataclass(frozen=True, slots=True)
class DayTotal:
    """Calls of one local day, class and direction; ``billed_calls`` are those of them with billed time."""

    day: date
    call_class: str
    direction: Direction
    calls: int
    billed_calls: int
    billed_seconds: int


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A billed call of the one day in which included minutes run out."""

    answered_at: datetime
    call_id: UUID
    call_class: str
    direction: Direction
    billed_seconds: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """One usage line's figures (R13): ``charged = billed - included`` seconds; ``charge`` in major units, exact."""

    call_class: str
    direction: Direction
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal


def crossing_day(days: Iterable[DayTotal], included_seconds: int, terms: PlanTerms) -> date | None:
    """The day in which the included seconds run out; None when they last."""
    by_day: dict[date, int] = {}
    for total in days:
        if terms.covers(total.call_class):
            by_day[total.day] = by_day.get(total.day, 0) + total.billed_seconds
    left = included_seconds
    for day in sorted(by_day):
        if by_day[day] > left:
            return day
        left -= by_day[day]
    return None


def _included(
    days: Sequence[DayTotal],
    crossing: date | None,
    calls: Sequence[TimedCall],
    seconds: int,
    terms: PlanTerms,
) -> dict[Line, int]:
    """Included seconds per line: whole days before the crossing one, then its calls by answer and id (R16)."""
    used: dict[Line, int] = {}
    left = seconds
    for total in days:
        if terms.covers(total.call_class) and (crossing is None or total.day < crossing):
            line = (total.call_class, total.direction)
            used[line] = used.get(line, 0) + total.billed_seconds
            left -= total.billed_seconds
    for call in sorted(calls, key=lambda one: (one.answered_at, one.call_id)):
        if not terms.covers(call.call_class):
            continue
        taken = min(left, call.billed_seconds)
        if taken <= 0:
            break
        line = (call.call_class, call.direction)
        used[line] = used.get(line, 0) + taken
        left -= taken
    return used


def meter_period(
    days: Sequence[DayTotal], crossing_calls: Sequence[TimedCall], included_seconds: int, terms: PlanTerms
) -> tuple[Minutes, ...]:
    """Lines of a period, by class and direction; none without billed time.

    ``crossing_calls`` are all billed calls of ``crossing_day(...)``.
    """
    crossing = crossing_day(days, included_seconds, terms)
    used = _included(days, crossing, crossing_calls if crossing else (), included_seconds, terms)
    sums: dict[Line, tuple[int, int]] = {}
    for total in days:
        if total.billed_seconds:
            line = (total.call_class, total.direction)
            calls, billed = sums.get(line, (0, 0))
            sums[line] = (calls + total.billed_calls, billed + total.billed_seconds)
    return tuple(
        _minutes(line, calls, billed, used.get(line, 0), terms)
        for line, (calls, billed) in sorted(sums.items())
    )


def _minutes(line: Line, calls: int, billed: int, included: int, terms: PlanTerms) -> Minutes:
    price = terms.price(line[0])
    charged = billed - included
    return Minutes(
        call_class=line[0],
        direction=line[1],
        calls=calls,
        billed_seconds=billed,
        included_seconds=included,
        charged_seconds=charged,
        price_per_minute=price,
        # Multiplied before divided: what does not end in 28 digits is no tie of any rounding to minor units.
        charge=charged * price / 60,
    )


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, the month's last day where it is missing (R55)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def included_seconds(minutes: int, start: date, end: date, *, begins_short: bool) -> int:
    """Included seconds of a period ``[start, end)``, in proportion to its days when it is short (R17).

    ``begins_short``: the period began between two anchors (the tenant's first, or after a trial), so that its
    month is counted back from its end; else it was cut at its end and its month is counted from its start.
    """
    whole = minutes * 60
    if add_months(start, 1) == end or add_months(end, -1) == start:
        return whole
    month = (end - add_months(end, -1)).days if begins_short else (add_months(start, 1) - start).days
    share = min(Fraction((end - start).days, month), Fraction(1))
    return int(whole * share + Fraction(1, 2))


def peak(resources: Collection[Resource], start: datetime, end: datetime) -> int:
    """The most resources provisioned at one time in ``[start, end)`` (R18); given up before taken at one instant."""
    steps: list[tuple[datetime, int]] = []
    for resource in resources:
        begins = max(resource.valid_from, start)
        ends = end if resource.valid_to is None else min(resource.valid_to, end)
        if begins < ends:
            steps += [(begins, 1), (ends, -1)]
    most = held = 0
    for _, step in sorted(steps):
        held += step
        most = max(most, held)
    return most
