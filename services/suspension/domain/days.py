"""The ladder's calendar: day n of an invoice begins at a local midnight, and paused midnights do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Invoice, Pause

# Who was told less than this before a midnight is not suspended at that midnight but at the next one.
SHORTEST_NOTICE = timedelta(hours=12)
_LONGEST_LADDER_DAYS = 5000


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which ``day`` begins in ``zone`` (R45)."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days of the ladder in a tenant's zone, under its pauses."""

    zone: ZoneInfo
    pauses: Sequence[Pause]

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def overdue_at(self, invoice: Invoice) -> datetime:
        """The next local midnight after the due day (R45); no pause moves it."""
        return midnight(invoice.due_on + timedelta(days=1), self.zone)

    def begins(self, invoice: Invoice, day: int) -> datetime | None:
        """The instant at which ``day`` of the invoice's ladder begins (R46).

        Each local midnight after the due day counts one, unless it lies in a pause of the invoice (R48).
        None: a pause without an end keeps it away.
        """
        if day <= 0:
            return midnight(invoice.due_on + timedelta(days=day), self.zone)
        pauses = [pause for pause in self.pauses if pause.covers(invoice)]
        counted = 0
        for offset in range(1, _LONGEST_LADDER_DAYS):
            at = midnight(invoice.due_on + timedelta(days=offset), self.zone)
            holding = [pause for pause in pauses if pause.holds_at(at)]
            if any(pause.until is None for pause in holding):
                return None
            counted += not holding
            if counted == day:
                return at
        return None

    def day_of(self, invoice: Invoice, now: datetime) -> int:
        """The ladder's day of an invoice at ``now``: negative before the due day, paused days left out."""
        calendar_day = (self.today(now) - invoice.due_on).days
        if calendar_day <= 0:
            return calendar_day
        pauses = [pause for pause in self.pauses if pause.covers(invoice)]
        midnights = (
            midnight(invoice.due_on + timedelta(days=offset), self.zone)
            for offset in range(1, calendar_day + 1)
        )
        return sum(not any(pause.holds_at(at) for pause in pauses) for at in midnights)

    def notice_ends(self, told_at: datetime) -> datetime:
        """The first local midnight that is at least the shortest notice after ``told_at``."""
        earliest = told_at + SHORTEST_NOTICE
        day = earliest.astimezone(self.zone).date()
        at = midnight(day, self.zone)
        return at if at >= earliest else midnight(day + timedelta(days=1), self.zone)
