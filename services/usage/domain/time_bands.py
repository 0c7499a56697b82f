"""Time bands of a provider: peak, off-peak, weekend, holiday, by local time of its zone (R9).

A band is a name and when it holds; the first that matches wins, and ``""`` is the time that none covers. Bands follow the wall
clock: in the hour that a change to winter time repeats, each of the two passes has the band of its wall time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REST = ""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_QUARTER = timedelta(minutes=15)


def minutes_of(clock: str) -> int:
    """``18:30`` as minutes after midnight; ``24:00`` is the end of the day. Raises ``ValueError``."""
    hours, _, minutes = clock.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(hours) == 2 and len(minutes) == 2):
        raise ValueError(clock)
    found = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or found > 1440:
        raise ValueError(clock)
    return found


@dataclass(frozen=True, slots=True)
class Band:
    """When a band holds: on these weekdays (0 Monday to 6 Sunday) and, if ``holidays``, on public holidays.

    Minutes after local midnight, half-open ``[begins, ends)``; 0 and 1440 are the whole day; ``begins`` after
    ``ends`` goes over midnight: its second half belongs to the day on which it began.
    """

    name: str
    days: frozenset[int]
    begins: int = 0
    ends: int = 1440
    holidays: bool = False

    def on_day(self, weekday: int, holiday: bool) -> bool:
        """A public holiday counts as a holiday only, never as its weekday."""
        return self.holidays if holiday else weekday in self.days


@dataclass(frozen=True, slots=True)
class BandCalendar:
    """Bands in order, the zone they are read in, and which days are public holidays."""

    zone: ZoneInfo
    bands: Sequence[Band]
    is_holiday: Callable[[date], bool]

    def band_at(self, at: datetime) -> str:
        """The band at an instant."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, before = local.date(), local.date() - timedelta(days=1)
        for band in self.bands:
            over_midnight = band.begins >= band.ends
            if self._holds(band, today) and (minute >= band.begins and (over_midnight or minute < band.ends)):
                return band.name
            if over_midnight and minute < band.ends and self._holds(band, before):
                return band.name
        return REST

    def _holds(self, band: Band, day: date) -> bool:
        return band.on_day(day.weekday(), self.is_holiday(day))

    def changes(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
        """(Instant, band from then on) for ``[start, end)``, the first at ``start``; only where the band changes."""
        last = self.band_at(start)
        yield start, last
        for at in sorted(self._edges(start, end)):
            band = self.band_at(at)
            if band != last:
                last = band
                yield at, band

    def _edges(self, start: datetime, end: datetime) -> set[datetime]:
        """Every instant after ``start`` and before ``end`` at which the band may change."""
        minutes = {0} | {edge % 1440 for band in self.bands for edge in (band.begins, band.ends)}
        found: set[datetime] = set()
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            for minute in minutes:
                wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=self.zone)
                found |= {wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
            day += timedelta(days=1)
        if start.astimezone(self.zone).utcoffset() != end.astimezone(self.zone).utcoffset():
            # The clock is changed in between, which happens at a quarter of an hour everywhere.
            at = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            while at < end:
                found.add(at)
                at += _QUARTER
        return {at for at in found if start < at < end}
