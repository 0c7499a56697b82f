"""Dead letters of one service: list, show, replay, discard (with a reason).

Looking takes messages without acknowledging and hands them back, so nothing is used up.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from shared.errors import NotFound, Permanent
from shared.events.envelope import Envelope
from shared.messaging.topology import attempt_of, dead_queue_name, is_kept_header

log = structlog.get_logger(__name__)
MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that was given up; ``queue`` is where a replay sends it."""

    message_id: str
    queue: str
    reason: str
    attempts: int
    dead_at: datetime | None
    body: bytes

    @property
    def event(self) -> Envelope | None:
        """None when the body is no event at all."""
        try:
            return Envelope.from_bytes(self.body)
        except Permanent:
            return None


def _letter(message: AbstractIncomingMessage) -> DeadLetter:
    headers = message.headers
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    broker_reason = first.get("reason") if isinstance(first, dict) else None
    return DeadLetter(
        message_id=message.message_id or "",
        queue=str(message.routing_key),
        reason=str(headers.get("x-reason") or broker_reason or "unknown"),
        attempts=attempt_of(headers),
        dead_at=message.timestamp.astimezone(UTC) if message.timestamp else None,
        body=message.body,
    )


class DeadLetters:
    """The dead-letter queue of ``service`` at the broker ``url``."""

    def __init__(self, url: str, service: str) -> None:
        self._url = url
        self._service = service

    @asynccontextmanager
    async def _taken(
        self,
    ) -> AsyncIterator[tuple[aio_pika.abc.AbstractChannel, list[AbstractIncomingMessage]]]:
        """All messages, taken; what the caller does not acknowledge goes back when the channel closes."""
        connection = await aio_pika.connect(self._url, timeout=5)
        async with connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            queue: AbstractQueue = await channel.get_queue(dead_queue_name(self._service), ensure=True)
            taken: list[AbstractIncomingMessage] = []
            while len(taken) < MOST_SHOWN:
                message = await queue.get(fail=False)
                if message is None:
                    break
                taken.append(message)
            yield channel, taken

    async def list(self) -> list[DeadLetter]:
        """At most ``MOST_SHOWN``, oldest first."""
        async with self._taken() as (_, messages):
            return [_letter(message) for message in messages]

    async def show(self, message_id: str) -> DeadLetter:
        """Raises ``NotFound``."""
        for letter in await self.list():
            if letter.message_id == message_id:
                return letter
        raise NotFound(f"No dead letter {message_id}; `dead list` shows those there are.")

    async def replay(self, message_id: str | None = None) -> int:
        """Sends one (or all) back to the queue it came from, with its attempts forgotten; the number sent."""
        replayed = 0
        async with self._taken() as (channel, messages):
            for message in messages:
                letter = _letter(message)
                if message_id is not None and letter.message_id != message_id:
                    continue
                kept = {k: v for k, v in message.headers.items() if is_kept_header(k)}
                again = aio_pika.Message(
                    message.body,
                    headers={**kept, "x-attempt": 0},
                    message_id=message.message_id,
                    content_type=message.content_type,
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                )
                await channel.default_exchange.publish(
                    again, routing_key=letter.queue, mandatory=True, timeout=10
                )
                await message.ack()
                replayed += 1
        if message_id is not None and replayed == 0:
            raise NotFound(f"No dead letter {message_id}; `dead list` shows those there are.")
        return replayed

    async def discard(self, message_id: str, *, reason: str) -> DeadLetter:
        """Removes one for good; who reads the log finds it there with the reason."""
        async with self._taken() as (_, messages):
            for message in messages:
                letter = _letter(message)
                if letter.message_id == message_id:
                    log.warning(
                        "dead letter discarded",
                        message_id=message_id,
                        queue=letter.queue,
                        reason=reason,
                        died_of=letter.reason,
                        body=letter.body.decode(errors="replace"),
                    )
                    await message.ack()
                    return letter
        raise NotFound(f"No dead letter {message_id}; `dead list` shows those there are.")
