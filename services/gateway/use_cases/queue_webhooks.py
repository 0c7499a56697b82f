"""An event becomes a delivery for each endpoint that wants it."""

import orjson

from services.gateway.domain.webhooks import Delivery
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.events.envelope import Envelope

CONSUMER = "gateway"


async def queue_webhooks(work: WebhookWork, envelope: Envelope) -> int:
    """How many deliveries were queued; a repeated event queues none."""
    if not await work.claim(CONSUMER, envelope):
        return 0
    wanting = [one for one in await work.webhooks.endpoints(envelope.provider_id) if one.wants(envelope.type)]
    now = work.system_now()
    return await work.webhooks.queue(
        [
            Delivery(
                provider_id=envelope.provider_id,
                endpoint_id=one.endpoint_id,
                event_id=envelope.id,
                event_type=envelope.type,
                tenant_id=envelope.tenant_id,
                event_at=envelope.time,
                body=payload(envelope),
                created_at=now,
                due_at=now,
            )
            for one in wanting
        ]
    )


def payload(envelope: Envelope) -> bytes:
    """The Standard Webhooks body: ``type``, ``timestamp`` (the provider's clock) and ``data``, the event's own fields."""
    return orjson.dumps(
        {"type": envelope.type, "timestamp": envelope.time.isoformat(), "data": envelope.data},
        option=orjson.OPT_SORT_KEYS,
    )
