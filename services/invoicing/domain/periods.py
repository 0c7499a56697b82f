"""Billing periods: half-open ranges of local days, anchored on a day of the month (rules of money; R55)."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """``[start, end)`` in the tenant's zone; ``full_days`` is the length from anchor to anchor around it (R22)."""

    start: date
    end: date
    full_days: int

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def share(self) -> tuple[int, int]:
        """Days used over days from anchor to anchor."""
        return self.days, self.full_days

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)


def anchor_in(year: int, month: int, anchor_day: int) -> date:
    """The anchor of a month; a missing day is the month's last (R55)."""
    return date(year, month, min(anchor_day, calendar.monthrange(year, month)[1]))


def next_anchor(after: date, anchor_day: int) -> date:
    """The first anchor later than ``after``."""
    here = anchor_in(after.year, after.month, anchor_day)
    if here > after:
        return here
    year, month = (after.year + 1, 1) if after.month == 12 else (after.year, after.month + 1)
    return anchor_in(year, month, anchor_day)


def anchor_at_or_before(day: date, anchor_day: int) -> date:
    """The last anchor not later than ``day``."""
    here = anchor_in(day.year, day.month, anchor_day)
    if here <= day:
        return here
    year, month = (day.year - 1, 12) if day.month == 1 else (day.year, day.month - 1)
    return anchor_in(year, month, anchor_day)


def period_from(start: date, anchor_day: int, *, trial_ends_on: date | None = None) -> Period:
    """The period that begins on ``start``: up to the next anchor, or to the end of a trial before it (R44)."""
    end = next_anchor(start, anchor_day)
    full = (end - anchor_at_or_before(start, anchor_day)).days
    if trial_ends_on is not None and start < trial_ends_on < end:
        end = trial_ends_on
    return Period(start, end, full)


def prorated(amount: Decimal, period: Period) -> Decimal:
    """Exact share of a monthly price (R22); rounding is the line's business."""
    used, full = period.share
    return amount * used / full
