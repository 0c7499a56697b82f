"""From an outbox to a handled event at a steady rate, beside a bare publish and consume over the same broker."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import make_engine
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.envelope import CONTENT_TYPE, Envelope
from shared.events.invoicing import ClockAdvanced
from shared.ids import EventId, ProviderId, new_id
from shared.messaging.broker import CONFIRM_TIMEOUT_SECONDS, declare_topology, make_broker
from shared.messaging.relay import Relay
from shared.messaging.topology import EVENTS
from shared.settings import Settings
from tests.bench.figures import Figures, percentile
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.house import make_tables

RATE = 200
SECONDS = 10
WARM_SECONDS = 1
ROOT = Path(__file__).resolve().parents[2]
SOURCE = "tollgate/bench"
Send = Callable[[ClockAdvanced], Awaitable[None]]


async def send_steadily(send: Send, rate: int, seconds: float) -> float:
    """Sends at a fixed rate, whether or not earlier ones are done (no coordinated omission); the rate kept.

    Each event carries the real instant at which its sending began, so the wait for a connection counts.
    """
    provider = ProviderId(new_id())
    begun = time.monotonic()
    under_way: list[asyncio.Task[None]] = []

    async def one() -> None:
        await send(ClockAdvanced(provider_id=provider, now=datetime.now(UTC)))

    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        under_way.append(asyncio.create_task(one()))
    await asyncio.gather(*under_way)
    return len(under_way) / (time.monotonic() - begun)


class Receiver:
    """What the receiving process tells."""

    def __init__(self, out: asyncio.StreamReader) -> None:
        self._out = out

    async def latencies(self) -> list[tuple[int, int]]:
        """(sent, latency) of every event in microseconds, once all were seen."""
        async with asyncio.timeout(100):
            found: list[tuple[int, int]] = orjson.loads(await self._out.readline())
        return found


@asynccontextmanager
async def receiving(kind: str, database_url: str, broker_url: str, events: int) -> AsyncIterator[Receiver]:
    """The receiving process, ready; it ends by itself once it saw all events."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.handling_process", kind, database_url, broker_url, str(events)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert (await process.stdout.readline()).strip() == b"ready"
        yield Receiver(process.stdout)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def warm_ms(latencies: list[tuple[int, int]]) -> list[float]:
    """Latencies in ms of what was sent after the first moments, in which connections are made."""
    begun = min(sent for sent, _ in latencies)
    return [took / 1000 for sent, took in latencies if sent - begun > WARM_SECONDS * 1_000_000]


async def through_outbox(
    engine: AsyncEngine, database_url: str, broker_url: str
) -> tuple[list[float], float]:
    """Each event in a transaction of its own, the relay beside it, the inbox at the other end."""
    broker = make_broker(broker_url, prefetch=5)
    relay = Relay(engine, broker, database_url=database_url)
    await broker.connect()
    relaying = asyncio.create_task(relay.run())

    async def send(event: ClockAdvanced) -> None:
        async with SqlUnitOfWork(engine, source=SOURCE) as work:
            work.emit(event, time=event.now)

    events = RATE * (SECONDS + WARM_SECONDS)
    try:
        async with receiving("outbox", database_url, broker_url, events) as receiver:
            rate = await send_steadily(send, RATE, SECONDS + WARM_SECONDS)
            latencies = await receiver.latencies()
    finally:
        relay.stop()
        await relaying
        await broker.stop()
    async with engine.connect() as connection:
        effects = (await connection.execute(text("SELECT count(*) FROM seen"))).scalar_one()
        waiting = (
            await connection.execute(text("SELECT count(*) FROM outbox WHERE published_at IS NULL"))
        ).scalar_one()
    assert (len(latencies), effects, waiting) == (events, events, 0)
    return warm_ms(latencies), rate


async def bare(database_url: str, broker_url: str) -> tuple[list[float], float]:
    """Published with confirms straight away and acknowledged when read: no database on either side."""
    broker = make_broker(broker_url, prefetch=5)
    await broker.connect()

    async def send(event: ClockAdvanced) -> None:
        envelope = Envelope.of(
            event, event_id=EventId(new_id()), source=SOURCE, time=event.now, sent_at=event.now
        )
        await broker.publish(
            envelope.to_bytes(),
            exchange=EVENTS,
            routing_key=event.TYPE,
            mandatory=True,
            persist=True,
            timeout=CONFIRM_TIMEOUT_SECONDS,
            message_id=str(envelope.id),
            content_type=CONTENT_TYPE,
            headers={"x-attempt": 0},
        )

    events = RATE * (SECONDS // 2 + WARM_SECONDS)
    try:
        async with receiving("bare", database_url, broker_url, events) as receiver:
            rate = await send_steadily(send, RATE, SECONDS // 2 + WARM_SECONDS)
            latencies = await receiver.latencies()
    finally:
        await broker.stop()
    assert len(latencies) == events
    return warm_ms(latencies), rate


async def test_outbox_to_handled_event(
    figures: Figures, fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """Every event is handled once; how long each took from before its transaction to after its handler's commit."""
    database_url = await fresh_database("usage")
    broker_url = (await fresh_vhost()).broker_url
    engine = make_engine(database_url, pool=Settings.model_fields["database_pool"].default)
    await make_tables(engine)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE seen (at timestamptz NOT NULL)"))
    await declare_topology(broker_url)
    try:
        handled, rate = await through_outbox(engine, database_url, broker_url)
        read, bare_rate = await bare(database_url, broker_url)
    finally:
        await engine.dispose()
    typical, slow = percentile(handled, 50), percentile(handled, 99)
    bare_typical, bare_slow = percentile(read, 50), percentile(read, 99)
    figures.add(
        "outbox to handled event",
        f"p50 {typical:.1f} ms, p99 {slow:.1f} ms",
        goal="p99 < 50 ms",
        beside=f"{len(handled)} events at {rate:.0f}/s, 3 queues each",
    )
    figures.add(
        "the same without outbox and inbox",
        f"p50 {bare_typical:.1f} ms, p99 {bare_slow:.1f} ms",
        beside=f"{len(read)} events at {bare_rate:.0f}/s, confirmed",
    )
    figures.add(
        "ratio of the two",
        f"p50 {typical / bare_typical:.1f}, p99 {slow / bare_slow:.1f}",
    )
