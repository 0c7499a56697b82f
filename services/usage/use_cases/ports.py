"""What the use cases need from outside."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from services.usage.domain.calls import Call, Parties
from services.usage.domain.legs import Forwarded
from services.usage.domain.metering import DayTotal, TimedCall
from services.usage.domain.placing import Directory
from services.usage.domain.records import CallRecord, Source, Unreadable
from services.usage.domain.tenants import PlanTerms, Resource, Tenant
from services.usage.use_cases.call_ports import CallFilter, CallSums, ListedCall
from services.usage.use_cases.period_ports import InvoicesPort, PeriodsPort, SaidPeriod
from services.usage.use_cases.rating_ports import (
    DecksPort,
    LinesPort,
    ReRated,
    ReRatingsPort,
    RunningPort,
    StoredCall,
)
from shared.events.envelope import Event
from shared.ids import EventId, PlanId, ProviderId, TenantId

# Reasons that a change of tenants, numbers or plans can lift: such records are tried again by themselves.
PLACEABLE_REASONS = ("unknown_tenant", "unknown_plan", "no_rate")


@dataclass(frozen=True, slots=True)
class ArchivedCalls:
    """A provider's calls of one month in a file."""

    provider_id: ProviderId
    path: Path
    calls: int
    billed_seconds: int


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record that waits, with its bytes and why. ``directory_version``: what was known when it was last tried."""

    provider_id: ProviderId
    quarantine_id: UUID
    received_at: datetime
    source: Source
    reason: str
    field: str | None
    detail: str
    raw: bytes
    context: Mapping[str, str]
    directory_version: int
    state: str = "waiting"


@dataclass(slots=True)
class ImportedSoFar:
    """Bytes of a file that are durable, and what became of the records in them."""

    done_bytes: int
    taken: int
    repeated: int
    quarantined: int


@dataclass(slots=True)
class KeptLeg:
    """A leg as it is kept, with its group and the call that was recorded of it, if it is the call's own leg."""

    leg_key: UUID
    group_id: UUID
    record: CallRecord
    fingerprint: bytes
    received_at: datetime
    accepted: bool = False
    waiting: bool = False
    quarantine_id: UUID | None = None
    call_placed_at: datetime | None = None
    call_fingerprint: bytes | None = None
    call_tenants: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What a provider chose: who pays when two of its tenants talk, and what a forwarded call bills."""

    between_tenants: Literal["both", "caller", "called"] = "both"
    forwarded_calls: Forwarded = "outbound"


@dataclass(frozen=True, slots=True)
class FlaggedCall:
    """A suspicious call with whose it is (R14)."""

    tenant_id: TenantId
    call: ListedCall


# Reads kept bytes again, as they were read when they came.
ReadRecord = Callable[[Source, bytes, Mapping[str, str]], CallRecord | Unreadable]


class Numbering(Protocol):
    """Numbering plans of countries (ISO 3166-1 alpha-2)."""

    def e164(self, number: str, country: str | None) -> str | None:
        """``+15552000`` for a number that is dialled like that in the country; None when it is no such number."""

    def parties(self, from_number: str, to_number: str, country: str) -> Parties: ...


class DirectoryPort(Protocol):
    """Tenants, plans, numbers."""

    async def state(self, provider_id: ProviderId) -> tuple[int, str | None]: ...
    async def look_up(
        self,
        provider_id: ProviderId,
        version: int,
        *,
        domains: Collection[str],
        account_codes: Collection[str],
        tenant_ids: Collection[UUID],
        dids: Collection[str],
        trunks: Collection[str] = (),
    ) -> Directory: ...
    async def share(self, tenants: Collection[TenantId]) -> None: ...
    async def tenants_now(
        self, provider_id: ProviderId, version: int, wanted: Collection[TenantId]
    ) -> tuple[int, dict[TenantId, Tenant]]: ...
    async def tenants(self, wanted: Collection[TenantId]) -> dict[TenantId, Tenant]: ...
    async def own_resources(
        self, provider_id: ProviderId, version: int, wanted: Mapping[TenantId, Collection[str]]
    ) -> dict[TenantId, dict[str, list[Resource]]]: ...
    async def plan(self, provider_id: ProviderId, plan_id: PlanId, version: int) -> PlanTerms | None: ...
    async def resources_of(self, tenant_id: TenantId, start: datetime, end: datetime) -> list[Resource]: ...
    async def resources_with(
        self, provider_id: ProviderId, kind: str, values: Collection[str]
    ) -> list[Resource]: ...
    async def changed(self, provider_id: ProviderId) -> None: ...
    async def keep_provider(
        self,
        provider_id: ProviderId,
        *,
        country: str,
        time_zone: str,
        changed_at: datetime,
        sent_at: datetime,
    ) -> None: ...
    async def keep_tenant(
        self,
        tenant: Tenant,
        *,
        sip_domain: str,
        account_codes: Sequence[str],
        changed_at: datetime,
        sent_at: datetime,
    ) -> None: ...
    async def keep_tenant_plan(
        self,
        tenant_id: TenantId,
        *,
        plan_from: date,
        plan_id: PlanId,
        plan_version: int,
        changed_at: datetime,
        sent_at: datetime,
    ) -> None: ...
    async def close_tenant(self, provider_id: ProviderId, tenant_id: TenantId, closed_on: date) -> bool: ...
    async def keep_plan(self, provider_id: ProviderId, terms: PlanTerms) -> None: ...
    async def add_resources(self, provider_id: ProviderId, resources: Sequence[Resource]) -> None: ...
    async def end_resource(self, resource: Resource, at: datetime) -> None: ...


class CallsPort(Protocol):
    """Calls and day totals."""

    async def add(self, calls: Sequence[Call], *, received_at: datetime) -> set[UUID]: ...
    async def add_to_totals(self, calls: Iterable[Call], removed: Iterable[Call] = ()) -> None: ...
    async def remove(
        self, provider_id: ProviderId, calls: Collection[tuple[UUID, datetime, UUID]]
    ) -> list[Call]: ...
    async def flagged(
        self, provider_id: ProviderId, flag: str | None, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[FlaggedCall]: ...
    async def count_from(self, calls: Sequence[Call], revision: int) -> None: ...
    async def fingerprints(self, provider_id: ProviderId, keys: Collection[UUID]) -> dict[UUID, bytes]: ...
    async def day_totals(self, tenant_id: TenantId, start: date, end: date) -> list[DayTotal]: ...
    async def billed_on(self, tenant_id: TenantId, day: date, *, by_extension: bool) -> list[TimedCall]: ...
    async def stored(
        self,
        tenant_id: TenantId,
        start: date,
        end: date,
        *,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[StoredCall]: ...
    async def re_rate(self, changes: Sequence[ReRated]) -> None: ...
    async def listed(self, tenant_id: TenantId, wanted: CallFilter) -> list[ListedCall]: ...
    async def sums(self, tenant_id: TenantId, wanted: CallFilter) -> CallSums:
        """Of all calls that ``listed`` would give, whatever its limit and cursor."""
        ...


@dataclass(frozen=True, slots=True)
class CountedCall:
    """A call as a revision counted it; ``timed`` None: nothing was billed."""

    call: ListedCall
    timed: TimedCall | None


class SaidPort(Protocol):
    """What was said of ended periods."""

    async def period(self, tenant_id: TenantId, start: date, revision: int | None) -> SaidPeriod | None: ...
    async def calls(
        self,
        tenant_id: TenantId,
        said: SaidPeriod,
        *,
        since: date,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[CountedCall]: ...


class MonthsPort(Protocol):
    """Where calls are stored, a month each (of UTC; named by its first day)."""

    async def attached(self) -> list[date]: ...
    async def provide(self, months: Collection[date]) -> int: ...
    async def archived(self, provider_id: ProviderId, months: Collection[date]) -> set[date]: ...


class ArchivePort(Protocol):
    """A month's calls into files and out of the database."""

    async def close(self, month: date) -> list[ProviderId]: ...
    async def write(
        self, month: date, provider_id: ProviderId, folder: Path, progress: Callable[[int], None]
    ) -> ArchivedCalls: ...
    async def take_out(self, month: date, files: list[ArchivedCalls], at: datetime) -> None: ...


class LegsPort(Protocol):
    """Legs and the groups that they make."""

    async def known(self, provider_id: ProviderId, keys: Collection[UUID]) -> list[KeptLeg]: ...
    async def of_groups(self, provider_id: ProviderId, groups: Collection[UUID]) -> list[KeptLeg]: ...
    async def ties(self, provider_id: ProviderId, ties: Collection[UUID]) -> dict[UUID, UUID]: ...
    async def keep(self, provider_id: ProviderId, legs: Iterable[KeptLeg]) -> None: ...
    async def tie(
        self, provider_id: ProviderId, ties: Mapping[UUID, UUID], merged: Mapping[UUID, UUID]
    ) -> None: ...
    async def prune(self, before: datetime, limit: int) -> int: ...


class MappingPort(Protocol):
    """Trunks of tenants, and the provider's choices."""

    async def options(self, provider_id: ProviderId) -> IntakeOptions: ...
    async def choose(self, provider_id: ProviderId, options: IntakeOptions) -> None: ...
    async def trunks(self, provider_id: ProviderId) -> dict[str, TenantId]: ...
    async def keep_trunk(self, provider_id: ProviderId, name: str, tenant_id: TenantId) -> None: ...
    async def drop_trunk(self, provider_id: ProviderId, name: str) -> bool: ...


class QuarantinePort(Protocol):
    """Records that wait."""

    async def add(self, records: Sequence[QuarantinedRecord]) -> None: ...
    async def waiting_providers(self) -> list[ProviderId]: ...
    async def placeable(self, provider_id: ProviderId, limit: int) -> list[QuarantinedRecord]: ...
    async def get(self, provider_id: ProviderId, quarantine_id: UUID) -> QuarantinedRecord | None: ...
    async def listed(
        self,
        provider_id: ProviderId,
        *,
        state: str,
        after: UUID | None,
        limit: int,
        reason: str | None = None,
    ) -> list[QuarantinedRecord]: ...
    async def done(self, record: QuarantinedRecord, at: datetime) -> None: ...
    async def over(self, provider_id: ProviderId, quarantine_ids: Collection[UUID], at: datetime) -> None: ...
    async def tried(self, record: QuarantinedRecord) -> None: ...


class ImportsPort(Protocol):
    """How far each file was imported."""

    async def begin(
        self, provider_id: ProviderId, *, content_hash: bytes, name: str, size_bytes: int, now: datetime
    ) -> ImportedSoFar: ...
    async def advance(
        self, provider_id: ProviderId, *, content_hash: bytes, so_far: ImportedSoFar, now: datetime
    ) -> None: ...


class UsageWork(Protocol):
    """One transaction of usage."""

    @property
    def directory(self) -> DirectoryPort: ...
    @property
    def calls(self) -> CallsPort: ...
    @property
    def said(self) -> SaidPort: ...
    @property
    def invoices(self) -> InvoicesPort: ...
    @property
    def lines(self) -> LinesPort: ...
    @property
    def decks(self) -> DecksPort: ...
    @property
    def re_ratings(self) -> ReRatingsPort: ...
    @property
    def running(self) -> RunningPort: ...
    @property
    def months(self) -> MonthsPort: ...
    @property
    def archive(self) -> ArchivePort: ...
    @property
    def legs(self) -> LegsPort: ...
    @property
    def mapping(self) -> MappingPort: ...
    @property
    def periods(self) -> PeriodsPort: ...
    @property
    def quarantine(self) -> QuarantinePort: ...
    @property
    def imports(self) -> ImportsPort: ...

    async def now(self, provider_id: ProviderId) -> datetime: ...
    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None: ...
    async def lock(self, *parts: object) -> None: ...
    async def lock_tenant(self, tenant_id: TenantId) -> None: ...
    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None: ...


# Opens one transaction after another.
OpenWork = Callable[[], AbstractAsyncContextManager[UsageWork]]
