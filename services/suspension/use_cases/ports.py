"""What the use cases need from outside; implemented by ``adapters.work`` and by the fake of the tests."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Account, Invoice, PaymentFact, ReminderSent, Stage
from services.suspension.domain.policy import Policy
from shared.events.envelope import Event
from shared.ids import EventId, InvoiceId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Version:
    """Which of two states of one thing is newer: by the provider's clock, then by real time (test clocks stand)."""

    time: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Tenant:
    """What suspension keeps of a tenant."""

    tenant_id: TenantId
    provider_id: ProviderId
    name: str
    country: str
    zone: ZoneInfo
    currency: str
    sip_domain: str
    account_codes: tuple[str, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """What suspension keeps of a provider: whom barred tenants may still call."""

    provider_id: ProviderId
    country: str
    support_phone: str
    reachable_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The stored standing: what the gate reads and what was last announced."""

    tenant_id: TenantId
    provider_id: ProviderId
    stage: Stage
    since: datetime
    why: str
    next_step_at: datetime | None
    evaluated_at: datetime


OverrideKind = Literal["suspend", "unsuspend", "hold", "promise"]


@dataclass(frozen=True, slots=True)
class Override:
    """What the provider decided by hand. ``invoice_ids`` None: all invoices, present and coming."""

    override_id: UUID
    tenant_id: TenantId
    provider_id: ProviderId
    kind: OverrideKind
    since: datetime
    until: datetime | None
    invoice_ids: frozenset[InvoiceId] | None
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail: ``at`` the provider's clock, ``recorded_at`` real time; ``by`` a person or ``policy``."""

    at: datetime
    recorded_at: datetime
    action: str
    by: str
    reason: str
    details: dict[str, Any]


class Tenants(Protocol):
    async def get(self, tenant_id: TenantId) -> Tenant | None: ...
    async def keep(self, tenant: Tenant, version: Version) -> None:
        """Newest version wins; an older one changes nothing."""

    async def close(self, tenant_id: TenantId, closed_on: date) -> bool:
        """False: no such tenant yet."""

    async def keep_provider(self, provider: Provider, version: Version) -> None: ...
    async def provider(self, provider_id: ProviderId) -> Provider | None: ...


class Ledger(Protocol):
    """The facts of ``domain.account``. Every write is the same in any order and any number of times."""

    async def account(self, tenant_id: TenantId) -> Account: ...
    async def keep_invoice(
        self, provider_id: ProviderId, tenant_id: TenantId, invoice: Invoice, paid_minor: int
    ) -> None:
        """Joins what was known with what came: paid only grows, the balance only shrinks, settled stays settled."""

    async def keep_payment(self, provider_id: ProviderId, tenant_id: TenantId, fact: PaymentFact) -> None: ...
    async def keep_reminder(
        self, provider_id: ProviderId, tenant_id: TenantId, reminder: ReminderSent
    ) -> bool:
        """False: this reminder was sent before."""

    async def add_override(self, override: Override) -> None: ...
    async def end_overrides(self, tenant_id: TenantId, kinds: Sequence[OverrideKind], at: datetime) -> int:
        """Ends those that hold at ``at``; how many."""

    async def overrides(self, tenant_id: TenantId, at: datetime) -> list[Override]:
        """Those that hold at ``at``."""


class Policies(Protocol):
    async def of_provider(self, provider_id: ProviderId) -> Policy | None: ...
    async def of_tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> Policy | None: ...
    async def keep(
        self, provider_id: ProviderId, tenant_id: TenantId | None, policy: Policy, at: datetime
    ) -> None: ...
    async def drop(self, provider_id: ProviderId, tenant_id: TenantId) -> bool: ...


class Standings(Protocol):
    async def get(self, tenant_id: TenantId) -> StandingRow | None: ...
    async def keep(self, row: StandingRow) -> None: ...
    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        """Every tenant of the provider is to be looked at."""

    async def is_due(self, tenant_id: TenantId, system_now: datetime) -> bool:
        """Whether the tenant's next step is due by its provider's clock."""


class Audit(Protocol):
    async def add(self, provider_id: ProviderId, tenant_id: TenantId | None, entry: AuditEntry) -> None: ...
    async def of_tenant(self, tenant_id: TenantId, limit: int) -> list[AuditEntry]:
        """The newest first."""


class SuspensionWork(Protocol):
    """The unit of work: everything done through it commits together or not at all."""

    tenants: Tenants
    ledger: Ledger
    policies: Policies
    standings: Standings
    audit: Audit

    async def now(self, provider_id: ProviderId) -> datetime: ...
    def system_now(self) -> datetime: ...
    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None: ...
    async def lock_tenant(self, tenant_id: TenantId) -> None: ...
    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None: ...
    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        """When this commits, the memory of every gate reads that tenant, or all of that provider, anew."""


# Opens a unit of work: commits on a clean exit, rolls back on an error.
OpenWork = Callable[[], AbstractAsyncContextManager[SuspensionWork]]
