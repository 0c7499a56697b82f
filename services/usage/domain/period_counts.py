"""Periods and what was provisioned in them: short periods (R17), peaks and days of extensions and DIDs (R18, R19)."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from services.usage.domain.tenants import Resource


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, the month's last day where it is missing (R55)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def anchor_on_or_before(day: date, anchor_day: int) -> date:
    """The last anchor that is not after ``day``; a missing anchor day is the month's last (R55)."""
    for back in (0, -1):
        month = add_months(day.replace(day=1), back)
        anchor = month.replace(day=min(anchor_day, monthrange(month.year, month.month)[1]))
        if anchor <= day:
            return anchor
    raise AssertionError("every month has an anchor")


def anchor_after(day: date, anchor_day: int) -> date:
    """The first anchor after ``day``."""
    for ahead in (0, 1):
        month = add_months(day.replace(day=1), ahead)
        anchor = month.replace(day=min(anchor_day, monthrange(month.year, month.month)[1]))
        if anchor > day:
            return anchor
    raise AssertionError("every month has an anchor")


def share_of_period(start: date, end: date, *, begins_short: bool) -> Fraction:
    """What ``[start, end)`` is of a whole period, by its days; 1 unless it is short (R17).

    ``begins_short``: the period began between two anchors (the tenant's first, or after a trial), so that its
    month is counted back from its end; else it was cut at its end and its month is counted from its start.
    """
    if add_months(start, 1) == end or add_months(end, -1) == start:
        return Fraction(1)
    month = (end - add_months(end, -1)).days if begins_short else (add_months(start, 1) - start).days
    return min(Fraction((end - start).days, month), Fraction(1))


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


def days_held(resources: Collection[Resource], start: date, end: date, zone: ZoneInfo) -> int:
    """Sum over resources of the local days of ``[start, end)`` in which each was held at some time (R18).

    The days of provisioning and of release count both (R23: the day of cancelling is charged); a value that is given
    up and taken again on one day counts that day once.
    """
    days: dict[tuple[str, str], set[date]] = {}
    for one in resources:
        first = max(one.valid_from.astimezone(zone).date(), start)
        last = end - timedelta(days=1)
        if one.valid_to is not None:
            # Given up at midnight: the day that begins then was not held.
            last = min(last, (one.valid_to.astimezone(zone) - timedelta(microseconds=1)).date())
        if one.valid_to is not None and one.valid_to <= one.valid_from:
            continue
        held = days.setdefault((one.kind, one.value), set())
        held |= {first + timedelta(days=offset) for offset in range(max(0, (last - first).days + 1))}
    return sum(len(held) for held in days.values())
