"""A provider's suspension policy, and which policies are refused."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.suspension.domain.account import Stage
from shared.errors import Invalid

Inbound = Literal["announce", "reject"]
Counting = Literal["calendar", "business"]
Jurisdiction = Literal["US", "EU", "UK"]

MOST_DAYS = 365
MOST_REMINDERS = 20
MOST_QUIET_DATES = 366


@dataclass(frozen=True, slots=True)
class Policy:
    """Days count from the due day (R46). ``smallest_minor`` is in minor units of the tenant's currency (R47).

    ``grace_days``: both directions are barred on that day. ``outbound_after_days``: optional earlier stage in which
    inbound calls still work. ``terminate_after_days``: the provider is asked whether to end the contract; nothing
    ends by itself. ``inbound``: what callers of a barred tenant get.
    ``counting``: calendar days, or business days (no weekend, no holiday, no date of ``quiet_dates``).
    Nobody is barred on a quiet day: on a weekend (``quiet_weekends``), a holiday of ``holidays`` (ISO 3166, a country or
    country-region like US-NY), or one of ``quiet_dates``; the barring waits for the next other day.
    ``debit_lifts``, ``dispute_lifts``: such a pause also lifts a suspension (R48: normally not).
    ``unusual_international_bars``: usage's alert stops international calls until local midnight or a release.
    ``jurisdiction`` says which preset the figures came from; it changes nothing.
    Raises ``Invalid`` naming the field for a policy that would suspend before the due day or without notice.
    """

    grace_days: int = 14
    outbound_after_days: int | None = None
    reminder_days: tuple[int, ...] = (-3, 0, 3, 7, 12)
    smallest_minor: int = 0
    inbound: Inbound = "announce"
    terminate_after_days: int | None = None
    counting: Counting = "calendar"
    quiet_weekends: bool = False
    holidays: str | None = None
    quiet_dates: tuple[date, ...] = ()
    debit_lifts: bool = False
    dispute_lifts: bool = False
    unusual_international_bars: bool = False
    jurisdiction: Jurisdiction | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.grace_days <= MOST_DAYS:
            raise Invalid(f"Choose 1 to {MOST_DAYS} days after the due day.", field="grace_days")
        if self.outbound_after_days is not None and not 1 <= self.outbound_after_days < self.grace_days:
            raise Invalid(
                "Bar outbound calls at least one day after the due day and before grace_days, or leave it out.",
                field="outbound_after_days",
            )
        if (
            self.terminate_after_days is not None
            and not self.grace_days < self.terminate_after_days <= 2 * MOST_DAYS
        ):
            raise Invalid(
                f"Propose the end of the contract after grace_days and within {2 * MOST_DAYS} days.",
                field="terminate_after_days",
            )
        if self.smallest_minor < 0:
            raise Invalid("The smallest amount cannot be negative.", field="smallest_amount_minor")
        if len(self.quiet_dates) > MOST_QUIET_DATES:
            raise Invalid(f"Give at most {MOST_QUIET_DATES} dates.", field="quiet_dates")
        self._check_reminders()

    def _check_reminders(self) -> None:
        days = self.reminder_days
        if list(days) != sorted(set(days)) or len(days) > MOST_REMINDERS:
            raise Invalid(
                f"Give at most {MOST_REMINDERS} different days in rising order.", field="reminder_days"
            )
        if any(abs(day) > MOST_DAYS for day in days):
            raise Invalid(f"Keep within {MOST_DAYS} days of the due day.", field="reminder_days")
        if not days or days[0] >= self.first_barred_day:
            raise Invalid(
                f"Nobody may be suspended without notice: add a day before day {self.first_barred_day}.",
                field="reminder_days",
            )

    @property
    def first_barred_day(self) -> int:
        return self.grace_days if self.outbound_after_days is None else self.outbound_after_days

    @property
    def barred_stages(self) -> tuple[tuple[Stage, int], ...]:
        """(stage, its day), the gravest first."""
        both = (Stage.BOTH_BARRED, self.grace_days)
        if self.outbound_after_days is None:
            return (both,)
        return both, (Stage.OUTBOUND_BARRED, self.outbound_after_days)


def preset(jurisdiction: Jurisdiction, country: str) -> Policy:
    """Defaults for a jurisdiction, to be changed and confirmed by counsel (design facts: README, Presets).

    ``country`` (ISO 3166-1) is whose holidays are quiet days in the EU. None of it is legal advice, and none of
    it applies unless a provider asks for it.
    """
    if jurisdiction == "US":
        return Policy(terminate_after_days=60, quiet_weekends=True, holidays="US", jurisdiction="US")
    if jurisdiction == "UK":
        return Policy(
            grace_days=28,
            outbound_after_days=14,
            reminder_days=(-3, 0, 3, 7, 12, 21),
            terminate_after_days=60,
            counting="business",
            quiet_weekends=True,
            holidays="GB",
            jurisdiction="UK",
        )
    return Policy(
        grace_days=44,
        outbound_after_days=14,
        reminder_days=(-3, 0, 3, 7, 12, 30),
        terminate_after_days=74,
        quiet_weekends=True,
        holidays=country,
        jurisdiction="EU",
    )
