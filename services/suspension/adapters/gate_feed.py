"""Keeps the gate's memory like the database: LISTEN/NOTIFY, a periodic reload, and a reload after each reconnect.

While the database is away the memory stays as it was and the health note says so; the gate keeps answering (a phone
must not stop because billing does).
"""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncGenerator, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.suspension.adapters.gate_memory import Entry, GateMemory
from services.suspension.adapters.numbers import international
from services.suspension.adapters.work import GATE_CHANNEL
from services.suspension.domain.account import Stage
from services.suspension.domain.gate import Line
from shared.ids import ProviderId, TenantId

log = structlog.get_logger(__name__)

Row = Mapping[str, Any]
CHECK_SECONDS = 2.0
RECONNECT_SECONDS = 0.3
# More changes than this at a time: reading everything is cheaper.
_MOST_SUBJECTS = 2000
# Rows that are built between two turns of the event loop, and rows that one trip to the database brings.
_PART = 100
_FETCHED = 1000

_LINES = """
SELECT t.tenant_id, t.provider_id, t.country, t.sip_domain, t.account_codes, t.closed_on IS NOT NULL AS closed,
       COALESCE(s.stage, 'none') AS stage, s.cause,
       COALESCE(s.international_barred, false) AS international_barred, e.at AS emergency_at,
       COALESCE(own.inbound, general.inbound, 'announce') AS inbound
FROM tenant t
LEFT JOIN standing s ON s.tenant_id = t.tenant_id
LEFT JOIN emergency_call e ON e.tenant_id = t.tenant_id
LEFT JOIN policy own ON own.provider_id = t.provider_id AND own.scope_id = t.tenant_id
LEFT JOIN policy general ON general.provider_id = t.provider_id AND general.scope_id = t.provider_id
"""
_PROVIDERS = "SELECT provider_id, country, support_phone, reachable_numbers FROM provider"
_SOME_LINES = text(_LINES + " WHERE t.tenant_id = ANY(:subjects) OR t.provider_id = ANY(:subjects)")
_ALL_PROVIDERS = text(_PROVIDERS)
_SOME_PROVIDERS = text(_PROVIDERS + " WHERE provider_id = ANY(:subjects)")


class GateFeed:
    """One task that writes the memory, woken by notifications."""

    def __init__(
        self,
        engine: AsyncEngine,
        memory: GateMemory,
        *,
        database_url: str,
        reload_seconds: float,
        call_back_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._database_url = database_url
        self._reload_seconds = reload_seconds
        self._call_back_seconds = call_back_seconds
        self._monotonic = monotonic
        self._changed: set[UUID] = set()
        self._wake = asyncio.Event()
        self._read_all_at = float("-inf")
        self._in_touch_at: float | None = None
        self._following = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="gate-feed")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # -- health -----------------------------------------------------------------------------------------------

    async def check(self) -> str | None:
        """Readiness: there must be a memory to answer from."""
        return None if self._memory.loaded else "not loaded yet: waiting for the database"

    async def note(self) -> str | None:
        """Says so while answers come from a memory that no longer follows the database."""
        if not self._memory.loaded or self._in_touch_at is None:
            return "nothing in memory yet"
        silent = self._monotonic() - self._in_touch_at
        if not self._following or silent > 2 * CHECK_SECONDS:
            return f"stale: out of touch with the database for {silent:.0f} s; answering from the last state"
        return None

    # -- life -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Whatever goes wrong, it begins again: the gate must not stop following because of one bad moment."""
        while True:
            try:
                await self._follow()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("gate memory does not follow now", error=repr(error))
            except SQLAlchemyError as error:
                log.warning("gate memory cannot be read now", error=repr(error))
            except Exception as error:
                log.exception("gate memory failed", error=repr(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        """Listens on a connection of its own; whatever was notified while it was away is read anew first."""
        connection = await asyncpg.connect(self._database_url, timeout=3)
        try:
            await connection.add_listener(GATE_CHANNEL, self._on_notify)
            connection.add_termination_listener(lambda *_: self._wake.set())
            await self.read_all()
            self._following = True
            while not connection.is_closed():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), CHECK_SECONDS)
                self._wake.clear()
                await self._catch_up()
                await connection.execute("SELECT 1", timeout=CHECK_SECONDS)
                self._in_touch_at = self._monotonic()
        finally:
            self._following = False
            connection.terminate()

    def _on_notify(self, _: Any, __: int, ___: str, payload: object) -> None:
        try:
            self._changed.add(UUID(str(payload)))
        except ValueError:
            self._read_all_at = float("-inf")
        self._wake.set()

    async def _catch_up(self) -> None:
        due = self._monotonic() - self._read_all_at >= self._reload_seconds
        if due or len(self._changed) > _MOST_SUBJECTS:
            await self.read_all()
        elif self._changed:
            changed, self._changed = self._changed, set()
            try:
                await self._read(changed)
            except BaseException:
                self._changed |= changed
                raise

    async def read_all(self) -> None:
        """The whole memory anew, in parts, so that calls are answered meanwhile.

        Notifications from before the reading are answered by it; later ones are read after it.
        """
        self._changed = set()
        entries: list[Entry] = []
        async with self._engine.connect() as connection:
            async with contextlib.aclosing(_all_lines(connection)) as parts:
                async for part in parts:
                    entries += [self._memory.known(_entry(row)) for row in part]
                    self._note_emergencies(part)
                    await asyncio.sleep(0)
            providers = await connection.execute(_ALL_PROVIDERS)
        first = not self._memory.loaded
        await self._memory.replace(entries, dict(_reachable(row) for row in providers))
        if first:
            # The lines live as long as the process: the collector need not walk through all of them each time.
            gc.freeze()
        self._read_all_at = self._in_touch_at = self._monotonic()

    async def _read(self, subjects: Collection[UUID]) -> None:
        async with self._engine.connect() as connection:
            some = await connection.execute(_SOME_LINES, {"subjects": list(subjects)})
            lines = [row._asdict() for row in some]
            providers = await connection.execute(_SOME_PROVIDERS, {"subjects": list(subjects)})
        self._note_emergencies(lines)
        self._memory.update((_entry(row) for row in lines), dict(_reachable(row) for row in providers))

    def _note_emergencies(self, lines: Iterable[Row]) -> None:
        for row in lines:
            if row["emergency_at"] is not None:
                until = row["emergency_at"].timestamp() + self._call_back_seconds
                self._memory.note_emergency(TenantId(row["tenant_id"]), until)


async def _all_lines(connection: AsyncConnection) -> AsyncGenerator[Sequence[Row], None]:
    """All rows in parts, by the driver's own cursor: SQLAlchemy's makes a trip for every 50 and an object for each row."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert isinstance(raw, asyncpg.Connection)
    async with raw.transaction():
        cursor = await raw.cursor(_LINES)
        while rows := await cursor.fetch(_FETCHED):
            for start in range(0, len(rows), _PART):
                yield rows[start : start + _PART]


@lru_cache(maxsize=4096)
def _one(value: Hashable) -> Any:
    """The same object for equal values: each row brings its own, a hundred thousand times."""
    return value


def _entry(row: Row) -> Entry:
    line = Line(
        tenant_id=TenantId(row["tenant_id"]),
        provider_id=_one(ProviderId(row["provider_id"])),
        country=_one(row["country"]),
        stage=Stage(row["stage"]),
        inbound=_one(row["inbound"]),
        closed=row["closed"],
        cause=_one(row["cause"]),
        international_barred=row["international_barred"],
    )
    return Entry(
        line, row["sip_domain"].lower(), tuple(code.lower() for code in row["account_codes"] if code)
    )


def _reachable(row: Any) -> tuple[ProviderId, frozenset[str]]:
    numbers = (row.support_phone, *row.reachable_numbers)
    known = (international(number, row.country) for number in numbers if number)
    return ProviderId(row.provider_id), frozenset(number for number in known if number is not None)
