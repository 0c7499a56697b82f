"""What the reports need from outside."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

from services.invoicing.domain.statement import Entry
from shared.ids import ProviderId, TenantId
from shared.money import Currency

BUCKETS = ("not_due", "days_0_30", "days_31_60", "days_61_90", "days_over_90")
Step = Literal["day", "month", "year"]
ExportKind = Literal["journal", "invoices", "invoice-lines", "credit-notes"]


@dataclass(frozen=True, slots=True)
class Aged:
    """What one tenant owes, in minor units by how long ago it fell due."""

    tenant_id: TenantId
    name: str
    currency: Currency
    buckets: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Revenue:
    """Net minor units issued and credited in a period, of one kind of line; ``tax`` is a kind of its own."""

    start: date
    currency: Currency
    kind: str
    billed_minor: int
    credited_minor: int


class Reports(Protocol):
    async def entries(self, tenant_id: TenantId) -> list[Entry]: ...
    async def aged(self, provider_id: ProviderId, now: datetime) -> list[Aged]: ...
    async def revenue(self, provider_id: ProviderId, start: date, end: date, step: Step) -> list[Revenue]: ...
    def export(
        self, provider_id: ProviderId, kind: ExportKind, start: date | None, end: date | None
    ) -> AsyncIterator[Mapping[str, Any]]: ...
