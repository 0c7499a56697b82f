"""The receiving side of the event measurement, a process of its own as a service is.

``python -m tests.bench.handling_process outbox|bare DATABASE_URL BROKER_URL EVENTS`` says ``ready``, waits until it has
seen so many events, and prints {"latencies": [[sent, latency], ...], "cpu": ...} in microseconds.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import orjson
from faststream import AckPolicy
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from sqlalchemy import text

from shared.db.engine import make_engine
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.envelope import Envelope, Event, open_event
from shared.events.invoicing import ClockAdvanced
from shared.messaging.broker import make_broker
from shared.messaging.consumers import Consumers
from shared.messaging.topology import EVENTS, queue_name, quorum_arguments
from shared.settings import Settings

if TYPE_CHECKING:
    from faststream.rabbit.schemas.queue import QuorumQueueArgs

SERVICE = "usage"
WAIT_SECONDS = 90.0
# What a second delivery of an event would need to show itself.
REPEATS_SECONDS = 0.5
MICROS = 1_000_000


class Seen:
    """Notes each event when it is over."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.latencies: list[tuple[int, int]] = []
        self.all = asyncio.Event()

    def note(self, event: Event) -> None:
        """``now`` of the event is the real instant at which its sender began."""
        assert isinstance(event, ClockAdvanced)
        sent = int(event.now.timestamp() * MICROS)
        self.latencies.append((sent, int(datetime.now(UTC).timestamp() * MICROS) - sent))
        if len(self.latencies) >= self._wanted:
            self.all.set()


async def insert_effect(work: SqlUnitOfWork, event: ClockAdvanced, _: Envelope) -> None:
    """One row an event, the least that a handler does."""
    await work.connection.execute(text("INSERT INTO seen (at) VALUES (:at)"), {"at": event.now})


def listen_bare(broker: RabbitBroker, note: Callable[[Event], None]) -> None:
    """The same queue and broker settings, no database: read, note, acknowledge."""
    name = queue_name(SERVICE, ClockAdvanced)
    queue = RabbitQueue(
        name,
        queue_type=QueueType.QUORUM,
        routing_key=ClockAdvanced.TYPE,
        arguments=cast("QuorumQueueArgs", quorum_arguments(name)),
    )
    exchange = RabbitExchange(EVENTS, type=ExchangeType.TOPIC, durable=True)

    async def receive(message: RabbitMessage) -> None:
        note(open_event(Envelope.from_bytes(message.body), ClockAdvanced))
        await message.ack()

    broker.subscriber(queue, exchange, ack_policy=AckPolicy.MANUAL)(receive)


async def serve(kind: str, database_url: str, broker_url: str, wanted: int) -> None:
    """Runs until all events were seen, or none came for too long."""
    fields = Settings.model_fields
    engine = make_engine(database_url, pool=fields["database_pool"].default)
    broker = make_broker(broker_url, prefetch=fields["prefetch"].default)
    seen = Seen(wanted)
    if kind == "bare":
        listen_bare(broker, seen.note)
    else:
        Consumers(
            SERVICE,
            broker,
            lambda: SqlUnitOfWork(engine, source="tollgate/bench"),
            {ClockAdvanced: insert_effect},
            after_commit=seen.note,
        )
    await broker.start()
    print("ready", flush=True)
    before = time.process_time()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(seen.all.wait(), WAIT_SECONDS)
    cpu = int((time.process_time() - before) * MICROS)
    await asyncio.sleep(REPEATS_SECONDS)
    await broker.stop()
    await engine.dispose()
    print(orjson.dumps({"latencies": seen.latencies, "cpu": cpu}).decode(), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
