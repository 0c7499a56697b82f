"""Test clocks on their way, and the stepper that moves them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.peers import Peers
from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.use_cases.advance_clock import counts, move_clock, next_stop, unfinished
from shared.errors import Conflict, NotFound
from shared.ids import ProviderId
from shared.messaging.progress import OwnWork, Progress, progress

log = structlog.get_logger(__name__)
LOOK_AGAIN_SECONDS = 0.03

_CREATE = text(
    "INSERT INTO clock_advance (provider_id, since, target_at, waiting_for, arrived)"
    " VALUES (:p, :since, :target, '[]', true) ON CONFLICT DO NOTHING RETURNING provider_id"
)
_TARGET = text(
    "UPDATE clock_advance SET target_at = GREATEST(target_at, :target), arrived = false WHERE provider_id = :p"
)
_WAIT = text(
    "UPDATE clock_advance SET waiting_for = :w, arrived = :arrived WHERE provider_id = :p"
).bindparams(bindparam("w", type_=JSONB))
_STATE = text(
    "SELECT clock_advance.*, now_at FROM clock_advance JOIN provider_clock USING (provider_id) WHERE provider_id = :p"
)
_MOVING = text(
    "SELECT clock_advance.*, now_at FROM clock_advance JOIN provider_clock USING (provider_id)"
    " WHERE NOT arrived ORDER BY provider_id"
)


@dataclass(frozen=True)
class TestClock:
    """Where a provider's clock stands and where it goes; ``since`` (real time) bounds the events that are counted."""

    provider_id: ProviderId
    now: datetime
    target: datetime
    since: datetime
    waiting_for: list[str]
    arrived: bool


def _clock(row: Any) -> TestClock:
    return TestClock(row.provider_id, row.now_at, row.target_at, row.since, row.waiting_for, row.arrived)


async def create_clock(work: InvoicingWork, provider_id: ProviderId, now: datetime) -> None:
    """Puts the provider on a test clock. Raises ``Conflict`` once it has tenants or a clock that is further."""
    provider = await work.catalogue.provider(provider_id)
    if await work.catalogue.tenants(provider.provider_id):
        found = (await work.connection.execute(_STATE, {"p": provider_id})).first()
        if found is None:
            raise Conflict(
                "A provider with tenants cannot be put on a test clock; use a provider made for tests."
            )
        raise Conflict("The test clock runs already; move it with test-clock/advance.")
    values = {"p": provider_id, "since": provider_created(provider.raw, work.system_now()), "target": now}
    if (await work.connection.execute(_CREATE, values)).first() is None:
        await work.connection.execute(_TARGET, {"p": provider_id, "target": now})
    await move_clock(work, provider_id, now)


def provider_created(_: dict[str, Any], now: datetime) -> datetime:
    """Events are counted from here: the start of the day before is surely before the provider's first event."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


async def set_target(work: InvoicingWork, provider_id: ProviderId, to: datetime) -> TestClock:
    """Raises ``NotFound`` without a clock, ``Conflict`` when it would go back (R53)."""
    clock = await read_clock(work, provider_id)
    if to < clock.now:
        raise Conflict(
            f"The test clock stands at {clock.now.isoformat()} and only moves forward.", field="to"
        )
    await work.connection.execute(_TARGET, {"p": provider_id, "target": to})
    return await read_clock(work, provider_id)


async def read_clock(work: InvoicingWork, provider_id: ProviderId) -> TestClock:
    await work.catalogue.provider(provider_id)
    row = (await work.connection.execute(_STATE, {"p": provider_id})).first()
    if row is None:
        raise NotFound("This provider runs on real time; put it on a test clock first.")
    return _clock(row)


class ClockStepper:
    """Moves clocks towards their targets, one due instant at a time."""

    def __init__(self, engine: AsyncEngine, peers: Peers, own_work: OwnWork) -> None:
        self._engine = engine
        self._peers = peers
        self._own_work = own_work

    async def step(self) -> int:
        """One look at every clock that is on its way; 0 when none is."""
        async with self._engine.connect() as connection:
            moving = [_clock(row) for row in await connection.execute(_MOVING)]
        moved = await asyncio.gather(*(self._one(clock) for clock in moving))
        if moving and not any(moved):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return len(moving)

    async def _look(self, clock: TestClock) -> tuple[list[Progress], list[str]]:
        found, silent = await self._peers.progress(clock.provider_id, clock.since)
        found.append(
            await progress(self._engine, "invoicing", clock.provider_id, clock.since, self._own_work)
        )
        return found, silent + unfinished(found)

    async def _one(self, clock: TestClock) -> bool:
        found, waiting = await self._look(clock)
        if not waiting:
            again, waiting = await self._look(clock)
            if not waiting and counts(found) != counts(again):
                return False
            found = again
        if waiting:
            if waiting != clock.waiting_for:
                log.info("test clock waits", provider_id=str(clock.provider_id), waiting_for=waiting)
                await self._note(clock, waiting, arrived=False)
            return False
        if clock.now >= clock.target:
            await self._note(clock, [], arrived=True)
            return True
        async with InvoicingWork(self._engine) as work:
            await move_clock(work, clock.provider_id, next_stop(found, clock.now, clock.target))
        return True

    async def _note(self, clock: TestClock, waiting: list[str], *, arrived: bool) -> None:
        async with self._engine.begin() as connection:
            # A target that moved meanwhile is not reached.
            values = {"p": clock.provider_id, "w": waiting}
            row = (await connection.execute(_STATE, {"p": clock.provider_id})).one()
            await connection.execute(_WAIT, {**values, "arrived": arrived and row.target_at <= row.now_at})
