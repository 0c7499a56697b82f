"""What webhooks out need of the outside."""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint
from shared.events.envelope import Envelope
from shared.ids import EventId, ProviderId


class Webhooks(Protocol):
    """Endpoints, deliveries and attempts."""

    async def add_endpoint(self, endpoint: Endpoint) -> None: ...

    async def endpoints(self, provider_id: ProviderId) -> list[Endpoint]: ...

    async def endpoint(
        self, provider_id: ProviderId, endpoint_id: UUID, *, lock: bool = False
    ) -> Endpoint | None: ...

    async def store_endpoint(self, endpoint: Endpoint) -> None: ...

    async def rotate_secret(
        self, provider_id: ProviderId, endpoint_id: UUID, secret: str, *, old_until: datetime
    ) -> None: ...

    async def remove_endpoint(self, provider_id: ProviderId, endpoint_id: UUID) -> bool: ...

    async def queue(self, deliveries: Sequence[Delivery]) -> int: ...

    async def claim_due(self, now: datetime, *, limit: int) -> list[tuple[Delivery, Endpoint]]: ...

    async def settle(self, delivery: Delivery, attempt: Attempt) -> None: ...

    async def deliveries(
        self,
        provider_id: ProviderId,
        *,
        endpoint_id: UUID | None,
        state: DeliveryState | None,
        before: tuple[datetime, UUID, UUID] | None,
        limit: int,
    ) -> list[Delivery]: ...

    async def attempts(
        self, provider_id: ProviderId, endpoint_id: UUID, event_id: EventId
    ) -> list[Attempt]: ...

    async def replay(
        self,
        provider_id: ProviderId,
        endpoint_id: UUID,
        *,
        now: datetime,
        event_id: EventId | None = None,
        since: datetime | None = None,
    ) -> int: ...

    async def forget(self, *, before: datetime) -> int: ...


class WebhookWork(Protocol):
    """A transaction of the gateway's own database."""

    @property
    def webhooks(self) -> Webhooks: ...

    async def claim(self, consumer: str, envelope: Envelope, *, outcome: str = "handled") -> bool: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def system_now(self) -> datetime: ...


class Messenger(Protocol):
    """Sends one delivery; never raises for what the other side does."""

    async def send(self, delivery: Delivery, endpoint: Endpoint, *, now: datetime) -> Attempt: ...
