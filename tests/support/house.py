"""A small service of the tests' own, to try the house's messaging without any business."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from faststream.rabbit import RabbitBroker
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import make_engine
from shared.db.tables import make_metadata
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.envelope import Envelope, Event
from shared.events.invoicing import ClockAdvanced
from shared.ids import ProviderId
from shared.messaging.broker import declare_topology, make_broker
from shared.messaging.consumers import Consumers
from shared.messaging.relay import Relay
from shared.messaging.topology import SUBSCRIPTIONS

SERVICE = "usage"
Handle = Callable[[SqlUnitOfWork, Any, Envelope], Awaitable[None]]


def moved(provider_id: ProviderId, year: int) -> ClockAdvanced:
    """An event for the tests; the year tells them apart."""
    return ClockAdvanced(provider_id=provider_id, now=datetime(year, 1, 1, tzinfo=UTC))


async def count_effect(work: SqlUnitOfWork, event: ClockAdvanced, _: Envelope) -> None:
    """The test service's effect: one more on the event's year."""
    await work.connection.execute(
        text(
            "INSERT INTO effect VALUES (:year, 1) ON CONFLICT (year) DO UPDATE SET times = effect.times + 1"
        ),
        {"year": event.now.year},
    )


async def make_tables(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(make_metadata().create_all)
        await connection.execute(
            text("CREATE TABLE IF NOT EXISTS effect (year int PRIMARY KEY, times int NOT NULL)")
        )


async def effects(engine: AsyncEngine) -> dict[int, int]:
    """How often each year's event took effect."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT year, times FROM effect"))
        return {row.year: row.times for row in rows}


@dataclass
class House:
    """Database, relay and consumers of the test service, running."""

    engine: AsyncEngine
    relay: Relay
    consumers: Consumers[SqlUnitOfWork]
    consumer_broker: RabbitBroker
    relay_broker: RabbitBroker
    broker_url: str
    seen: list[UUID] = field(default_factory=list)

    def work(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self.engine, source="tollgate/test")

    async def emit(self, *events: Event) -> None:
        async with self.work() as work:
            for event in events:
                work.emit(event, time=datetime.now(UTC))


@asynccontextmanager
async def running_house(
    database_url: str, broker_url: str, handle: Handle = count_effect, *, relaying: bool = True
) -> AsyncIterator[House]:
    """Starts the test service; stops it at the end."""
    engine = make_engine(database_url, pool=6)
    await make_tables(engine)
    await declare_topology(broker_url)
    relay_broker, consumer_broker = make_broker(broker_url, prefetch=5), make_broker(broker_url, prefetch=8)
    relay = Relay(engine, relay_broker, database_url=database_url)

    async def nothing(_: SqlUnitOfWork, __: Any, ___: Envelope) -> None:
        return None

    handlers: dict[type[Event], Handle] = dict.fromkeys(SUBSCRIPTIONS[SERVICE], nothing)
    handlers[ClockAdvanced] = handle
    consumers = Consumers(
        SERVICE, consumer_broker, lambda: SqlUnitOfWork(engine, source="tollgate/test"), handlers
    )
    await relay_broker.connect()
    await consumer_broker.start()
    house = House(engine, relay, consumers, consumer_broker, relay_broker, broker_url)
    task = asyncio.create_task(relay.run()) if relaying else None
    try:
        yield house
    finally:
        relay.stop()
        consumers.stop()
        if task is not None:
            await task
        await consumer_broker.stop()
        await relay_broker.stop()
        await engine.dispose()


async def until(what: str, holds: Callable[[], Awaitable[bool]], *, seconds: float = 20.0) -> None:
    """Waits for a condition with a deadline."""
    async with asyncio.timeout(seconds) as deadline:
        while not await holds():
            await asyncio.sleep(0.02)
    assert not deadline.expired(), what
