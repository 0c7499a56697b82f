"""A mail in words, without its dress: what a language's catalogue makes of facts."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from services.notifications.domain.facts import Facts
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the small table: ``Amount``, ``$148.94``."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text throughout: whoever dresses it as HTML escapes it. The first paragraph says what happened."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    figures: tuple[Figure, ...]
    button: str | None  # None: there is no page for the addressee


class Formats(Protocol):
    """Numbers and dates in the tenant's locale and zone (design/ui.md, Numbers and dates)."""

    def money(self, amount: Money) -> str: ...

    def number(self, value: Decimal | int, places: int | None = None) -> str: ...

    def day(self, day: date) -> str: ...

    def day_of(self, at: datetime) -> str:
        """The calendar day of an instant in the tenant's zone."""
        ...

    def local_day(self, at: datetime) -> date:
        """The same day as a date."""
        ...

    def moment(self, at: datetime) -> str:
        """Day, time and the zone's name."""
        ...

    def listed(self, items: tuple[str, ...]) -> str:
        """``A, B and C`` in the language's way."""
        ...


class Wording(Protocol):
    """All texts of one language. Adding a language is one module with this interface."""

    language: str

    def letter(self, facts: Facts, *, provider: str, tenant: str, formats: Formats) -> Letter:
        """``tenant`` is named to the provider only."""
        ...

    def frame(self, *, provider: str, to_provider: bool = False) -> "Frame": ...


@dataclass(frozen=True, slots=True)
class Frame:
    """The words around every letter of a language. ``questions``: None where the addressee is the one to ask."""

    greeting: str
    questions: str | None
    phone: str
    sent_by: str
