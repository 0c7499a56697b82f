"""Suspension's unit of work in memory. ``tests/integration/suspension/test_ports.py`` holds it to the real one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from services.suspension.adapters.holidays_of import check_place
from services.suspension.adapters.rows import account_of
from services.suspension.domain.account import Account, Fact, Invoice, ReminderSent
from services.suspension.domain.days import PLAIN_DAYS, WorkingDays
from services.suspension.domain.invoices import Kept, News, join
from services.suspension.domain.on_its_way import PAYMENTS_KINDS
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.confirm_standing import ask_about, confirm_standing
from services.suspension.use_cases.ports import (
    Audit,
    AuditEntry,
    Case,
    Ledger,
    Override,
    OverrideKind,
    Policies,
    Provider,
    Said,
    StandingRow,
    Standings,
    Switch,
    Switches,
    Tenant,
    Tenants,
    Version,
)
from services.suspension.use_cases.recompute_standing import policy_in_force, recompute_standing
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
        self.invoices: dict[tuple[TenantId, InvoiceId], Kept] = {}
        self.facts_of: dict[TenantId, set[Fact]] = {}
        self.reminders: dict[tuple[TenantId, InvoiceId, int, datetime | None], ReminderSent] = {}
        self.by_hand: list[Override] = []

    async def account(self, tenant_id: TenantId) -> Account:
        return account_of(
            await self.kept_invoices(tenant_id),
            self.facts_of.get(tenant_id, ()),
            [r for (owner, *_), r in self.reminders.items() if owner == tenant_id],
            [one for one in self.by_hand if one.tenant_id == tenant_id],
        )

    async def kept_invoices(self, tenant_id: TenantId) -> list[Kept]:
        return [kept for (owner, _), kept in self.invoices.items() if owner == tenant_id]

    async def invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Kept | None:
        return self.invoices.get((tenant_id, invoice_id))

    async def hear_invoice(self, provider_id: ProviderId, tenant_id: TenantId, news: News) -> None:
        key = tenant_id, news.invoice.invoice_id
        self.invoices[key] = join(self.invoices.get(key), news)

    async def correct_invoice(self, provider_id: ProviderId, tenant_id: TenantId, kept: Kept) -> None:
        self.invoices[tenant_id, kept.invoice.invoice_id] = kept

    async def keep_fact(self, provider_id: ProviderId, tenant_id: TenantId, fact: Fact) -> bool:
        known = self.facts_of.setdefault(tenant_id, set())
        if fact in known:
            return False
        known.add(fact)
        begun = {(one.kind, one.source_id) for one in known if not one.ended}
        return not fact.ended or (fact.kind, fact.source_id) in begun

    async def facts(self, tenant_id: TenantId) -> list[Fact]:
        return list(self.facts_of.get(tenant_id, ()))

    async def keep_reminder(
        self, provider_id: ProviderId, tenant_id: TenantId, reminder: ReminderSent
    ) -> bool:
        anchor = self.invoices.get((tenant_id, reminder.anchor))
        life_at = anchor.invoice.reopened_at if anchor else None
        key = tenant_id, reminder.anchor, reminder.day, life_at
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

    async def keep(self, rows: Sequence[StandingRow]) -> None:
        self.kept.update({row.tenant_id: row for row in rows})

    async def ask_truth(self, tenant_id: TenantId, at: datetime) -> None:
        if tenant_id in self.kept:
            self.kept[tenant_id] = replace(self.kept[tenant_id], truth_due_at=at)

    async def with_steps_to_come(self, provider_id: ProviderId) -> list[TenantId]:
        rows = [row for row in self.kept.values() if row.provider_id == provider_id and row.next_step_at]
        return [row.tenant_id for row in sorted(rows, key=lambda row: str(row.next_step_at))]

    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        for tenant_id, row in self.kept.items():
            if row.provider_id == provider_id:
                self.kept[tenant_id] = replace(row, next_step_at=at)


class FakeSwitches:
    def __init__(self) -> None:
        self.kept: dict[tuple[ProviderId, str], Switch] = {}

    async def keep(self, switch: Switch) -> None:
        self.kept[switch.provider_id, switch.name] = switch

    async def get(self, provider_id: ProviderId, name: str) -> Switch | None:
        return self.kept.get((provider_id, name))

    async def of_provider(self, provider_id: ProviderId) -> list[Switch]:
        return [switch for (owner, _), switch in sorted(self.kept.items()) if owner == provider_id]

    async def drop(self, provider_id: ProviderId, name: str) -> bool:
        return self.kept.pop((provider_id, name), None) is not None

    async def log(self, provider_id: ProviderId, name: str, limit: int) -> list[dict[str, Any]]:
        return []


class FakeAudit:
    def __init__(self) -> None:
        self.entries: list[tuple[TenantId | None, AuditEntry]] = []

    async def add(self, provider_id: ProviderId, tenant_id: TenantId | None, entry: AuditEntry) -> None:
        self.entries.append((tenant_id, entry))

    async def of_tenant(self, tenant_id: TenantId, limit: int) -> list[AuditEntry]:
        return [entry for owner, entry in reversed(self.entries) if owner == tenant_id][:limit]

    async def whole(
        self, provider_id: ProviderId, tenant_id: TenantId | None
    ) -> AsyncIterator[tuple[TenantId | None, AuditEntry]]:
        for owner, entry in self.entries:
            if tenant_id is None or owner == tenant_id:
                yield owner, entry


@dataclass
class FakeWork:
    """One instance is the whole database: every use case on it is a transaction that committed."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    tenants: Tenants = field(default_factory=FakeTenants)
    ledger: Ledger = field(default_factory=FakeLedger)
    policies: Policies = field(default_factory=FakePolicies)
    standings: Standings = field(default_factory=FakeStandings)
    audit: Audit = field(default_factory=FakeAudit)
    switches: Switches = field(default_factory=FakeSwitches)
    working_days: WorkingDays = PLAIN_DAYS
    emitted: list[Event] = field(default_factory=list)
    told: list[TenantId | ProviderId] = field(default_factory=list)
    locked: list[TenantId] = field(default_factory=list)

    async def now(self, provider_id: ProviderId) -> datetime:
        return self.at

    def trail(self) -> list[AuditEntry]:
        """What was written into the audit trail, oldest first."""
        assert isinstance(self.audit, FakeAudit)
        return [entry for _, entry in self.audit.entries]

    def system_now(self) -> datetime:
        return self.at

    def check_place(self, place: str) -> None:
        check_place(place)

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None:
        self.at = max(self.at, now)

    async def lock_tenant(self, tenant_id: TenantId) -> None:
        self.locked.append(tenant_id)

    async def lock_due(self, tenant_ids: Sequence[TenantId]) -> list[TenantId]:
        rows = [await self.standings.get(one) for one in tenant_ids]
        return [row.tenant_id for row in rows if row and row.next_step_at and row.next_step_at <= self.at]

    async def cases(self, tenant_ids: Sequence[TenantId]) -> list[Case]:
        found = []
        for tenant_id in tenant_ids:
            tenant = await self.tenants.get(tenant_id)
            if tenant is not None:
                policy = await policy_in_force(self, tenant)
                account = await self.ledger.account(tenant_id)
                before = await self.standings.get(tenant_id)
                found.append(Case(tenant, policy, account, before, self.at))
        return found

    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None:
        self.emitted.append(event)

    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        self.told.append(subject)


async def settle(
    work: FakeWork,
    tenant_id: TenantId,
    truth: Sequence[Invoice] | None = None,
    on_its_way: Sequence[Fact] | None = None,
) -> None:
    """Looks again, and asks as the service would. None: invoicing and payments say what is known anyway."""
    await recompute_standing(work, tenant_id)
    row = await work.standings.get(tenant_id)
    if row is None or row.truth_due_at is None or row.truth_due_at > work.system_now():
        return
    question = await ask_about(work, tenant_id)
    assert question is not None
    known = [kept.invoice for kept in await work.ledger.kept_invoices(tenant_id)]
    owed = [one for one in known if one.is_open] if truth is None else truth
    if on_its_way is None:
        on_its_way = begun(await work.ledger.facts(tenant_id))
    assert await confirm_standing(work, question, Said(owed, on_its_way))


def begun(facts: Sequence[Fact]) -> list[Fact]:
    """What payments would say is on its way if every event had come."""
    of_payments = [fact for fact in facts if fact.kind in PAYMENTS_KINDS]
    ended = {fact.source_id for fact in of_payments if fact.ended}
    return [fact for fact in of_payments if not fact.ended and fact.source_id not in ended]
