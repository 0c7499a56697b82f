"""Usage's unit of work: one transaction with its repositories."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.adapters.calls import SqlCalls
from services.usage.adapters.decks import DeckCache, SqlDecks
from services.usage.adapters.directory import SqlDirectory
from services.usage.adapters.imports import SqlImports
from services.usage.adapters.invoices import SqlInvoices
from services.usage.adapters.legs import SqlLegs
from services.usage.adapters.lines import SqlLines
from services.usage.adapters.mapping import SqlMapping
from services.usage.adapters.months import KnownMonths, SqlMonths
from services.usage.adapters.periods import SqlPeriods
from services.usage.adapters.quarantine import SqlQuarantine
from services.usage.adapters.re_ratings import SqlReRatings
from services.usage.adapters.remembered import RememberedDirectories
from services.usage.adapters.running import SqlRunning
from services.usage.adapters.said import SqlSaid
from services.usage.use_cases.ports import PLACEABLE_REASONS, ArchivePort
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId

SOURCE = "/tollgate/usage"

_UNDER_WAY = text(
    "SELECT (SELECT count(*) FROM period_close WHERE provider_id = :provider_id AND dirty)"
    " + (SELECT count(*) FROM quarantine q JOIN directory d ON d.provider_id = q.provider_id"
    " WHERE q.provider_id = :provider_id AND q.state = 'waiting' AND q.reason = ANY(CAST(:reasons AS text[]))"
    " AND q.directory_version < d.version)"
    " + (SELECT count(*) FROM re_rating WHERE provider_id = :provider_id AND state = 'running')"
)


class SqlUsageWork(SqlUnitOfWork):
    """Fulfils ``use_cases.ports.UsageWork``."""

    directory: SqlDirectory
    calls: SqlCalls
    decks: SqlDecks
    lines: SqlLines
    months: SqlMonths
    said: SqlSaid
    invoices: SqlInvoices
    legs: SqlLegs
    mapping: SqlMapping
    re_ratings: SqlReRatings
    running: SqlRunning
    periods: SqlPeriods
    quarantine: SqlQuarantine
    imports: SqlImports

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        source: str,
        clock: Clock | None = None,
        known: KnownMonths,
        decks: DeckCache,
        remembered: RememberedDirectories,
    ) -> None:
        super().__init__(engine, source=source, clock=clock)
        self._known = known
        self._deck_cache = decks
        self._remembered = remembered

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.directory = SqlDirectory(self.connection, self._remembered)
        self.months = SqlMonths(self.connection, self._known)
        self.said = SqlSaid(self.connection)
        self.invoices = SqlInvoices(self.connection)
        self.calls = SqlCalls(self.connection, self.months)
        self.legs = SqlLegs(self.connection)
        self.mapping = SqlMapping(self.connection)
        self.decks = SqlDecks(self.connection, self._deck_cache)
        self.lines = SqlLines(self.connection)
        self.re_ratings = SqlReRatings(self.connection)
        self.running = SqlRunning(self.connection)
        self.periods = SqlPeriods(self.connection)
        self.quarantine = SqlQuarantine(self.connection)
        self.imports = SqlImports(self.connection)
        return self

    @property
    def archive(self) -> ArchivePort:
        """Loaded when it is asked for: Arrow alone is a third of the service's memory, and few need it."""
        from services.usage.adapters.archive import SqlArchive

        return SqlArchive(self.connection)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._known.forget()
        await super().__aexit__(kind, error, trace)


def work_opener(engine: AsyncEngine, clock: Clock | None = None) -> Callable[[], SqlUsageWork]:
    """Opens one unit of work after another on an engine."""
    known, decks, remembered = KnownMonths(), DeckCache(), RememberedDirectories()
    return lambda: SqlUsageWork(
        engine, source=SOURCE, clock=clock, known=known, decks=decks, remembered=remembered
    )


async def count_under_way(engine: AsyncEngine, provider_id: ProviderId) -> int:
    """Ended periods whose newest totals were not said yet, and records that a change has made placeable."""
    async with engine.connect() as connection:
        found = await connection.execute(
            _UNDER_WAY, {"provider_id": provider_id, "reasons": list(PLACEABLE_REASONS)}
        )
        return int(found.scalar_one())
