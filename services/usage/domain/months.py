"""Months in which calls are stored: of UTC, by the instant that gives a call its period (R8)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime


def month_of(at: datetime) -> date:
    """The first day of an instant's month in UTC."""
    moment = at.astimezone(UTC)
    return date(moment.year, moment.month, 1)


def next_month(month: date) -> date:
    """The first day of the month after ``month``, which is a first day itself."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def begins(month: date) -> datetime:
    """The instant at which a month begins; it ends where the next one begins."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def months_of(instants: Iterable[datetime]) -> list[date]:
    """The months that hold these instants, oldest first."""
    # Few months, many calls: the digest of year and month comes before anything that costs.
    return [
        date(year, month, 1)
        for year, month in sorted({(one.year, one.month) for one in (at.astimezone(UTC) for at in instants)})
    ]
