"""A provider's suspension policy, and which policies are refused."""

from dataclasses import dataclass
from typing import Literal

from services.suspension.domain.account import Stage
from shared.errors import Invalid

Inbound = Literal["announce", "reject"]

MOST_DAYS = 365
MOST_REMINDERS = 20


@dataclass(frozen=True, slots=True)
class Policy:
    """Days count from the due day (R46). ``smallest_minor`` is in minor units of the tenant's currency (R47).

    ``grace_days``: both directions are barred on that day. ``outbound_after_days``: optional earlier stage in which
    inbound calls still work. ``inbound``: what callers of a barred tenant get.
    Raises ``Invalid`` naming the field for a policy that would suspend before the due day or without notice.
    """

    grace_days: int = 14
    outbound_after_days: int | None = None
    reminder_days: tuple[int, ...] = (-3, 0, 3, 7, 12)
    smallest_minor: int = 0
    inbound: Inbound = "announce"

    def __post_init__(self) -> None:
        if not 1 <= self.grace_days <= MOST_DAYS:
            raise Invalid(f"Choose 1 to {MOST_DAYS} days after the due day.", field="grace_days")
        if self.outbound_after_days is not None and not 1 <= self.outbound_after_days < self.grace_days:
            raise Invalid(
                "Bar outbound calls at least one day after the due day and before grace_days, or leave it out.",
                field="outbound_after_days",
            )
        if self.smallest_minor < 0:
            raise Invalid("The smallest amount cannot be negative.", field="smallest_amount_minor")
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
