"""The outbox relay: publishes committed events with confirms, persistent and mandatory, in batches.

Several replicas may run: each takes rows with SKIP LOCKED. It is woken by LISTEN/NOTIFY and looks again every
second in case a notification was lost. A row is marked only after the broker confirmed it, so an event is
published at least once; the inbox of each consumer makes that once.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import aiormq.exceptions
import asyncpg
import structlog
from aio_pika.exceptions import AMQPException, ChannelInvalidStateError, DeliveryError
from faststream.rabbit import RabbitBroker
from opentelemetry import context, metrics, propagate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock, SystemClock
from shared.db.engine import is_away
from shared.events.envelope import CONTENT_TYPE
from shared.messaging.broker import CONFIRM_TIMEOUT_SECONDS
from shared.messaging.topology import EVENTS, consumers_of

BATCH = 200
POLL_SECONDS = 1.0
KEEP_PUBLISHED_DAYS = 30

log = structlog.get_logger(__name__)
_published = metrics.get_meter(__name__).create_counter("tollgate.outbox.published", "event")

_TAKE = text(
    "SELECT sequence, provider_id, event_id, type, body, headers, attempts FROM outbox"
    " WHERE published_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= :now)"
    " ORDER BY sequence LIMIT :limit FOR UPDATE SKIP LOCKED"
)
# By the index of what waits: published rows stay for a while, and marking must not get dearer with each of them.
_DONE = text(
    "UPDATE outbox SET published_at = :now, last_error = NULL"
    " WHERE sequence = ANY(:sequences) AND published_at IS NULL"
)
_LATER = text(
    "UPDATE outbox SET attempts = attempts + 1, last_error = :error,"
    " next_attempt_at = CAST(:now AS timestamptz) + LEAST(power(2, attempts), 60) * INTERVAL '1 second'"
    " WHERE provider_id = :provider_id AND event_id = :event_id"
)
_PURGE = text("DELETE FROM outbox WHERE published_at < :before AND sent_at < :before")

# What aio-pika and aiormq raise when the broker is gone or refuses.
_BROKER_ERRORS = (
    AMQPException,
    aiormq.exceptions.AMQPError,
    ChannelInvalidStateError,
    OSError,
    asyncio.TimeoutError,
)


class Relay:
    """Moves rows from one service's outbox to the broker until stopped."""

    def __init__(
        self, engine: AsyncEngine, broker: RabbitBroker, *, database_url: str, clock: Clock | None = None
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._database_url = database_url
        self._clock = clock or SystemClock()
        self._wake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Runs until ``stop``; outlives the database and the broker being away."""
        listener = asyncio.create_task(self._listen())
        try:
            while not self._stopping:
                moved = await self._round()
                if moved == BATCH:
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                self._wake.clear()
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    def stop(self) -> None:
        """Ends the loop after the batch in work."""
        self._stopping = True
        self._wake.set()

    async def _round(self) -> int:
        try:
            return await self.publish_batch()
        except Exception as error:
            if not (is_away(error) or isinstance(error, _BROKER_ERRORS)):
                log.exception("outbox relay failed", error=repr(error))
            else:
                log.warning("outbox relay waits", error=repr(error))
            await asyncio.sleep(0.5)
            return 0

    async def publish_batch(self) -> int:
        """Publishes up to ``BATCH`` waiting events; the number that the broker confirmed."""
        async with self._engine.begin() as connection:
            now = self._clock.now()
            rows = [
                dict(row)
                for row in (await connection.execute(_TAKE, {"now": now, "limit": BATCH})).mappings()
            ]
            if not rows:
                return 0
            outcomes = await asyncio.gather(*(self._publish(row) for row in rows))
            await self._mark(connection, rows, outcomes, now)
        _published.add(sum(1 for outcome in outcomes if outcome is None))
        if any(isinstance(outcome, TimeoutError) for outcome in outcomes):
            await self._reconnect()
        for outcome in outcomes:
            if outcome is not None and not isinstance(outcome, DeliveryError):
                raise outcome
        return len(rows)

    async def _reconnect(self) -> None:
        """A connection on which confirms stay away may live on for ever: heartbeats say nothing of its channels
        (measured, design/operations.md). What was published and not confirmed is published again on the new one."""
        log.warning("no confirms, connecting anew")
        connection = await self._broker.connect()
        async with asyncio.timeout(CONFIRM_TIMEOUT_SECONDS):
            await connection.reconnect()

    async def _publish(self, row: dict[str, Any]) -> Exception | None:
        """None when confirmed, else why not: returned or refused (DeliveryError), or the broker is away. The event continues the trace in which it was emitted."""
        token = context.attach(propagate.extract(row["headers"]))
        try:
            # The library's own time-out does not cover a channel that is being restored.
            async with asyncio.timeout(CONFIRM_TIMEOUT_SECONDS):
                await self._broker.publish(
                    row["body"],
                    exchange=EVENTS,
                    routing_key=row["type"],
                    mandatory=bool(consumers_of(row["type"])),
                    persist=True,
                    timeout=CONFIRM_TIMEOUT_SECONDS,
                    message_id=str(row["event_id"]),
                    content_type=CONTENT_TYPE,
                    headers={"x-attempt": 0},
                )
        except _BROKER_ERRORS as error:
            return error
        finally:
            context.detach(token)
        return None

    async def _mark(
        self,
        connection: AsyncConnection,
        rows: Sequence[dict[str, Any]],
        outcomes: Sequence[Exception | None],
        now: datetime,
    ) -> None:
        """While the broker is away nothing is marked: the rows stay as they were, in their order."""
        done = [row["sequence"] for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if done:
            await connection.execute(_DONE, {"now": now, "sequences": done})
        late = [
            {
                "error": repr(outcome),
                "now": now,
                "provider_id": row["provider_id"],
                "event_id": row["event_id"],
            }
            for row, outcome in zip(rows, outcomes, strict=True)
            if isinstance(outcome, DeliveryError)
        ]
        if late:
            await connection.execute(_LATER, late)

    async def _listen(self) -> None:
        """Wakes the loop on each NOTIFY. On a connection of its own: a pooler in between would swallow LISTEN."""
        while True:
            connection = None
            try:
                connection = await asyncpg.connect(self._database_url, timeout=3)
                await connection.add_listener("outbox", lambda *_: self._wake.set())
                while not connection.is_closed():
                    await asyncio.sleep(5)
                    await connection.execute("SELECT 1", timeout=5)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.sleep(0.5)
            finally:
                if connection is not None:
                    connection.terminate()

    async def purge(self, before: datetime) -> int:
        """Removes published rows older than ``before``; the number removed."""
        async with self._engine.begin() as connection:
            return (await connection.execute(_PURGE, {"before": before})).rowcount
