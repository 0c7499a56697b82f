"""From an outbox to a handled event at a steady rate, beside a bare publish and consume over the same broker."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
# Far from what the machine can do: what the path itself takes, without waiting for a core.
EASY_RATE = 50
EASY_SECONDS = 5
WARM_SECONDS = 1
KEPT_ROWS = 50_000
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


@dataclass(frozen=True)
class Received:
    """(sent, latency) of every event, and the receiving process's CPU for all of them; microseconds."""

    latencies: list[tuple[int, int]]
    cpu: int

    def warm_ms(self) -> list[float]:
        """Latencies of what was sent after the first moments, in which connections are made."""
        begun = min(sent for sent, _ in self.latencies)
        return [took / 1000 for sent, took in self.latencies if sent - begun > WARM_SECONDS * 1_000_000]


class Receiver:
    """What the receiving process tells."""

    def __init__(self, out: asyncio.StreamReader) -> None:
        self._out = out

    async def received(self) -> Received:
        """Once all events were seen, or none came any more."""
        async with asyncio.timeout(100):
            return Received(**orjson.loads(await self._out.readline()))


@dataclass(frozen=True)
class Run:
    """One way through the broker. ``rate`` is what the sender kept; CPU in ms an event."""

    ms: list[float]
    rate: float
    sender_cpu_ms: float
    receiver_cpu_ms: float

    @property
    def figure(self) -> str:
        return f"p50 {percentile(self.ms, 50):.1f} ms, p99 {percentile(self.ms, 99):.1f} ms"

    @property
    def beside(self) -> str:
        return (
            f"{len(self.ms)} events at {self.rate:.0f}/s;"
            f" CPU an event: sender {self.sender_cpu_ms:.1f} ms, receiver {self.receiver_cpu_ms:.1f} ms"
        )


async def measured(send: Send, receiver: Receiver, wanted: int, seconds: int) -> Run:
    """Sends all events at the rate and waits for what the receiver says of them."""
    events = wanted * seconds
    before = time.process_time()
    rate = await send_steadily(send, wanted, seconds)
    received = await receiver.received()
    own_cpu_ms = (time.process_time() - before) * 1000
    assert len(received.latencies) == events
    return Run(received.warm_ms(), rate, own_cpu_ms / events, received.cpu / 1000 / events)


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


async def through_outbox(
    engine: AsyncEngine, database_url: str, broker_url: str, wanted: int, seconds: int
) -> Run:
    """Each event in a transaction of its own, the relay beside it, the inbox at the other end."""
    broker = make_broker(broker_url, prefetch=5)
    relay = Relay(engine, broker, database_url=database_url)
    await broker.connect()
    relaying = asyncio.create_task(relay.run())

    async def send(event: ClockAdvanced) -> None:
        async with SqlUnitOfWork(engine, source=SOURCE) as work:
            work.emit(event, time=event.now)

    seconds += WARM_SECONDS
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE seen"))
    try:
        async with receiving("outbox", database_url, broker_url, wanted * seconds) as receiver:
            run = await measured(send, receiver, wanted, seconds)
    finally:
        relay.stop()
        await relaying
        await broker.stop()
    async with engine.connect() as connection:
        effects = (await connection.execute(text("SELECT count(*) FROM seen"))).scalar_one()
        waiting = (
            await connection.execute(text("SELECT count(*) FROM outbox WHERE published_at IS NULL"))
        ).scalar_one()
    assert (effects, waiting) == (wanted * seconds, 0)
    return run


async def bare(database_url: str, broker_url: str) -> Run:
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

    seconds = SECONDS // 2 + WARM_SECONDS
    try:
        async with receiving("bare", database_url, broker_url, RATE * seconds) as receiver:
            return await measured(send, receiver, RATE, seconds)
    finally:
        await broker.stop()


async def keep_published(engine: AsyncEngine) -> None:
    """What a month leaves in the outbox: published rows stay for 30 days and must not slow down what waits."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO outbox (provider_id, event_id, type, body, headers, sent_at, published_at)"
                " SELECT gen_random_uuid(), gen_random_uuid(), :type, convert_to(repeat('x', 600), 'UTF8'), '{}',"
                " now(), now() FROM generate_series(1, :rows)"
            ),
            {"type": ClockAdvanced.TYPE, "rows": KEPT_ROWS},
        )
        await connection.execute(text("ANALYZE outbox"))


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
    await keep_published(engine)
    await declare_topology(broker_url)
    try:
        easy = await through_outbox(engine, database_url, broker_url, EASY_RATE, EASY_SECONDS)
        handled = await through_outbox(engine, database_url, broker_url, RATE, SECONDS)
        read = await bare(database_url, broker_url)
    finally:
        await engine.dispose()
    figures.add("outbox to handled event", handled.figure, goal="p99 < 50 ms", beside=handled.beside)
    figures.add(f"the same at {EASY_RATE} events/s", easy.figure, beside=easy.beside)
    figures.add(f"{RATE} events/s without outbox and inbox", read.figure, beside=read.beside)
    figures.add(
        f"ratio at {RATE} events/s",
        f"p50 {percentile(handled.ms, 50) / percentile(read.ms, 50):.1f},"
        f" p99 {percentile(handled.ms, 99) / percentile(read.ms, 99):.1f}",
        beside=f"each event goes to 3 queues; {KEPT_ROWS:,} published rows kept in the outbox",
    )
