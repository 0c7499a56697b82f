"""Billing periods: half-open local days, anchored on a day of the month (R45, R55)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from shared.clock import local_midnight


@dataclass(frozen=True, slots=True)
class Span:
    """Local days ``[start, end)`` of a billing period; ``month_days`` is the whole month from anchor to anchor."""

    start: date
    end: date
    month_days: int

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def share(self) -> Fraction:
        """Part of the month that the period covers: days used over days from anchor to anchor (R22)."""
        return min(Fraction(self.days, self.month_days), Fraction(1))


def anchor_in(year: int, month: int, anchor_day: int) -> date:
    """The anchor of a month; a missing day is the month's last day (R55)."""
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def _step(day: date, months: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return year, month + 1


def next_anchor(day: date, anchor_day: int) -> date:
    """The first anchor after ``day``."""
    here = anchor_in(day.year, day.month, anchor_day)
    return here if here > day else anchor_in(*_step(day, 1), anchor_day)


def previous_anchor(day: date, anchor_day: int) -> date:
    """The last anchor before ``day``."""
    here = anchor_in(day.year, day.month, anchor_day)
    return here if here < day else anchor_in(*_step(day, -1), anchor_day)


def span_from(start: date, anchor_day: int) -> Span:
    """The period that begins on ``start`` and runs to the next anchor; short when ``start`` is no anchor (R22)."""
    end = next_anchor(start, anchor_day)
    return Span(start, end, (end - previous_anchor(end, anchor_day)).days)


def begins_at(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return local_midnight(day, zone)


def due_on(issued_on: date, terms_days: int) -> date:
    """Issue day plus the terms (R45)."""
    return issued_on + timedelta(days=terms_days)


def overdue_at(due: date, zone: ZoneInfo) -> datetime:
    """The local midnight that ends the due day (R45)."""
    return local_midnight(due + timedelta(days=1), zone)
