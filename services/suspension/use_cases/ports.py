"""What the use cases need from outside; implemented by ``adapters.work`` and by the fake of the tests."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Account, Fact, Invoice, ReminderSent, Stage
from services.suspension.domain.days import WorkingDays
from services.suspension.domain.invoices import Kept, News
from services.suspension.domain.ladder import Cause
from services.suspension.domain.policy import Policy
from shared.errors import Unavailable
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
    cause: Cause | None = None
    international_barred: bool = False
    termination_proposed_at: datetime | None = None
    # A barring waits for invoicing's own word; `truth_due_at` (real time) is when it is asked, also while barred.
    doubtful: bool = False
    truth_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision about one tenant needs. ``now`` is its provider's."""

    tenant: Tenant
    policy: Policy
    account: Account
    before: StandingRow | None
    now: datetime


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
    async def hear_invoice(self, provider_id: ProviderId, tenant_id: TenantId, news: News) -> None:
        """Joins what was known with what came (``domain.invoices``). The tenant is locked."""

    async def invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Kept | None: ...
    async def kept_invoices(self, tenant_id: TenantId) -> list[Kept]: ...
    async def correct_invoice(self, provider_id: ProviderId, tenant_id: TenantId, kept: Kept) -> None:
        """In place of what was known."""

    async def keep_fact(self, provider_id: ProviderId, tenant_id: TenantId, fact: Fact) -> bool:
        """False: nothing follows from it now, since it was known, or ends what is not known to have begun."""

    async def facts(self, tenant_id: TenantId) -> list[Fact]: ...
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
    async def keep(self, rows: Sequence[StandingRow]) -> None: ...
    async def ask_truth(self, tenant_id: TenantId, at: datetime) -> None:
        """Something does not fit: invoicing is to be asked, from ``at`` (real time)."""

    async def with_steps_to_come(self, provider_id: ProviderId) -> list[TenantId]:
        """Tenants of the provider for which time alone will change something."""

    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        """Every tenant of the provider is to be looked at."""


SwitchKind = Literal["kamailio_jsonrpc", "webhook"]


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that caches answers and wants to be told. ``cut_calls``: it shall also end calls in progress."""

    provider_id: ProviderId
    name: str
    kind: SwitchKind
    url: str
    secret: str
    cut_calls: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """A change that a switch is to be told: forget what you know of the tenant with these names."""

    push_id: UUID
    switch: Switch
    tenant_id: TenantId
    names: tuple[str, ...]
    stage: str
    cause: str | None
    attempts: int
    queued_at: datetime
    delivered: bool


class SwitchAway(Unavailable):
    """The switch gave no answer at all: nothing else that waits for it need be tried now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a push. ``again_at`` None: there is nothing more to do."""

    push: Push
    delivered_at: datetime | None
    again_at: datetime | None
    error: str | None


class Switches(Protocol):
    async def keep(self, switch: Switch) -> None: ...
    async def get(self, provider_id: ProviderId, name: str) -> Switch | None: ...
    async def of_provider(self, provider_id: ProviderId) -> list[Switch]: ...
    async def drop(self, provider_id: ProviderId, name: str) -> bool: ...
    async def log(self, provider_id: ProviderId, name: str, limit: int) -> list[dict[str, Any]]:
        """What the switch was told, the newest first."""


class Audit(Protocol):
    async def add(self, provider_id: ProviderId, tenant_id: TenantId | None, entry: AuditEntry) -> None: ...
    async def of_tenant(self, tenant_id: TenantId, limit: int) -> list[AuditEntry]:
        """The newest first."""

    def whole(
        self, provider_id: ProviderId, tenant_id: TenantId | None
    ) -> AsyncIterator[tuple[TenantId | None, AuditEntry]]:
        """The whole trail of a tenant, or of a provider, the oldest first."""


class SuspensionWork(Protocol):
    """The unit of work: everything done through it commits together or not at all."""

    tenants: Tenants
    ledger: Ledger
    policies: Policies
    standings: Standings
    audit: Audit
    switches: Switches

    async def now(self, provider_id: ProviderId) -> datetime: ...
    def system_now(self) -> datetime: ...
    @property
    def working_days(self) -> WorkingDays: ...
    def check_place(self, place: str) -> None:
        """Raises ``Invalid`` for a country or region whose holidays are not known."""

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None: ...
    async def lock_tenant(self, tenant_id: TenantId) -> None: ...
    async def lock_due(self, tenant_ids: Sequence[TenantId]) -> list[TenantId]:
        """Those whose step is due by their provider's clock and that nobody else decides about now; locked."""

    async def cases(self, tenant_ids: Sequence[TenantId]) -> list[Case]:
        """Of the tenants that are known, in any order."""

    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None: ...
    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        """When this commits, the memory of every gate reads that tenant, or all of that provider, anew."""


@dataclass(frozen=True, slots=True)
class Said:
    """What invoicing and payments say themselves: what is owed, and what is on its way for it (beginnings)."""

    owed: Sequence[Invoice]
    on_its_way: Sequence[Fact]


class Truth(Protocol):
    """The other services' own word, asked over HTTP outside any transaction."""

    async def ask(self, provider_id: ProviderId, tenant_id: TenantId) -> Said:
        """All issued invoices that are owed. Raises ``Unavailable``: one of the two does not say."""


# Opens a unit of work: commits on a clean exit, rolls back on an error.
OpenWork = Callable[[], AbstractAsyncContextManager[SuspensionWork]]
