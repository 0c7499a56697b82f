"""From a metered call to its price: class and row of the deck in force at its answer, the plan's terms, the bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from uuid import UUID

from services.usage.domain.deck import Deck, DeckVersion, Rate, version_on
from services.usage.domain.rating import RatedCall, RateTerms, billed_length, rate_call
from services.usage.domain.records import Direction
from services.usage.domain.tenants import FREE_CLASSES, PlanTerms
from services.usage.domain.time_bands import BandCalendar


class NoRate(Exception):
    """A call that would be charged has no rate: it waits, it is never free (R7)."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """Time bands from a day on; of equal days the newest version holds."""

    effective_from: date
    version: int
    calendar: BandCalendar


@dataclass(frozen=True, slots=True)
class RateBook:
    """What a provider's calls are rated by: versions of its decks, those of them that are loaded, time bands.

    Days of effect are days of the provider's zone.
    """

    zone: tzinfo = UTC
    versions: Mapping[str, Sequence[DeckVersion]] = field(default_factory=dict)
    decks: Mapping[UUID, Deck] = field(default_factory=dict)
    calendars: Sequence[CalendarVersion] = ()
    # What was worked out for one batch: calls of one price, and those of one length too, are rated once.
    priced: dict[tuple[object, ...], RateTerms | None] = field(default_factory=dict, compare=False)
    rated: dict[tuple[object, ...], "Rating"] = field(default_factory=dict, compare=False)

    def day_of(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def find(self, deck: str, number: str, direction: Direction, day: date) -> Rate | None:
        """The row of a deck that rates a number on a day."""
        version = version_on(self.versions.get(deck, ()), day)
        return None if version is None else self.decks[version.version_id].rate(number, direction, day)

    def calendar_on(self, day: date) -> BandCalendar | None:
        in_force = [one for one in self.calendars if one.effective_from <= day]
        newest = max(in_force, key=lambda one: (one.effective_from, one.version), default=None)
        return None if newest is None else newest.calendar


@dataclass(frozen=True, slots=True)
class Rating:
    """How a call was rated. ``destination`` and the deck's row are None without a deck.

    ``known_class``: the class without a deck, where the deck's has replaced it.
    """

    call_class: str
    rated: RatedCall
    destination: str | None = None
    version_id: UUID | None = None
    prefix: str | None = None
    known_class: str | None = None

    @property
    def class_without_deck(self) -> str:
        return self.known_class or self.call_class


class _NotPriced:
    """Nobody has asked yet; None is an answer, that there is no rate."""


_NOT_PRICED = _NotPriced()


def rate_placed_call(
    *,
    known_class: str,
    direction: Direction,
    number: str,
    talk_ms: int,
    answered_at: datetime,
    terms: PlanTerms,
    book: RateBook,
) -> Rating:
    """Rates a call that is billed. ``known_class``: what is known without a deck: internal, emergency, toll_free,
    external; ``number`` is the called number of an outbound call and the tenant's own of an inbound one (R6).

    Raises ``NoRate``. Unanswered calls never do: nothing is billed (R3).
    """
    rate = None
    if terms.rated_by_deck and known_class not in FREE_CLASSES:
        rate = book.find(terms.deck, number, direction, book.day_of(answered_at))
    call_class = rate.call_class if rate else known_class
    # One look-up each: the hash of such a key costs more than anything else here.
    alike = (terms.key, known_class, rate)
    priced = book.priced.get(alike, _NOT_PRICED)
    if isinstance(priced, _NotPriced):
        priced = book.priced[alike] = terms.terms_of(call_class, rate.terms if rate else None)
    if priced is None:
        if talk_ms <= 0:
            return Rating(call_class, RatedCall(0))
        raise NoRate(_no_rate(terms, number, direction, book.day_of(answered_at), book))
    day = book.day_of(answered_at) if priced.bands or priced.band_fees else None
    calendar = None if day is None else book.calendar_on(day)
    if day is not None and calendar is None:
        if talk_ms <= 0:
            return Rating(call_class, RatedCall(0))
        raise NoRate(
            f"The rate of prefix {rate.prefix if rate else ''} has time bands, and the provider has none on {day}; set them"
            " at `time-bands`, and the record is taken by itself."
        )
    length = None if calendar is not None else (*alike, billed_length(talk_ms, priced))
    if length is not None and (known := book.rated.get(length)) is not None:
        return known
    rated = rate_call(talk_ms, priced, answered_at=answered_at, calendar=calendar)
    chargeable = terms.uses_included(call_class, costs=rated.chargeable)
    rated = RatedCall(rated.billed_seconds, rated.segments, rated.connect_fee, rated.cap, chargeable)
    if rate is None:
        rating = Rating(call_class, rated)
    else:
        rating = Rating(call_class, rated, rate.destination, rate.version_id, rate.prefix, known_class)
    if length is not None:
        book.rated[length] = rating
    return rating


def _no_rate(terms: PlanTerms, number: str, direction: Direction, day: date, book: RateBook) -> str:
    if version_on(book.versions.get(terms.deck, ()), day) is None:
        what = f"No rate deck {terms.deck!r} is in force on {day}"
    else:
        what = f"Deck {terms.deck!r} has no {direction} rate for {number} on {day}"
    return f"{what}; upload one that has, effective then or earlier, and the record is taken by itself."
