"""What a call costs: terms of a deck row and a plan, increments in time bands, connect fee, cap (R5, R9 to R12).

Exact arithmetic throughout: prices are Decimal in major units a minute, charges are Fraction until they are shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from services.usage.domain.billed_time import billed_seconds
from services.usage.domain.time_bands import REST, BandCalendar

_ZERO = Decimal(0)
_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices a minute by seconds into the call: ``steps`` are (up to second, price), then ``last`` (R11)."""

    last: Decimal
    steps: tuple[tuple[int, Decimal], ...] = ()

    def price_at(self, second: int) -> Decimal:
        """The price of an increment that begins ``second`` seconds into the billed time."""
        for up_to, price in self.steps:
            if second < up_to:
                return price
        return self.last

    def free(self) -> bool:
        return self.last == 0 and all(price == 0 for _, price in self.steps)


@dataclass(frozen=True, slots=True)
class RateTerms:
    """All that prices one call; what a deck row leaves out is None until the plan has filled it.

    ``bands`` and ``band_fees`` replace tariff and connect fee in the time bands that they name. ``cap`` is the most
    that one call costs, connect fee in it.
    """

    tariff: Tariff
    connect_fee: Decimal = _ZERO
    minimum_seconds: int | None = None
    increment_seconds: int | None = None
    bands: tuple[tuple[str, Tariff], ...] = ()
    band_fees: tuple[tuple[str, Decimal], ...] = ()
    cap: Decimal | None = None

    def tariff_in(self, band: str) -> Tariff:
        for name, tariff in self.bands:
            if name == band:
                return tariff
        return self.tariff

    def fee_in(self, band: str) -> Decimal:
        for name, fee in self.band_fees:
            if name == band:
                return fee
        return self.connect_fee


@dataclass(frozen=True, slots=True)
class Override:
    """What a plan says about a class in place of the deck (R5); None leaves the deck's."""

    price_per_minute: Decimal | None = None
    connect_fee: Decimal | None = None
    minimum_seconds: int | None = None
    increment_seconds: int | None = None


def override(
    terms: RateTerms, by: Override | None, minimum_seconds: int, increment_seconds: int
) -> RateTerms:
    """A row's terms with the plan's figures in their place (R5), then the plan's general minimum and increment.

    A plan's price replaces every price of the row: bands and steps too. The row's cap stays.
    """
    if by is not None:
        if by.price_per_minute is not None:
            terms = replace(terms, tariff=Tariff(by.price_per_minute), bands=())
        if by.connect_fee is not None:
            terms = replace(terms, connect_fee=by.connect_fee, band_fees=())
        if by.minimum_seconds is not None:
            terms = replace(terms, minimum_seconds=by.minimum_seconds)
        if by.increment_seconds is not None:
            terms = replace(terms, increment_seconds=by.increment_seconds)
    return replace(
        terms,
        minimum_seconds=minimum_seconds if terms.minimum_seconds is None else terms.minimum_seconds,
        increment_seconds=increment_seconds if terms.increment_seconds is None else terms.increment_seconds,
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """Billed seconds of a call at one price, in the order of time."""

    seconds: int
    price_per_minute: Decimal
    band: str = REST


@dataclass(frozen=True, slots=True)
class RatedCall:
    """A call's billed time and price, before included minutes. ``segments`` is empty when nothing is billed (R3)."""

    billed_seconds: int
    segments: tuple[Segment, ...] = ()
    connect_fee: Decimal = _ZERO
    cap: Decimal | None = None
    chargeable: bool = False

    @property
    def price_per_minute(self) -> Decimal:
        """Of the first increment."""
        return self.segments[0].price_per_minute if self.segments else _ZERO

    @property
    def capped(self) -> bool:
        """Whether the cap is less than what time and fee would cost."""
        return self.cap is not None and time_charge(self.segments) + Fraction(self.connect_fee) > Fraction(
            self.cap
        )

    @property
    def charge(self) -> Fraction:
        """Exact, connect fee in it, major units (R12)."""
        return charge_after(self, 0).total


@dataclass(frozen=True, slots=True)
class ChargedCall:
    """A call after included minutes: what is left of each segment, and why it costs what it costs."""

    segments: tuple[Segment, ...]
    connect_fee: Decimal
    time_charge: Fraction
    capped: bool
    total: Fraction = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.time_charge + Fraction(self.connect_fee))


def time_charge(segments: Iterable[Segment]) -> Fraction:
    """Exact sum of seconds x price / 60."""
    return sum((Fraction(one.price_per_minute) * one.seconds / 60 for one in segments), Fraction(0))


def charge_after(call: RatedCall, included_seconds: int) -> ChargedCall:
    """The call's charge when its first ``included_seconds`` are included minutes.

    Wholly covered: nothing, no connect fee either (R10). Partly: the rest of its segments and the whole fee, then
    the cap.
    """
    if included_seconds >= call.billed_seconds:
        return ChargedCall((), _ZERO, Fraction(0), False)
    left = rest_of(call.segments, included_seconds)
    charge = time_charge(left)
    if call.cap is not None and charge + Fraction(call.connect_fee) > Fraction(call.cap):
        return ChargedCall(left, call.connect_fee, Fraction(call.cap - call.connect_fee), True)
    return ChargedCall(left, call.connect_fee, charge, False)


def rest_of(segments: Sequence[Segment], skipped: int) -> tuple[Segment, ...]:
    """Segments without their first ``skipped`` seconds."""
    left: list[Segment] = []
    for one in segments:
        taken = min(skipped, one.seconds)
        skipped -= taken
        if one.seconds > taken:
            left.append(replace(one, seconds=one.seconds - taken))
    return tuple(left)


def billed_length(talk_ms: int, terms: RateTerms) -> int:
    """Billed seconds of one call (R1, R3, R4). Raises ``ValueError`` for terms without a minimum or an increment."""
    if terms.minimum_seconds is None or terms.increment_seconds is None:
        raise ValueError("terms need a minimum and an increment in seconds")
    return billed_seconds(
        talk_ms, minimum_seconds=terms.minimum_seconds, increment_seconds=terms.increment_seconds
    )


def rate_call(
    talk_ms: int,
    terms: RateTerms,
    *,
    answered_at: datetime | None = None,
    calendar: BandCalendar | None = None,
) -> RatedCall:
    """Billed seconds and segments of one call (R1, R3, R4, R9, R11).

    Billed time is rounded once; the minimum is the first increment, and each increment takes the band, and the step
    of its tariff, in which it begins, counted from the answer. Minimum and increment must be set in ``terms``.
    Raises ``ValueError`` for terms without them, or with bands and no calendar.
    """
    billed = billed_length(talk_ms, terms)
    minimum, increment = terms.minimum_seconds or 0, terms.increment_seconds or 0
    if billed == 0:
        return RatedCall(0)
    bands: list[tuple[int, str]] = [(0, REST)]
    if terms.bands or terms.band_fees:
        if answered_at is None or calendar is None:
            raise ValueError("time bands need the answer and a calendar")
        bands = _band_offsets(answered_at, billed, calendar)
    segments = _segments(billed, minimum, increment, terms, bands)
    fee = terms.fee_in(bands[0][1])
    return RatedCall(
        billed_seconds=billed,
        segments=segments,
        connect_fee=fee,
        cap=terms.cap,
        chargeable=fee > 0 or any(one.price_per_minute > 0 for one in segments),
    )


def _band_offsets(answered_at: datetime, billed: int, calendar: BandCalendar) -> list[tuple[int, str]]:
    """(Second of the call from which a band holds, its name): an increment that begins then has it already."""
    found = []
    for at, band in calendar.changes(answered_at, answered_at + timedelta(seconds=billed)):
        microseconds = (at - answered_at) // timedelta(microseconds=1)
        found.append((-(-microseconds // 1_000_000), band))
    return found


def _segments(
    billed: int, minimum: int, increment: int, terms: RateTerms, bands: Sequence[tuple[int, str]]
) -> tuple[Segment, ...]:
    """Cut at the first increment that begins in another band or step."""
    cuts = {0}
    for offset, _ in bands:
        cuts.add(_next_beginning(offset, minimum, increment))
    for tariff in [terms.tariff, *(one for _, one in terms.bands)]:
        cuts |= {_next_beginning(up_to, minimum, increment) for up_to, _ in tariff.steps}
    starts = sorted(cut for cut in cuts if cut < billed)
    made: list[Segment] = []
    for position, start in enumerate(starts):
        ends = starts[position + 1] if position + 1 < len(starts) else billed
        band = [name for offset, name in bands if offset <= start][-1]
        price = terms.tariff_in(band).price_at(start)
        if made and (made[-1].price_per_minute, made[-1].band) == (price, band):
            made[-1] = replace(made[-1], seconds=made[-1].seconds + ends - start)
        else:
            made.append(Segment(ends - start, price, band))
    return tuple(made)


def _next_beginning(second: int, minimum: int, increment: int) -> int:
    """The first second at or after ``second`` at which an increment begins."""
    if second <= 0:
        return 0
    first = minimum if minimum > 0 else increment
    if second <= first:
        return first
    return first + -(-(second - first) // increment) * increment


def shown(charge: Fraction, places: Decimal = _MICRO) -> Decimal:
    """A charge to 6 places, half up (R12, R30)."""
    with localcontext() as context:
        context.prec = 60
        return (Decimal(charge.numerator) / Decimal(charge.denominator)).quantize(places, ROUND_HALF_UP)
