"""Consumers: each event handled once, its effect and its inbox row in one transaction, then acknowledged.

``Transient`` goes to the retry ladder; ``Permanent``, a bug, or the ladder's end goes to the dead letters with the
reason. While the database is away a message simply waits here, unacknowledged: that is nobody's fault and counts
as no attempt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import structlog
from faststream import AckPolicy
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage
from opentelemetry import metrics, trace

from shared.db.engine import is_away
from shared.db.unit_of_work import SqlUnitOfWork
from shared.errors import Permanent, Transient
from shared.events.envelope import Envelope, Event, open_event
from shared.messaging.topology import (
    DEAD,
    EVENTS,
    RETRY_LADDER_SECONDS,
    RETRY_PREFIX,
    attempt_of,
    queue_name,
    quorum_arguments,
)

if TYPE_CHECKING:
    from faststream.rabbit.schemas.queue import QuorumQueueArgs

log = structlog.get_logger(__name__)
_handled = metrics.get_meter(__name__).create_counter("tollgate.inbox.handled", "event")

W = TypeVar("W", bound=SqlUnitOfWork)


class AfterCommit(Protocol):
    """Called after an event was handled and committed: wakes loops that may have work now."""

    def __call__(self, event: Event, /) -> None: ...


class Consumers(Generic[W]):
    """The queues of one service and their handlers."""

    def __init__(
        self,
        service: str,
        broker: RabbitBroker,
        open_work: Callable[[], W],
        handlers: Mapping[type[Event], Callable[[W, Any, Envelope], Awaitable[None]]],
        *,
        after_commit: AfterCommit | None = None,
    ) -> None:
        self.service = service
        self.handlers = handlers
        self._broker = broker
        self._open_work = open_work
        self._after_commit = after_commit
        self._stopping = asyncio.Event()
        for event_class in handlers:
            self._subscribe(event_class)

    def _subscribe(self, event_class: type[Event]) -> None:
        name = queue_name(self.service, event_class)
        queue = RabbitQueue(
            name,
            queue_type=QueueType.QUORUM,
            routing_key=event_class.TYPE,
            arguments=cast("QuorumQueueArgs", quorum_arguments(name)),
        )
        exchange = RabbitExchange(EVENTS, type=ExchangeType.TOPIC, durable=True)

        async def receive(message: RabbitMessage) -> None:
            await self._receive(event_class, message)

        self._broker.subscriber(queue, exchange, ack_policy=AckPolicy.MANUAL, title=name)(receive)

    def stop(self) -> None:
        """Messages that wait for the database are handed back instead."""
        self._stopping.set()

    async def _receive(self, event_class: type[Event], message: RabbitMessage) -> None:
        queue = queue_name(self.service, event_class)
        pause = 0.2
        while True:
            try:
                await self.handle(event_class, message.body)
            except Exception as error:
                if is_away(error) and not self._stopping.is_set():
                    log.warning("database away, message waits", queue=queue, error=repr(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if is_away(error):
                    await message.nack(requeue=True)
                    return
                await self._move_on(queue, message, error)
                return
            await message.ack()
            return

    async def handle(self, event_class: type[Event], body: bytes) -> bool:
        """Handles one event in one transaction. False: it had been handled before."""
        envelope = Envelope.from_bytes(body)
        event = open_event(envelope, event_class)
        trace.get_current_span().set_attributes({"tollgate.event.id": str(envelope.id)})
        async with self._open_work() as work:
            if not await work.claim(self.service, envelope):
                return False
            await self.handlers[event_class](work, event, envelope)
        _handled.add(1, {"type": event.TYPE})
        if self._after_commit is not None:
            self._after_commit(event)
        return True

    async def _move_on(self, queue: str, message: RabbitMessage, error: Exception) -> None:
        """Acknowledges only once the message is safe elsewhere; otherwise hands it back."""
        try:
            await self._give_up_for_now(queue, message, error)
        except Exception as failure:
            log.warning("message handed back", queue=queue, error=repr(failure))
            await asyncio.sleep(1)
            await message.nack(requeue=True)
            return
        await message.ack()

    async def _give_up_for_now(self, queue: str, message: RabbitMessage, error: Exception) -> None:
        attempt = attempt_of(message.headers)
        if isinstance(error, Transient) and attempt < len(RETRY_LADDER_SECONDS):
            step = RETRY_LADDER_SECONDS[attempt]
            log.warning("will retry", queue=queue, attempt=attempt + 1, in_seconds=step, error=str(error))
            await self._resend(f"{RETRY_PREFIX}{step}s", queue, message, {"x-attempt": attempt + 1})
            return
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, Permanent | Transient):
            log.error("dead letter", queue=queue, reason=reason)
        else:
            log.exception("dead letter", queue=queue, reason=reason)
        await self._note_dead(message.body)
        await self._resend(DEAD, queue, message, {"x-reason": reason[:2000], "x-attempt": attempt + 1})

    async def _note_dead(self, body: bytes) -> None:
        """Keeps in the inbox that the event was given up, so that nobody waits for it."""
        try:
            envelope = Envelope.from_bytes(body)
        except Permanent:
            return
        async with self._open_work() as work:
            await work.claim(self.service, envelope, outcome="dead")

    async def _resend(
        self, exchange: str, queue: str, message: RabbitMessage, headers: dict[str, Any]
    ) -> None:
        kept = {k: v for k, v in message.headers.items() if k in ("traceparent", "tracestate")}
        await self._broker.publish(
            message.body,
            exchange=exchange,
            routing_key=queue,
            persist=True,
            mandatory=True,
            timeout=10.0,
            message_id=message.message_id,
            content_type=message.content_type,
            headers={**kept, **headers},
        )
