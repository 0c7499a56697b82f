"""A provider's webhook endpoints: added, changed, rotated, tried, replayed."""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from services.gateway.domain.webhooks import OLD_SECRET_HOLDS, Endpoint, check_patterns
from services.gateway.use_cases.webhook_ports import WebhookWork
from shared.errors import Conflict, Invalid, NotFound
from shared.events import BY_TYPE
from shared.ids import EventId, ProviderId, new_id

MOST_ENDPOINTS = 20
_LONGEST_URL = 2000


def new_secret() -> str:
    """A signing secret in the form of the Standard Webhooks specification."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def check_url(url: str, *, plain_allowed: bool) -> str:
    """Raises ``Invalid`` unless it is an https address without credentials. Where it leads is judged at each sending."""
    parts = urlsplit(url)
    schemes = ("https", "http") if plain_allowed else ("https",)
    if parts.scheme not in schemes or not parts.hostname or len(url) > _LONGEST_URL or not url.isascii():
        raise Invalid("The address must be an https:// address of your own system.", field="url")
    if parts.username or parts.password or parts.fragment:
        raise Invalid("Leave user, password and fragment out; the signature proves who sends.", field="url")
    return url


async def add_endpoint(
    work: WebhookWork,
    provider_id: ProviderId,
    *,
    url: str,
    events: Sequence[str],
    description: str,
    plain_allowed: bool,
) -> Endpoint:
    """A new endpoint with a new secret, which is shown this once. Raises ``Invalid``, ``Conflict`` at the limit."""
    endpoint = Endpoint(
        provider_id=provider_id,
        endpoint_id=new_id(),
        url=check_url(url, plain_allowed=plain_allowed),
        patterns=check_patterns(events, tuple(BY_TYPE)),
        description=description,
        secrets=(new_secret(),),
        created_at=work.system_now(),
    )
    if len(await work.webhooks.endpoints(provider_id)) >= MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} endpoints already; remove one.")
    await work.webhooks.add_endpoint(endpoint)
    return endpoint


async def get_endpoint(
    work: WebhookWork, provider_id: ProviderId, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    """Raises ``NotFound``."""
    found = await work.webhooks.endpoint(provider_id, endpoint_id, lock=lock)
    if found is None:
        raise NotFound("There is no such webhook endpoint; look at the list of endpoints.")
    return found


async def change_endpoint(
    work: WebhookWork,
    provider_id: ProviderId,
    endpoint_id: UUID,
    *,
    url: str,
    events: Sequence[str],
    description: str,
    on: bool,
    plain_allowed: bool,
) -> Endpoint:
    """Address, events, on or off. One that is switched on again begins with a clean record."""
    endpoint = await get_endpoint(work, provider_id, endpoint_id, lock=True)
    changed = replace(
        endpoint,
        url=check_url(url, plain_allowed=plain_allowed),
        patterns=check_patterns(events, tuple(BY_TYPE)),
        description=description,
        failing_since=endpoint.failing_since if on == (endpoint.off_since is None) else None,
        off_since=None if on else endpoint.off_since or work.system_now(),
        off_reason=None if on else endpoint.off_reason or "switched off by the provider",
    )
    await work.webhooks.store_endpoint(changed)
    return changed


async def rotate_secret(work: WebhookWork, provider_id: ProviderId, endpoint_id: UUID) -> str:
    """A new secret; deliveries are signed with the old one as well for 24 hours."""
    await get_endpoint(work, provider_id, endpoint_id, lock=True)
    secret = new_secret()
    await work.webhooks.rotate_secret(
        provider_id, endpoint_id, secret, old_until=work.system_now() + OLD_SECRET_HOLDS
    )
    return secret


async def remove_endpoint(work: WebhookWork, provider_id: ProviderId, endpoint_id: UUID) -> None:
    """The endpoint, what waits for it and its log go. Raises ``NotFound``."""
    if not await work.webhooks.remove_endpoint(provider_id, endpoint_id):
        raise NotFound("There is no such webhook endpoint; look at the list of endpoints.")


async def replay(
    work: WebhookWork,
    provider_id: ProviderId,
    endpoint_id: UUID,
    *,
    event_id: UUID | None,
    since: datetime | None,
) -> int:
    """Queues one event, or all since an instant, again with their old ``webhook-id``; how many."""
    await get_endpoint(work, provider_id, endpoint_id)
    if (event_id is None) == (since is None):
        raise Invalid("Say either event_id, or since.", field="event_id")
    count = await work.webhooks.replay(
        provider_id,
        endpoint_id,
        now=work.system_now(),
        event_id=EventId(event_id) if event_id else None,
        since=since,
    )
    if event_id is not None and count == 0:
        raise NotFound("This endpoint had no such event; look at the list of deliveries.")
    return count
