"""Clocks are passed in. Only ``SystemClock`` reads the machine's time (rules of time, design/product.md)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives the present instant, always with the zone UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """Real time. Signatures, tokens and live providers use it (R53)."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SetClock:
    """A clock that stands where it was put; for tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which ``day`` begins in ``zone``, as UTC.

    Where a change to summer time skips midnight, the first instant of that day: a skipped wall time read with
    the offset before the gap is the instant at which the gap ends.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The calendar day of an instant in ``zone``."""
    return at.astimezone(zone).date()
