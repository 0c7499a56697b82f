"""Events for the pages that are open now: a queue of this process's own, gone with it.

Nothing is kept or decided by these events: a page that missed one shows it at its next look. So the queue is
transient and unacknowledged, unlike every queue that does work (architecture.md).
"""

from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from services.gateway.domain.live import ROUTING_KEYS
from services.gateway.use_cases.onlookers import Onlookers
from shared.errors import Permanent
from shared.events.envelope import Envelope
from shared.ids import TenantId
from shared.messaging.listening import Listening
from shared.messaging.topology import EVENTS

log = structlog.get_logger(__name__)
# Older messages are dropped: whoever is that far behind asks for everything anyway.
LONGEST_QUEUE = 10_000


class LiveEvents:
    """``start()`` listens until ``stop()``; a broker that is away is tried again for as long."""

    def __init__(self, url: str, onlookers: Onlookers) -> None:
        self._onlookers = onlookers
        self._listening = Listening("live events", url, self._subscribe)

    async def start(self) -> None:
        await self._listening.start()

    async def stop(self) -> None:
        await self._listening.stop()

    async def _subscribe(self, channel: AbstractChannel) -> None:
        exchange = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(
            exclusive=True, auto_delete=True, arguments={"x-max-length": LONGEST_QUEUE}
        )
        for key in ROUTING_KEYS:
            await queue.bind(exchange, routing_key=key)
        await queue.consume(self._heard, no_ack=True)
        # What happened before the queue was there, or while the broker was away.
        self._onlookers.all_may_have_changed()

    async def _heard(self, message: AbstractIncomingMessage) -> None:
        try:
            envelope = Envelope.from_bytes(message.body)
            tenants = _tenants_of(envelope)
        except (Permanent, ValueError, TypeError, KeyError) as error:
            log.warning("not an event", error=repr(error))
            return
        self._onlookers.changed(envelope.provider_id, tenants, envelope.type)


def _tenants_of(envelope: Envelope) -> list[TenantId]:
    """The tenants that an event is about; a batch of calls names several."""
    if envelope.tenant_id is not None:
        return [envelope.tenant_id]
    return [TenantId(UUID(str(one["tenant_id"]))) for one in envelope.data.get("tenants", ())]
