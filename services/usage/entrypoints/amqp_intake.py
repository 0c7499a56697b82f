"""Call records from the broker: exchange ``tollgate.cdrs``, routing key ``<provider id>.<format>``, one or a batch a message.

A message is acknowledged once its records are durable, like a 2xx over HTTP. Messages in flight are gathered into
transactions by the same intake as requests. Who may publish for which provider is the broker's topic permission on the
routing key (docs/integrations/rabbitmq.md); a message that arrives otherwise than over that exchange must have been sent
there by ourselves, from the dead letters or the retries, and only then says its routing key in a header.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import structlog
from faststream import AckPolicy
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from services.usage.domain.records import Received
from services.usage.entrypoints.formats.reading import (
    DEFAULT_ASTERISK,
    received_asterisk,
    received_freeswitch,
    received_kazoo,
    received_own,
)
from services.usage.entrypoints.formats.unpacking import BrokenGzip, TooLong, unpacked
from services.usage.entrypoints.intake import Intake
from shared.db.engine import is_away
from shared.errors import Permanent, Refusal, Transient, Unavailable
from shared.ids import ProviderId, derived_id
from shared.messaging.topology import (
    CDR_HEADERS,
    CDR_QUEUE,
    CDRS,
    DEAD,
    RETRY_LADDER_SECONDS,
    RETRY_PREFIX,
    attempt_of,
    is_kept_header,
    quorum_arguments,
)

if TYPE_CHECKING:
    from faststream.rabbit.schemas.queue import QuorumQueueArgs

log = structlog.get_logger(__name__)
MOST_RECORDS = 10_000
LONGEST_BODY_BYTES = 64 * 1024 * 1024
_KEY = f"{CDR_HEADERS}key"
_ENCODING = f"{CDR_HEADERS}encoding"

# Whether usage knows a provider.
IsKnown = Callable[[ProviderId], Awaitable[bool]]


class AmqpIntake:
    """The subscriber of the queue; it starts and stops with the broker."""

    def __init__(self, broker: RabbitBroker, intake: Intake, is_known: IsKnown) -> None:
        self._broker = broker
        self._intake = intake
        self._is_known = is_known
        self._known: set[ProviderId] = set()
        self._stopping = asyncio.Event()
        queue = RabbitQueue(
            CDR_QUEUE,
            queue_type=QueueType.QUORUM,
            routing_key="#",
            arguments=cast("QuorumQueueArgs", quorum_arguments(CDR_QUEUE)),
        )
        exchange = RabbitExchange(CDRS, type=ExchangeType.TOPIC, durable=True)

        async def receive(message: RabbitMessage) -> None:
            await self._receive(message)

        broker.subscriber(queue, exchange, ack_policy=AckPolicy.MANUAL, title=CDR_QUEUE)(receive)

    def stop(self) -> None:
        """Messages that wait for the database are handed back instead."""
        self._stopping.set()

    async def _receive(self, message: RabbitMessage) -> None:
        pause = 0.2
        while True:
            try:
                await self._take(message)
            except Exception as error:
                waits = is_away(error) or isinstance(error, Unavailable)
                if waits and not self._stopping.is_set():
                    log.warning("call records wait", error=repr(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if waits:
                    await message.nack(requeue=True)
                    return
                await self._move_on(message, error)
                return
            await message.ack()
            return

    async def _take(self, message: RabbitMessage) -> None:
        provider_id, kind, rest = _addressed(message)
        if provider_id not in self._known:
            if not await self._is_known(provider_id):
                raise Transient(f"no provider {provider_id} is known here")
            self._known.add(provider_id)
        received = await asyncio.to_thread(_read, message, kind, rest)
        if not 0 < len(received) <= MOST_RECORDS:
            raise Permanent(f"the message holds {len(received)} records; 1 to {MOST_RECORDS} can be taken")
        await self._intake.submit(provider_id, received)

    async def _move_on(self, message: RabbitMessage, error: Exception) -> None:
        """Acknowledges only once the message is safe elsewhere; otherwise hands it back."""
        try:
            await self._resend(message, error)
        except Exception as failure:
            log.warning("call records handed back", error=repr(failure))
            await asyncio.sleep(1)
            await message.nack(requeue=True)
            return
        await message.ack()

    async def _resend(self, message: RabbitMessage, error: Exception) -> None:
        attempt = attempt_of(message.headers)
        headers: dict[str, Any] = {k: v for k, v in message.headers.items() if is_kept_header(k)}
        headers |= {_KEY: _key(message), _ENCODING: _encoding(message)}
        exchange, reason = DEAD, f"{type(error).__name__}: {error}"
        if isinstance(error, Transient) and attempt < len(RETRY_LADDER_SECONDS):
            exchange = f"{RETRY_PREFIX}{RETRY_LADDER_SECONDS[attempt]}s"
        else:
            log.error("dead letter", queue=CDR_QUEUE, reason=reason)
            headers["x-reason"] = reason[:2000]
        await self._broker.publish(
            message.body,
            exchange=exchange,
            routing_key=CDR_QUEUE,
            persist=True,
            mandatory=True,
            timeout=10.0,
            # Dead letters are shown and replayed by their id; a platform may not have given one.
            message_id=message.raw_message.message_id
            or str(derived_id("cdrs", _key(message), message.body.hex())),
            content_type=message.content_type,
            headers={**headers, "x-attempt": attempt + 1},
        )


def _is_our_own(message: RabbitMessage) -> bool:
    """Came over the default exchange, to which nobody but our services may write."""
    return not message.raw_message.exchange


def _key(message: RabbitMessage) -> str:
    if _is_our_own(message):
        return str(message.headers.get(_KEY, ""))
    return message.raw_message.routing_key or ""


def _encoding(message: RabbitMessage) -> str:
    found = message.raw_message.content_encoding or (
        message.headers.get(_ENCODING, "") if _is_our_own(message) else ""
    )
    return str(found or "").lower()


def _addressed(message: RabbitMessage) -> tuple[ProviderId, str, str]:
    """(Provider, format, what follows) of ``<provider id>.<format>[.<switch>]``."""
    provider, _, rest = _key(message).partition(".")
    kind, _, switch = rest.partition(".")
    try:
        return ProviderId(UUID(provider)), kind, switch
    except ValueError:
        raise Permanent(
            f"the routing key is <provider id>.<format>, not {_key(message)[:80]!r}; see docs/integrations/rabbitmq.md"
        ) from None


def _read(message: RabbitMessage, kind: str, switch: str) -> list[Received]:
    body = message.body
    if _encoding(message) in ("gzip", "x-gzip"):
        try:
            body = unpacked(body, LONGEST_BODY_BYTES)
        except (BrokenGzip, TooLong) as error:
            raise Permanent(f"the message cannot be unpacked: {error!r}") from None
    match kind:
        case "freeswitch":
            # A batch is a document a line; a single one may have line breaks in it.
            return received_freeswitch(body, None)
        case "asterisk":
            name = switch or str(message.headers.get(f"{CDR_HEADERS}switch") or DEFAULT_ASTERISK)
            zone = str(message.headers.get(f"{CDR_HEADERS}time-zone") or "UTC")
            try:
                return received_asterisk(body, switch=name, time_zone=zone)
            except Refusal as refusal:
                raise Permanent(refusal.message) from None
        case "kazoo":
            return received_kazoo(body)
        case "own":
            return received_own(body)
    raise Permanent(f"{kind[:40]!r} is no format; it is freeswitch, asterisk, kazoo or own")
