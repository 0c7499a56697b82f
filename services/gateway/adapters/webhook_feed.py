"""Every event of every service, for webhooks out: one durable queue, acknowledged once its deliveries are stored.

It stands beside the choreography: no service waits for it, so a test clock does not either.
"""

import asyncio
from collections.abc import Callable

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection

from services.gateway.use_cases.queue_webhooks import queue_webhooks
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.db.engine import is_away
from shared.errors import Permanent
from shared.events.envelope import Envelope
from shared.messaging.broker import RECONNECT_SECONDS
from shared.messaging.topology import firehose_name

log = structlog.get_logger(__name__)
PREFETCH = 50


class WebhookFeed:
    """``start()`` consumes until ``stop()``; a broker that is away is tried again for as long."""

    def __init__(self, url: str, open_work: Callable[[], WebhookWork], queued: Callable[[], None]) -> None:
        """``queued`` is called when deliveries wait: it wakes the sending loop."""
        self._url = url
        self._open_work = open_work
        self._queued = queued
        self._connection: AbstractRobustConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._connect(), name="webhook feed")

    async def stop(self) -> None:
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
        if self._connection is not None:
            await self._connection.close()

    async def _connect(self) -> None:
        while True:
            try:
                self._connection = await aio_pika.connect_robust(
                    self._url, reconnect_interval=RECONNECT_SECONDS
                )
                channel = await self._connection.channel()
                await channel.set_qos(prefetch_count=PREFETCH)
                queue = await channel.get_queue(firehose_name("gateway"), ensure=True)
                await queue.consume(self._received)
                return
            except (OSError, TimeoutError, aio_pika.exceptions.AMQPError) as error:
                # The queue is declared with the rest of the topology, which may come a moment later.
                log.warning("no webhook feed, trying again", error=repr(error))
                if self._connection is not None:
                    await self._connection.close()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _received(self, message: AbstractIncomingMessage) -> None:
        pause = 0.2
        while True:
            try:
                envelope = Envelope.from_bytes(message.body)
                async with self._open_work() as work:
                    count = await queue_webhooks(work, envelope)
                break
            except Exception as error:
                if is_away(error) and not self._stopping:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if is_away(error):
                    await message.nack(requeue=True)
                    return
                if isinstance(error, Permanent):
                    log.error("not an event", error=str(error))
                else:
                    log.exception("event not queued for webhooks")
                # To the dead letters, where an operator sees and replays it.
                await message.reject(requeue=False)
                return
        await message.ack()
        if count:
            self._queued()
