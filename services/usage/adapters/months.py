"""One partition of `call` a month: made ahead and on demand, taken out when its calls are in a file.

A month is made apart and then attached, which lets recording go on; `CREATE TABLE … PARTITION OF` would stop it.
"""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.domain.months import begins, next_month
from shared.ids import ProviderId

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('months of calls', 0))")
_ATTACHED = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST('call' AS regclass) ORDER BY c.relname"
)
_ARCHIVED = text(
    "SELECT month_start FROM archived_month"
    " WHERE provider_id = :provider_id AND month_start = ANY(CAST(:months AS date[]))"
)


def partition_name(month: date) -> str:
    """``call_2026_04``."""
    return f"call_{month:%Y_%m}"


def month_of_partition(name: str) -> date:
    """The month of ``call_2026_04``."""
    _, year, month = name.split("_")
    return date(int(year), int(month), 1)


class KnownMonths:
    """Months that this process saw attached. Forgotten after any failure: an operator may have archived one."""

    def __init__(self) -> None:
        self._months: frozenset[date] = frozenset()

    def missing(self, months: Iterable[date]) -> list[date]:
        return [month for month in months if month not in self._months]

    def add(self, months: Iterable[date]) -> None:
        self._months |= set(months)

    def forget(self) -> None:
        self._months = frozenset()


class SqlMonths:
    """The months of this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection, known: KnownMonths) -> None:
        self._connection = connection
        self._known = known

    async def attached(self) -> list[date]:
        """The months that hold calls or wait for them, oldest first."""
        return [month_of_partition(row.relname) for row in await self._connection.execute(_ATTACHED)]

    async def provide(self, months: Collection[date]) -> int:
        """Makes the months that are missing; how many. To be called before the transaction writes calls."""
        if not self._known.missing(months):
            return 0
        missing = set(months) - set(await self.attached())
        if missing:
            # Two processes meet the first call of a month at once: the second finds it made.
            await self._connection.execute(_LOCK)
            missing -= set(await self.attached())
        for month in sorted(missing):
            await self._make(month)
        self._known.add(months)
        return len(missing)

    async def _make(self, month: date) -> None:
        name, start, end = partition_name(month), begins(month), begins(next_month(month))
        await self._connection.execute(
            text(f"CREATE TABLE {name} (LIKE call INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        )
        await self._connection.execute(
            text(
                f"ALTER TABLE call ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
        )

    async def archived(self, provider_id: ProviderId, months: Collection[date]) -> set[date]:
        """Which of these months a provider's calls were moved to a file."""
        rows = await self._connection.execute(_ARCHIVED, {"provider_id": provider_id, "months": list(months)})
        return set(rows.scalars())
