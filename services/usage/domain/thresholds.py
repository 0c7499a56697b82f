"""When a tenant's usage of the running period came to a limit (alerts at 50, 80, 100 %, spend, unusual traffic)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from services.usage.domain.included import Pool

PERCENTS = (50, 80, 100)
# A spend alert is one figure that the provider chose: it is said when it is reached, not before.
ALERT_PERCENTS = (100,)

Kind = Literal["included_minutes", "spend", "spend_limit", "unusual_international"]

# Sudden international traffic: today's seconds above the larger of an hour and three times the busiest of 28 days.
UNUSUAL_FLOOR_SECONDS = 3600
UNUSUAL_TIMES = 3
UNUSUAL_DAYS = 28


@dataclass(frozen=True, slots=True)
class Limits:
    """A tenant's limits of spend in minor units; None: there is none."""

    spend_alert_minor: int | None
    spend_limit_minor: int | None

    def least(self, said: frozenset[str]) -> Fraction | None:
        """The smallest spend at which something is to be said that was not said yet."""
        amounts = [
            Fraction(amount * percent, 100)
            for kind, percent, amount in self._all()
            if _name(kind, str(amount), percent) not in said
        ]
        return min(amounts, default=None)

    def _all(self) -> list[tuple[Kind, int, int]]:
        found: list[tuple[Kind, int, int]] = []
        if self.spend_alert_minor is not None:
            found += [("spend", percent, self.spend_alert_minor) for percent in ALERT_PERCENTS]
        if self.spend_limit_minor is not None:
            found += [("spend_limit", percent, self.spend_limit_minor) for percent in PERCENTS]
        return found


@dataclass(frozen=True, slots=True)
class Reached:
    """A threshold that is to be said; ``name`` is what makes it once a period."""

    name: str
    kind: Kind
    subject: str
    percent: int
    used: int
    limit: int


def _name(kind: Kind, subject: str, percent: int) -> str:
    return f"{kind}/{subject}/{percent}"


def spend_reached(spend_minor: Fraction, limits: Limits, said: frozenset[str]) -> list[Reached]:
    """Spend thresholds that this spend has come to. A changed limit is a new one, and is said again."""
    found = []
    for kind, percent, amount in limits._all():
        name = _name(kind, str(amount), percent)
        if name not in said and spend_minor * 100 >= amount * percent:
            found.append(Reached(name, kind, "usage", percent, int(spend_minor), amount))
    return found


def minutes_reached(pools: Sequence[Pool], used: Mapping[int, int], said: frozenset[str]) -> list[Reached]:
    """Percents of included minutes that are used up. Of minutes that are each extension's own: by the first of them."""
    found = []
    for position, pool in enumerate(pools):
        for percent in PERCENTS:
            name = _name("included_minutes", pool.name, percent)
            seconds = used.get(position, 0)
            if name not in said and pool.seconds > 0 and seconds * 100 >= pool.seconds * percent:
                found.append(Reached(name, "included_minutes", pool.name, percent, seconds, pool.seconds))
    return found


def standing_warnings(
    spend_minor: Fraction,
    limits: Limits,
    pools: Sequence[Pool],
    used: Mapping[int, int],
    said: frozenset[str],
    day: date,
) -> list[Reached]:
    """What has been reached as things stand, said or not: of each kind and subject the highest percent alone.

    Of unusual traffic what was said about ``day``; what it was measured against has passed.
    """
    highest: dict[tuple[Kind, str], Reached] = {}
    nothing: frozenset[str] = frozenset()
    for one in (*minutes_reached(pools, used, nothing), *spend_reached(spend_minor, limits, nothing)):
        highest[one.kind, one.subject] = one
    name = _name("unusual_international", str(day), 100)
    unusual = [Reached(name, "unusual_international", str(day), 100, 0, 0)] if name in said else []
    return [*highest.values(), *unusual]


def seconds_until(pools: Sequence[Pool], used: Mapping[int, int], said: frozenset[str]) -> int | None:
    """How many more chargeable seconds it takes at least until more of the included minutes is to be said.

    A second more of demand uses up at most one second of any pool, whatever calls it displaces. None: never.
    """
    waits = []
    for position, pool in enumerate(pools):
        for percent in PERCENTS:
            if pool.seconds > 0 and _name("included_minutes", pool.name, percent) not in said:
                waits.append(max(1, -(-pool.seconds * percent // 100) - used.get(position, 0)))
    return min(waits, default=None)


def unusual_international(
    day: date, seconds_by_day: Mapping[date, int], said: frozenset[str]
) -> Reached | None:
    """International seconds of a day against what the tenant's own 28 days before allow."""
    before = [seconds_by_day.get(day - timedelta(days=back), 0) for back in range(1, UNUSUAL_DAYS + 1)]
    allowed = max(UNUSUAL_FLOOR_SECONDS, UNUSUAL_TIMES * max(before))
    today = seconds_by_day.get(day, 0)
    name = _name("unusual_international", str(day), 100)
    if today <= allowed or name in said:
        return None
    return Reached(name, "unusual_international", str(day), 100, today // 60, allowed // 60)
