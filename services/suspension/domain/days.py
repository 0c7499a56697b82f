"""The ladder's calendar: day n of an invoice begins at a local midnight, and paused midnights do not count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Invoice, Pause
from services.suspension.domain.policy import Policy

# Who was told less than this before a midnight is not suspended at that midnight but at the next one.
SHORTEST_NOTICE = timedelta(hours=12)
_LONGEST_LADDER_DAYS = 5000
_LONGEST_QUIET_DAYS = 400
_DAY = timedelta(days=1)

# (holidays of a policy, day) -> is nobody at work on that day, for a weekend and for a holiday.
IsWeekend = Callable[[str | None, date], bool]
IsHoliday = Callable[[str, date], bool]


def saturday_or_sunday(_: str | None, day: date) -> bool:
    """The weekend where no country is known."""
    return day.weekday() >= 5


def no_holidays(_: str, __: date) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """What the policies' holidays mean; an adapter knows the countries'."""

    is_weekend: IsWeekend = saturday_or_sunday
    is_holiday: IsHoliday = no_holidays


PLAIN_DAYS = WorkingDays()


@lru_cache(maxsize=65536)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which ``day`` begins in ``zone`` (R45)."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days of the ladder in a tenant's zone, under its pauses and its policy's quiet days."""

    zone: ZoneInfo
    pauses: Sequence[Pause]
    policy: Policy = Policy()  # noqa: RUF009 (frozen)
    working: WorkingDays = PLAIN_DAYS

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def overdue_at(self, invoice: Invoice) -> datetime:
        """The next local midnight after the due day (R45); no pause moves it."""
        return midnight(invoice.due_on + _DAY, self.zone)

    def counts(self, day: date) -> bool:
        """Whether a day is one of those that the policy counts."""
        if self.policy.counting == "calendar":
            return True
        return not (
            self.working.is_weekend(self.policy.holidays, day)
            or (self.policy.holidays is not None and self.working.is_holiday(self.policy.holidays, day))
            or day in self.policy.quiet_dates
        )

    def is_quiet(self, day: date) -> bool:
        """Whether nobody is barred on that day."""
        policy = self.policy
        return (
            (policy.quiet_weekends and self.working.is_weekend(policy.holidays, day))
            or (policy.holidays is not None and self.working.is_holiday(policy.holidays, day))
            or day in policy.quiet_dates
        )

    def not_quiet(self, at: datetime) -> datetime | None:
        """``at``, or the first local midnight after it that begins no quiet day; None: there is none in a year."""
        day = self.today(at)
        if not self.is_quiet(day):
            return at
        for offset in range(1, _LONGEST_QUIET_DAYS):
            if not self.is_quiet(day + timedelta(days=offset)):
                return midnight(day + timedelta(days=offset), self.zone)
        return None

    def first_barring(self, invoice: Invoice, at: datetime) -> datetime | None:
        """``at``, or the first local midnight after it that begins no quiet day and lies in no pause of the invoice.

        None: a pause without an end keeps it away. What a quiet day or a late notice puts off must not fall into a
        debit or a dispute that began meanwhile (R48).
        """
        pauses = self._pauses_of(invoice)
        # Each round leaves at least one pause behind.
        for _ in range(len(pauses) + 1):
            put_off = self.not_quiet(at)
            if put_off is None:
                return None
            holding = [pause.until for pause in pauses if pause.holds_at(put_off)]
            if not holding:
                return put_off
            ends = [until for until in holding if until is not None]
            if len(ends) < len(holding):
                return None
            at = self._midnight_from(max(ends))
        return None

    def begins(self, invoice: Invoice, day: int) -> datetime | None:
        """The instant at which ``day`` of the invoice's ladder begins (R46).

        Each local midnight after the due day counts one, unless it lies in a pause of the invoice (R48) or begins a
        day that the policy does not count. None: a pause without an end keeps it away.
        """
        if day <= 0:
            return midnight(self._before_due(invoice.due_on, -day), self.zone)
        pauses = self._pauses_of(invoice)
        if not pauses and self.policy.counting == "calendar":
            return midnight(invoice.due_on + timedelta(days=day), self.zone)
        counted = 0
        for offset in range(1, _LONGEST_LADDER_DAYS):
            at = midnight(invoice.due_on + timedelta(days=offset), self.zone)
            holding = [pause for pause in pauses if pause.holds_at(at)]
            if any(pause.until is None for pause in holding):
                return None
            counted += not holding and self.counts(invoice.due_on + timedelta(days=offset))
            if counted == day:
                return at
        return None

    def _before_due(self, due_on: date, days: int) -> date:
        """The earliest day from which exactly ``days`` counted days lead up to the due day, it included."""
        if self.policy.counting == "calendar" or days == 0:
            return due_on - timedelta(days=days)
        day, left = due_on, days
        for _ in range(_LONGEST_LADDER_DAYS):
            left -= self.counts(day)
            day -= _DAY
            if left <= 0 and self.counts(day):
                break
        return day

    def day_of(self, invoice: Invoice, now: datetime) -> int:
        """The ladder's day of an invoice at ``now``: negative before the due day, uncounted days left out."""
        calendar_day = (self.today(now) - invoice.due_on).days
        if calendar_day <= 0:
            if self.policy.counting == "calendar":
                return calendar_day
            return -sum(self.counts(invoice.due_on - timedelta(days=back)) for back in range(-calendar_day))
        pauses = self._pauses_of(invoice)
        if not pauses and self.policy.counting == "calendar":
            return calendar_day
        return sum(
            self.counts(invoice.due_on + timedelta(days=offset))
            and not any(
                pause.holds_at(midnight(invoice.due_on + timedelta(days=offset), self.zone))
                for pause in pauses
            )
            for offset in range(1, calendar_day + 1)
        )

    def _pauses_of(self, invoice: Invoice) -> list[Pause]:
        return [pause for pause in self.pauses if pause.covers(invoice)]

    def notice_ends(self, told_at: datetime) -> datetime:
        """The first local midnight that is at least the shortest notice after ``told_at``."""
        return self._midnight_from(told_at + SHORTEST_NOTICE)

    def _midnight_from(self, earliest: datetime) -> datetime:
        """``earliest`` if a local day begins then, else the next local midnight."""
        day = self.today(earliest)
        at = midnight(day, self.zone)
        return at if at >= earliest else midnight(day + _DAY, self.zone)
