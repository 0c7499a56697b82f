"""What a period holds: its usage lines after included minutes (R12, R13, R16), by totals or by calls.

A day whose demand fits into what is left of the included minutes is taken from its totals; a day in which some run
out is gone through call by call, in the order of answer and id. Both give the same lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from services.usage.domain.included import Pools, PoolsLeft
from services.usage.domain.rating import RatedCall, charge_after
from services.usage.domain.records import Direction
from services.usage.domain.tenants import FREE_CLASSES, PlanKey
from shared.ids import PlanId

Kind = Literal["minutes", "connect_fees"]


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
class DayLine:
    """One row of the rollup: calls of a local day that are alike in all that a line depends on.

    ``calls`` begin in it, ``line_calls`` have a segment in it. ``charge`` is that of capped calls, without fee.
    """

    day: date
    plan: PlanKey
    call_class: str
    direction: Direction
    destination: str
    price_per_minute: Decimal
    connect_fee: Decimal
    capped: bool
    chargeable: bool
    extension: str
    calls: int
    line_calls: int
    billed_seconds: int
    charge: Decimal


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A billed call with its rating, for a day that is gone through call by call."""

    answered_at: datetime
    call_id: UUID
    plan: PlanKey
    call_class: str
    direction: Direction
    destination: str
    extension: str
    rated: RatedCall


@dataclass(frozen=True, slots=True, order=True)
class LineId:
    """What makes calls one line (R13)."""

    kind: Kind
    call_class: str
    direction: Direction
    destination: str
    plan_id: PlanId
    plan_version: int
    price: Decimal
    capped: bool

    @property
    def counts(self) -> bool:
        """Whether its time is minutes used: free internal and emergency calls are not (R7, R16)."""
        return self.kind == "minutes" and (self.call_class not in FREE_CLASSES or self.price > 0)

    @property
    def key(self) -> str:
        """Stable in every revision; opens the calls of the line."""
        price = format(self.price.normalize(), "f")
        plan = f"{self.plan_id}|{self.plan_version}"
        kind = "fees" if self.kind == "connect_fees" else "minutes"
        words = [kind, plan, self.call_class, self.direction, price, self.destination]
        return "|".join([*words, *(["capped"] if self.capped else [])])


@dataclass(frozen=True, slots=True)
class Minutes:
    """One usage line's figures (R13): ``charged = billed - included`` seconds; ``charge`` in major units, exact.

    A line of kind ``connect_fees`` has ``calls`` times ``line.price`` and no seconds.
    """

    line: LineId
    calls: int
    billed_seconds: int
    included_seconds: int
    exact: Fraction

    @property
    def call_class(self) -> str:
        return self.line.call_class

    @property
    def direction(self) -> Direction:
        return self.line.direction

    @property
    def charged_seconds(self) -> int:
        return self.billed_seconds - self.included_seconds

    @property
    def price_per_minute(self) -> Decimal:
        return self.line.price if self.line.kind == "minutes" else Decimal(0)

    @property
    def charge(self) -> Decimal:
        """Divided last: what does not end in 28 digits is no tie of any rounding to minor units."""
        return Decimal(self.exact.numerator) / Decimal(self.exact.denominator)


@dataclass(frozen=True, slots=True)
class CallPart:
    """What a call, or a row of alike ones, adds to a line."""

    line: LineId
    billed_seconds: int
    included_seconds: int
    charge: Fraction


def parts_of_call(call: TimedCall, included: int) -> list[CallPart]:
    """What one call adds to which lines when its first ``included`` seconds are included minutes.

    The charges of all calls' parts sum to their lines: by this, a line is opened into its calls.
    """
    charged = charge_after(call.rated, included)
    fee = [CallPart(_line(call, "connect_fees", charged.connect_fee), 0, 0, Fraction(charged.connect_fee))]
    fees = fee if charged.connect_fee > 0 else []
    billed = call.rated.billed_seconds
    # Untouched by included minutes, or wholly covered: a capped call stays in the one row where totals have it.
    if charged.capped or (call.rated.capped and included >= billed):
        line = _line(call, "minutes", call.rated.price_per_minute, capped=True)
        return [CallPart(line, billed, min(included, billed), charged.time_charge), *fees]
    parts: dict[LineId, CallPart] = {}
    skipped = included
    for segment in call.rated.segments:
        covered = min(skipped, segment.seconds)
        skipped -= covered
        line = _line(call, "minutes", segment.price_per_minute)
        charge = Fraction(segment.price_per_minute) * (segment.seconds - covered) / 60
        had = parts.get(line, CallPart(line, 0, 0, Fraction(0)))
        parts[line] = CallPart(
            line, had.billed_seconds + segment.seconds, had.included_seconds + covered, had.charge + charge
        )
    return [*parts.values(), *fees]


def _line(one: TimedCall | DayLine, kind: Kind, price: Decimal, *, capped: bool = False) -> LineId:
    plan_id, version = one.plan
    return LineId(
        kind, one.call_class, one.direction, one.destination, plan_id, version, price.normalize(), capped
    )


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    billed_seconds: int = 0
    included_seconds: int = 0
    charge: Fraction = Fraction(0)


class Meter:
    """Goes through the days of a period in their order. ``fits`` says whether a day's totals are enough."""

    def __init__(self, pools: Pools) -> None:
        self.left = PoolsLeft(pools)
        self._pools = pools
        self._sums: dict[LineId, _Sum] = {}
        self._used = self._charged = 0

    @property
    def so_far(self) -> tuple[int, int]:
        """Seconds used until now, and those of them that no included minutes covered."""
        return self._used, self._charged

    def fits(self, rows: Iterable[DayLine]) -> bool:
        """Whether no included minutes run out in this day, so that the order of its calls does not matter."""
        demand: dict[tuple[int, str], int] = {}
        for row in rows:
            pool = self._first(row)
            if pool is not None:
                demand[pool] = demand.get(pool, 0) + row.billed_seconds
        return all(seconds <= self.left.left(*pool) for pool, seconds in demand.items())

    def take_day(self, rows: Iterable[DayLine]) -> None:
        """Adds a day that fits."""
        for row in rows:
            drawn = self._drawn(row.plan, row.call_class, row.chargeable, row.extension)
            covered = self.left.take(drawn, row.extension, row.billed_seconds)
            line = _line(row, "minutes", row.price_per_minute, capped=row.capped)
            if covered:
                # All of it, for the day fits: no charge, no connect fee (R10).
                self._add(line, row.line_calls, CallPart(line, row.billed_seconds, covered, Fraction(0)))
                continue
            exact = Fraction(row.price_per_minute) * row.billed_seconds / 60
            charge = Fraction(row.charge) if row.capped else exact
            self._add(line, row.line_calls, CallPart(line, row.billed_seconds, 0, charge))
            if row.connect_fee > 0 and row.calls:
                fees = _line(row, "connect_fees", row.connect_fee)
                self._add(fees, row.calls, CallPart(fees, 0, 0, Fraction(row.connect_fee) * row.calls))

    def take_calls(self, calls: Iterable[TimedCall]) -> dict[UUID, int]:
        """Adds all billed calls of a day; the included seconds of each call."""
        included: dict[UUID, int] = {}
        for call in sorted(calls, key=lambda one: (one.answered_at, one.call_id)):
            drawn = self._drawn(call.plan, call.call_class, call.rated.chargeable, call.extension)
            covered = self.left.take(drawn, call.extension, call.rated.billed_seconds)
            included[call.call_id] = covered
            for part in parts_of_call(call, covered):
                self._add(part.line, 1, part)
        return included

    def lines(self) -> tuple[Minutes, ...]:
        """Lines so far, in a fixed order."""
        return tuple(
            Minutes(line, one.calls, one.billed_seconds, one.included_seconds, one.charge)
            for line, one in sorted(self._sums.items())
        )

    def _drawn(self, plan: PlanKey, call_class: str, chargeable: bool, extension: str) -> tuple[int, ...]:
        return self._pools.drawn_by(plan, call_class, chargeable, extension)

    def _first(self, row: DayLine) -> tuple[int, str] | None:
        drawn = self._drawn(row.plan, row.call_class, row.chargeable, row.extension)
        return self.left.first(drawn, row.extension)

    def _add(self, line: LineId, calls: int, part: CallPart) -> None:
        one = self._sums.setdefault(line, _Sum())
        one.calls += calls
        one.billed_seconds += part.billed_seconds
        one.included_seconds += part.included_seconds
        one.charge += part.charge
        if line.counts:
            self._used += part.billed_seconds
            self._charged += part.billed_seconds - part.included_seconds


def meter_period(
    rows: Iterable[DayLine], calls_on: Mapping[date, Sequence[TimedCall]], pools: Pools
) -> tuple[Minutes, ...]:
    """Lines of a period from its rollup and the calls of (at least) the days in which included minutes run out."""
    meter = Meter(pools)
    by_day: dict[date, list[DayLine]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    for day in sorted(by_day):
        if meter.fits(by_day[day]):
            meter.take_day(by_day[day])
        else:
            meter.take_calls(calls_on[day])
    return meter.lines()


def day_lines(day: date, call: TimedCall) -> list[DayLine]:
    """The rollup's rows of one call; rows that differ in their counts alone are added up."""
    rated = call.rated

    def row(
        price: Decimal, fee: Decimal, seconds: int, begins: bool, charge: Decimal, capped: bool
    ) -> DayLine:
        return DayLine(
            day=day,
            plan=call.plan,
            call_class=call.call_class,
            direction=call.direction,
            destination=call.destination,
            price_per_minute=price,
            connect_fee=fee,
            capped=capped,
            chargeable=rated.chargeable,
            extension=call.extension,
            calls=int(begins),
            line_calls=1,
            billed_seconds=seconds,
            charge=charge,
        )

    zero = Decimal(0)
    if not rated.segments:
        return []
    if rated.capped and rated.cap is not None:
        rest = rated.cap - rated.connect_fee
        return [row(rated.price_per_minute, rated.connect_fee, rated.billed_seconds, True, rest, True)]
    by_price: dict[Decimal, int] = {}
    for segment in rated.segments:
        price = segment.price_per_minute
        by_price[price] = by_price.get(price, 0) + segment.seconds
    return [
        row(price, zero if position else rated.connect_fee, seconds, position == 0, zero, False)
        for position, (price, seconds) in enumerate(by_price.items())
    ]
