"""Send the deliveries that are due. The other side is called outside any transaction; a lease keeps others away.

A crash between its answer and our note makes the delivery go out again with the same ``webhook-id``, by which the
receiver tells the repeat (Standard Webhooks). The other order would lose events.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from services.gateway.domain.webhooks import Delivery, Endpoint, after_attempt, after_outcome
from services.gateway.use_cases.webhook_ports import Messenger, WebhookWork

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 20
KEEP_DELIVERIES = timedelta(days=30)


class SendWebhooks:
    """The step of the sending loop."""

    def __init__(self, open_work: Callable[[], WebhookWork], messenger: Messenger) -> None:
        self._open_work = open_work
        self._messenger = messenger

    async def __call__(self) -> int:
        """Tries at most ``MOST_AT_ONCE`` due deliveries side by side; how many."""
        async with self._open_work() as work:
            claimed = await work.webhooks.claim_due(work.system_now(), limit=MOST_AT_ONCE)
        await asyncio.gather(*(self._try(delivery, endpoint) for delivery, endpoint in claimed))
        return len(claimed)

    async def _try(self, delivery: Delivery, endpoint: Endpoint) -> None:
        async with self._open_work() as work:
            now = work.system_now()
        attempt = await self._messenger.send(delivery, endpoint, now=now)
        settled = after_attempt(delivery, attempt)
        async with self._open_work() as work:
            await work.webhooks.settle(settled, attempt)
            current = await work.webhooks.endpoint(delivery.provider_id, delivery.endpoint_id, lock=True)
            if current is not None:
                await work.webhooks.store_endpoint(after_outcome(current, attempt))
        log.info(
            "webhook tried",
            endpoint_id=str(delivery.endpoint_id),
            event_id=str(delivery.event_id),
            state=settled.state,
            attempt=attempt.number,
            status=attempt.status,
            error=attempt.error,
        )


async def forget_webhooks(open_work: Callable[[], WebhookWork]) -> int:
    """Drops finished deliveries older than 30 days; how many."""
    async with open_work() as work:
        return await work.webhooks.forget(before=work.system_now() - KEEP_DELIVERIES)
