"""Every event of every service, for webhooks out: one durable queue, acknowledged once its deliveries are stored.

It stands beside the choreography: no service waits for it, so a test clock does not either.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from services.gateway.use_cases.queue_webhooks import queue_webhooks
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.db.engine import is_away
from shared.errors import Permanent
from shared.events.envelope import Envelope
from shared.messaging.listening import Listening
from shared.messaging.topology import firehose_name

log = structlog.get_logger(__name__)
PREFETCH = 50


class WebhookFeed:
    """``start()`` consumes until ``stop()``; a broker that is away is tried again for as long."""

    def __init__(self, url: str, open_work: Callable[[], WebhookWork], queued: Callable[[], None]) -> None:
        """``queued`` is called when deliveries wait: it wakes the sending loop."""
        self._open_work = open_work
        self._queued = queued
        self._listening = Listening("webhook feed", url, self._subscribe)

    async def start(self) -> None:
        await self._listening.start()

    async def stop(self) -> None:
        await self._listening.stop()

    async def _subscribe(self, channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(firehose_name("gateway"), ensure=True)
        await queue.consume(self._received)

    async def _received(self, message: AbstractIncomingMessage) -> None:
        count = 0
        try:
            count = await self._queue(message)
        except Exception as error:
            if isinstance(error, Permanent):
                log.error("not an event", error=str(error))
            else:
                log.exception("event not queued for webhooks")
            # To the dead letters, where an operator sees and replays it.
            with contextlib.suppress(AMQPError, ChannelInvalidStateError):
                await message.reject(requeue=False)
            return
        # On a connection that is gone the broker delivers it again, and the second time queues nothing.
        with contextlib.suppress(AMQPError, ChannelInvalidStateError):
            await message.ack()
        if count:
            self._queued()

    async def _queue(self, message: AbstractIncomingMessage) -> int:
        """The number of deliveries stored; a database that is away is waited for."""
        envelope = Envelope.from_bytes(message.body)
        pause = 0.2
        while True:
            try:
                async with self._open_work() as work:
                    return await queue_webhooks(work, envelope)
            except Exception as error:
                if not is_away(error):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
