"""A change that somebody asked for through the gateway: who, what, on which things, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.ids import ProviderId, TenantId

# Stands for the provider in the audit rows of operators' requests that concern none yet (opening a provider).
NO_PROVIDER = ProviderId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Change:
    """Written before the services are asked, so that nothing can happen unrecorded."""

    change_id: UUID
    provider_id: ProviderId
    tenant_id: TenantId | None
    subject: str
    name: str
    roles: tuple[str, ...]
    method: str
    route: str
    targets: dict[str, str]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change with its outcome: the HTTP status answered, none while it runs or when the gateway died in it."""

    change: Change
    outcome: int | None
    finished_at: datetime | None
