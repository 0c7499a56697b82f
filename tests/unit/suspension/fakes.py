"""Suspension's unit of work in memory. ``tests/integration/suspension/test_ports.py`` holds it to the real one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from services.suspension.adapters.ledger import pauses_by_hand, suspensions_by_hand
from services.suspension.domain.account import (
    Account,
    Invoice,
    PaymentFact,
    ReminderSent,
    debit_pauses,
)
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import (
    Audit,
    AuditEntry,
    Ledger,
    Override,
    OverrideKind,
    Policies,
    Provider,
    StandingRow,
    Standings,
    Tenant,
    Tenants,
    Version,
)
from shared.events.envelope import Event
from shared.ids import EventId, InvoiceId, ProviderId, TenantId


class FakeTenants:
    def __init__(self) -> None:
        self.known: dict[TenantId, tuple[Version, Tenant]] = {}
        self.providers: dict[ProviderId, tuple[Version, Provider]] = {}

    async def get(self, tenant_id: TenantId) -> Tenant | None:
        found = self.known.get(tenant_id)
        return found[1] if found else None

    async def keep(self, tenant: Tenant, version: Version) -> None:
        known = self.known.get(tenant.tenant_id)
        if known is None or _older(known[0], version):
            closed = known is not None and known[1].closed
            self.known[tenant.tenant_id] = version, replace(tenant, closed=closed)

    async def close(self, tenant_id: TenantId, closed_on: date) -> bool:
        known = self.known.get(tenant_id)
        if known is None:
            return False
        self.known[tenant_id] = known[0], replace(known[1], closed=True)
        return True

    async def keep_provider(self, provider: Provider, version: Version) -> None:
        known = self.providers.get(provider.provider_id)
        if known is None or _older(known[0], version):
            self.providers[provider.provider_id] = version, provider

    async def provider(self, provider_id: ProviderId) -> Provider | None:
        found = self.providers.get(provider_id)
        return found[1] if found else None


def _older(one: Version, other: Version) -> bool:
    return (one.time, one.sent_at) < (other.time, other.sent_at)


class FakeLedger:
    def __init__(self) -> None:
        self.invoices: dict[tuple[TenantId, InvoiceId], Invoice] = {}
        self.payments: dict[TenantId, set[PaymentFact]] = {}
        self.reminders: dict[tuple[TenantId, InvoiceId, int], ReminderSent] = {}
        self.by_hand: list[Override] = []

    async def account(self, tenant_id: TenantId) -> Account:
        by_hand = [one for one in self.by_hand if one.tenant_id == tenant_id]
        return Account(
            invoices=[i for (owner, _), i in self.invoices.items() if owner == tenant_id],
            pauses=debit_pauses(self.payments.get(tenant_id, ())) + pauses_by_hand(by_hand),
            suspensions=suspensions_by_hand(by_hand),
            reminders=[r for (owner, _, _), r in self.reminders.items() if owner == tenant_id],
        )

    async def keep_invoice(
        self, provider_id: ProviderId, tenant_id: TenantId, invoice: Invoice, paid_minor: int
    ) -> None:
        key = tenant_id, invoice.invoice_id
        known = self.invoices.setdefault(key, invoice)
        settled = [at for at in (known.settled_at, invoice.settled_at) if at is not None]
        self.invoices[key] = replace(
            known,
            balance_minor=min(known.balance_minor, invoice.balance_minor),
            collectable=known.collectable and invoice.collectable,
            settled_at=min(settled, default=None),
        )

    async def keep_payment(self, provider_id: ProviderId, tenant_id: TenantId, fact: PaymentFact) -> None:
        self.payments.setdefault(tenant_id, set()).add(fact)

    async def keep_reminder(
        self, provider_id: ProviderId, tenant_id: TenantId, reminder: ReminderSent
    ) -> bool:
        key = tenant_id, reminder.anchor, reminder.day
        return self.reminders.setdefault(key, reminder) is reminder

    async def add_override(self, override: Override) -> None:
        self.by_hand.append(override)

    async def end_overrides(self, tenant_id: TenantId, kinds: Sequence[OverrideKind], at: datetime) -> int:
        ended = 0
        for place, one in enumerate(self.by_hand):
            holds = one.until is None or one.until > at
            if one.tenant_id == tenant_id and one.kind in kinds and holds:
                self.by_hand[place] = replace(one, until=at)
                ended += 1
        return ended

    async def overrides(self, tenant_id: TenantId, at: datetime) -> list[Override]:
        return [
            one
            for one in self.by_hand
            if one.tenant_id == tenant_id and one.since <= at and (one.until is None or at < one.until)
        ]


class FakePolicies:
    def __init__(self) -> None:
        self.kept: dict[tuple[ProviderId, TenantId | None], Policy] = {}

    async def of_provider(self, provider_id: ProviderId) -> Policy | None:
        return self.kept.get((provider_id, None))

    async def of_tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> Policy | None:
        return self.kept.get((provider_id, tenant_id))

    async def keep(
        self, provider_id: ProviderId, tenant_id: TenantId | None, policy: Policy, at: datetime
    ) -> None:
        self.kept[(provider_id, tenant_id)] = policy

    async def drop(self, provider_id: ProviderId, tenant_id: TenantId) -> bool:
        return self.kept.pop((provider_id, tenant_id), None) is not None


class FakeStandings:
    def __init__(self) -> None:
        self.kept: dict[TenantId, StandingRow] = {}

    async def get(self, tenant_id: TenantId) -> StandingRow | None:
        return self.kept.get(tenant_id)

    async def keep(self, row: StandingRow) -> None:
        self.kept[row.tenant_id] = row

    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        for tenant_id, row in self.kept.items():
            if row.provider_id == provider_id:
                self.kept[tenant_id] = replace(row, next_step_at=at)

    async def is_due(self, tenant_id: TenantId, system_now: datetime) -> bool:
        row = self.kept.get(tenant_id)
        return row is not None and row.next_step_at is not None and row.next_step_at <= system_now


class FakeAudit:
    def __init__(self) -> None:
        self.entries: list[tuple[TenantId | None, AuditEntry]] = []

    async def add(self, provider_id: ProviderId, tenant_id: TenantId | None, entry: AuditEntry) -> None:
        self.entries.append((tenant_id, entry))

    async def of_tenant(self, tenant_id: TenantId, limit: int) -> list[AuditEntry]:
        return [entry for owner, entry in reversed(self.entries) if owner == tenant_id][:limit]


@dataclass
class FakeWork:
    """One instance is the whole database: every use case on it is a transaction that committed."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    tenants: Tenants = field(default_factory=FakeTenants)
    ledger: Ledger = field(default_factory=FakeLedger)
    policies: Policies = field(default_factory=FakePolicies)
    standings: Standings = field(default_factory=FakeStandings)
    audit: Audit = field(default_factory=FakeAudit)
    emitted: list[Event] = field(default_factory=list)
    told: list[TenantId | ProviderId] = field(default_factory=list)
    locked: list[TenantId] = field(default_factory=list)

    async def now(self, provider_id: ProviderId) -> datetime:
        return self.at

    def system_now(self) -> datetime:
        return self.at

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None:
        self.at = max(self.at, now)

    async def lock_tenant(self, tenant_id: TenantId) -> None:
        self.locked.append(tenant_id)

    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None:
        self.emitted.append(event)

    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        self.told.append(subject)
