"""A consumer beside the choreography, on a plain connection that is opened anew whenever anything of it ends.

aio-pika's robust connections restore their channels and queues by themselves, and may give up on one of them in
silence while the connection lives (seen after a kill -9 of the broker: a durable queue was not read any more).
What is here has one state only: everything is open, or everything is opened again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import aio_pika
import aiormq.exceptions
import structlog
from aio_pika.abc import AbstractChannel

from shared.messaging.broker import CONNECT_TIMEOUT_SECONDS, RECONNECT_SECONDS, with_heartbeat

log = structlog.get_logger(__name__)
_BROKER_ERRORS = (OSError, TimeoutError, aio_pika.exceptions.AMQPError, aiormq.exceptions.AMQPError)


class Listening:
    """``start()`` consumes until ``stop()``; a broker that is away is tried again for as long."""

    def __init__(self, name: str, url: str, consume: Callable[[AbstractChannel], Awaitable[None]]) -> None:
        """``consume`` declares and subscribes on a fresh channel, anew on every connection.

        It may come before the queues of the topology are declared: a refusal by the broker is tried again.
        """
        self._name = name
        self._url = url
        self._consume = consume
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Ends it and waits until the connection is closed; unacknowledged messages go back to their queue."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except _BROKER_ERRORS as error:
                log.warning("not listening, trying again", name=self._name, error=repr(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        """Returns or raises when the connection, the channel or a consumer has ended."""
        connection = await aio_pika.connect(with_heartbeat(self._url), timeout=CONNECT_TIMEOUT_SECONDS)
        try:
            ended = asyncio.Event()
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                channel = await connection.channel()
                connection.close_callbacks.add(lambda *_: ended.set())
                channel.close_callbacks.add(lambda *_: ended.set())
                underlay = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _: ended.set())
                await self._consume(channel)
            if not (connection.is_closed or channel.is_closed):
                await ended.wait()
        finally:
            # What is broken may not close in peace.
            with contextlib.suppress(*_BROKER_ERRORS):
                await asyncio.wait_for(connection.close(), CONNECT_TIMEOUT_SECONDS)
