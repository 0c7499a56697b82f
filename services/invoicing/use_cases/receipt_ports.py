"""What receipts need from outside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.ids import PaymentId, ProviderId, TenantId
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that came: ``method`` as people may see it, ``parts`` by invoice number; the rest became credit."""

    payment_id: UUID
    amount: Money
    at: datetime
    method: str | None
    parts: tuple[tuple[str, Money], ...]


class Receipts(Protocol):
    async def note_method(self, tenant_id: TenantId, payment_id: PaymentId, shown: str) -> None: ...
    async def get(self, provider_id: ProviderId, tenant_id: TenantId, payment_id: UUID) -> Receipt: ...
