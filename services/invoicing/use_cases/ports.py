"""What the use cases need from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.invoicing.domain.invoices import Draft, Line, OneTimeCharge, TaxRate, Totals
from services.invoicing.domain.periods import Period
from services.invoicing.domain.plans import Plan
from shared.events.envelope import Event
from shared.ids import InvoiceId, PlanId, ProviderId, TenantId
from shared.journal import JournalEntry
from shared.money import Currency


@dataclass(frozen=True)
class Provider:
    """A provider's settings; ``raw`` is what its admin sent, for events and documents."""

    provider_id: ProviderId
    slug: str
    currency: Currency
    zone: ZoneInfo
    invoice_prefix: str
    terms_days: int
    finalisation_delay_minutes: int
    tax: TaxRate | None
    raw: dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """A tenant and the plan version it is on."""

    provider_id: ProviderId
    tenant_id: TenantId
    slug: str
    name: str
    status: str
    plan_id: PlanId
    plan_version: int
    anchor_day: int
    opened_on: date
    trial_ends_on: date | None
    raw: dict[str, Any]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(str(self.raw["time_zone"]))


@dataclass(frozen=True)
class PeriodRow:
    """A billing period with its state: running, ended, metered, invoiced, closed (a trial's) or parked."""

    provider_id: ProviderId
    tenant_id: TenantId
    period: Period
    plan_id: PlanId
    plan_version: int
    trial: bool
    state: str
    end_at: datetime
    finalise_at: datetime
    fee_due_at: datetime | None = None
    totals: Totals | None = None
    billed: Totals | None = None
    reason: str | None = None


@dataclass(frozen=True)
class InvoiceRow:
    """An issued invoice. ``document`` holds lines, taxes and both parties as they were at issue."""

    provider_id: ProviderId
    tenant_id: TenantId
    invoice_id: InvoiceId
    number: str
    currency: Currency
    issued_at: datetime
    issued_on: date
    due_on: date
    overdue_at: datetime
    collectable: bool
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    document: dict[str, Any]
    usage: tuple[date, date] | None = None
    fee: tuple[date, date] | None = None
    overdue: bool = False
    cancelled: bool = False

    @property
    def balance_minor(self) -> int:
        return 0 if self.cancelled else self.total_minor - self.paid_minor


@dataclass(frozen=True)
class NewInvoice:
    """All that issuing decides, before the number."""

    draft: Draft
    issued_at: datetime
    issued_on: date
    due_on: date
    overdue_at: datetime
    collectable: bool
    billed_by: dict[str, Any]
    billed_to: dict[str, Any]
    usage: Period | None = None
    fee: Period | None = None
    late: Sequence[Line] = field(default_factory=tuple)


@dataclass(frozen=True)
class CreditRow:
    """Account credit with what is left of it."""

    credit_id: UUID
    left_minor: int


class Catalogue(Protocol):
    """Providers, plans, tenants."""

    async def add_provider(self, provider: Provider, at: datetime) -> bool: ...
    async def provider(self, provider_id: ProviderId) -> Provider: ...
    async def add_plan(self, provider_id: ProviderId, plan: Plan, at: datetime) -> bool: ...
    async def plan(self, provider_id: ProviderId, plan_id: PlanId, version: int | None = None) -> Plan: ...
    async def plans(self, provider_id: ProviderId) -> list[Plan]: ...
    async def add_tenant(self, tenant: Tenant, at: datetime) -> bool: ...
    async def tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant: ...
    async def tenants(self, provider_id: ProviderId) -> list[Tenant]: ...
    async def set_status(self, tenant: Tenant, status: str) -> None: ...


class Periods(Protocol):
    """Billing periods and one-time charges."""

    async def add(self, row: PeriodRow) -> None: ...
    async def get(self, tenant_id: TenantId, start: date) -> PeriodRow | None: ...
    async def running(self, tenant_id: TenantId) -> PeriodRow | None: ...
    async def claim_ended(self, system_now: datetime) -> PeriodRow | None: ...
    async def claim_fee(self, system_now: datetime) -> PeriodRow | None: ...
    async def claim_ready(self, system_now: datetime) -> PeriodRow | None: ...
    async def save(self, row: PeriodRow) -> None: ...
    async def late(self, tenant_id: TenantId) -> list[PeriodRow]: ...
    async def parked(self, provider_id: ProviderId) -> list[PeriodRow]: ...
    async def add_charge(
        self, provider_id: ProviderId, tenant_id: TenantId, charge: OneTimeCharge
    ) -> UUID: ...
    async def take_charges(
        self, tenant_id: TenantId, until: date, invoice_id: InvoiceId
    ) -> list[OneTimeCharge]: ...
    async def open_charges(self, tenant_id: TenantId) -> list[OneTimeCharge]: ...


class Invoices(Protocol):
    """Issued invoices, their payments, account credit."""

    async def next_number(self, provider: Provider, year: int) -> str: ...
    async def add(
        self, tenant: Tenant, invoice_id: InvoiceId, number: str, new: NewInvoice
    ) -> InvoiceRow: ...
    async def get(
        self, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId
    ) -> InvoiceRow: ...
    async def for_payment(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceRow | None: ...
    async def list(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        *,
        before: tuple[datetime, InvoiceId] | None,
        limit: int,
    ) -> Sequence[InvoiceRow]: ...
    async def open(self, tenant_id: TenantId) -> Sequence[InvoiceRow]: ...
    async def record_payment(
        self, invoice: InvoiceRow, payment_id: UUID, kind: str, amount_minor: int, at: datetime
    ) -> InvoiceRow | None: ...
    async def mark_overdue(self, invoice: InvoiceRow, at: datetime) -> InvoiceRow: ...
    async def claim_overdue(self, system_now: datetime) -> InvoiceRow | None: ...
    async def add_credit(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        credit_id: UUID,
        amount_minor: int,
        reason: str,
        at: datetime,
    ) -> None: ...
    async def credits(self, tenant_id: TenantId) -> Sequence[CreditRow]: ...
    async def use_credit(self, tenant_id: TenantId, credit_id: UUID, amount_minor: int) -> None: ...


class Work(Protocol):
    """One transaction of invoicing."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def periods(self) -> Periods: ...
    @property
    def invoices(self) -> Invoices: ...

    def emit(self, event: Event, *, time: datetime) -> None: ...
    async def now(self, provider_id: ProviderId) -> datetime: ...
    def system_now(self) -> datetime: ...
    async def lock_tenant(self, tenant_id: TenantId) -> None: ...
    async def post(self, entry: JournalEntry) -> None: ...
    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None: ...
