"""What payments keeps of a tenant, and the decision which event about it is newer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.ids import ProviderId, TenantId

NOBODY = ProviderId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Tenant:
    """``rank`` orders events of one instant: opened 0, changed 1, closed 2 (a test clock stands still)."""

    provider_id: ProviderId
    tenant_id: TenantId
    name: str
    email: str
    time_zone: str
    seen_at: datetime
    rank: int


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified event of Stripe as it was stored. ``account`` is '' for the platform's own.

    ``provider_id`` is what the event itself says, ``NOBODY`` when nothing: for the progress report only.
    Whom an event concerns is decided when it is processed.
    """

    provider_id: ProviderId
    account: str
    event_id: str
    type: str
    body: bytes
    received_at: datetime
    tries: int = 0
