"""Usage's unit of work: one transaction with its repositories."""

from collections.abc import Callable
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.adapters.calls import SqlCalls
from services.usage.adapters.directory import SqlDirectory
from services.usage.adapters.imports import SqlImports
from services.usage.adapters.periods import SqlPeriods
from services.usage.adapters.quarantine import SqlQuarantine
from services.usage.use_cases.ports import PLACEABLE_REASONS
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId

SOURCE = "/tollgate/usage"

_UNDER_WAY = text(
    "SELECT (SELECT count(*) FROM period_close WHERE provider_id = :provider_id AND dirty)"
    " + (SELECT count(*) FROM quarantine q JOIN directory d ON d.provider_id = q.provider_id"
    " WHERE q.provider_id = :provider_id AND q.state = 'waiting' AND q.reason = ANY(CAST(:reasons AS text[]))"
    " AND q.directory_version < d.version)"
)


class SqlUsageWork(SqlUnitOfWork):
    """Fulfils ``use_cases.ports.UsageWork``."""

    directory: SqlDirectory
    calls: SqlCalls
    periods: SqlPeriods
    quarantine: SqlQuarantine
    imports: SqlImports

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.directory = SqlDirectory(self.connection)
        self.calls = SqlCalls(self.connection)
        self.periods = SqlPeriods(self.connection)
        self.quarantine = SqlQuarantine(self.connection)
        self.imports = SqlImports(self.connection)
        return self


def work_opener(engine: AsyncEngine, clock: Clock | None = None) -> Callable[[], SqlUsageWork]:
    """Opens one unit of work after another on an engine."""
    return lambda: SqlUsageWork(engine, source=SOURCE, clock=clock)


async def count_under_way(engine: AsyncEngine, provider_id: ProviderId) -> int:
    """Ended periods whose newest totals were not said yet, and records that a change has made placeable."""
    async with engine.connect() as connection:
        found = await connection.execute(
            _UNDER_WAY, {"provider_id": provider_id, "reasons": list(PLACEABLE_REASONS)}
        )
        return int(found.scalar_one())
