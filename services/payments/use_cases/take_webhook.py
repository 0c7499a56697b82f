"""Keeps a verified webhook event, once; it is processed from storage (design/stripe.md, section 4.2)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from services.payments.domain.tenants import NOBODY, WebhookEvent
from services.payments.use_cases.ports import Work
from shared.errors import Invalid
from shared.ids import ProviderId

# Stripe names nothing with more; a longer one would not fit an index.
LONGEST_NAME = 255


async def take_webhook(work: Work, body: bytes) -> bool:
    """False when the event was kept before. Raises ``Invalid`` for a body that is no event of Stripe."""
    return bool(await take_webhooks(work, [read_webhook(body, work.system_now())]))


async def take_webhooks(work: Work, events: Sequence[WebhookEvent]) -> int:
    """Keeps several in one transaction; answers how many were not kept before."""
    return await work.webhooks.add_all(events)


def read_webhook(body: bytes, received_at: datetime) -> WebhookEvent:
    """Raises ``Invalid`` for a body that is no event of Stripe."""
    try:
        data = orjson.loads(body)
        event_id, kind = str(data["id"]), str(data["type"])
        account = str(data.get("account") or "")
        found = data["data"]["object"]
        claimed = (found.get("metadata") or {}).get("provider_id")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("The body is not an event of Stripe.") from error
    if not all(part.isprintable() and len(part) <= LONGEST_NAME for part in (event_id, kind, account)):
        raise Invalid("The body is not an event of Stripe.")
    return WebhookEvent(_provider(claimed), account, event_id, kind, body, received_at)


def _provider(value: object) -> ProviderId:
    try:
        return ProviderId(UUID(str(value)))
    except ValueError:
        return NOBODY
