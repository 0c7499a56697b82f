"""What periods need from outside: what ended, what was said of it, which invoice bills it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.usage.domain.included import Pools
from services.usage.use_cases.rating_ports import SaidRevision
from shared.events.usage import MeteredMinutes, Reason
from shared.ids import InvoiceId, PlanId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class PeriodPart:
    """Local days of a period, half-open, in which a plan's version held (R8, R19)."""

    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int


@dataclass(frozen=True, slots=True)
class EndedPeriod:
    """A billing period that is over; local days, half-open. ``dirty``: its newest totals were not said yet.

    No ``parts``: the plan held throughout. ``share_days / share_of_days``: what the period is of a whole one (R17).
    ``reason`` is why the next revision is said.
    """

    provider_id: ProviderId
    tenant_id: TenantId
    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int
    revision: int = 0
    dirty: bool = True
    parts: tuple[PeriodPart, ...] = ()
    share_days: int | None = None
    share_of_days: int | None = None
    reason: Reason = "period_ended"
    reason_text: str | None = None

    def all_parts(self) -> tuple[PeriodPart, ...]:
        whole = PeriodPart(self.start_date, self.end_date, self.plan_id, self.plan_version)
        return self.parts or (whole,)


@dataclass(frozen=True, slots=True)
class MeteredRange:
    """An ended period and the newest revision of its totals that was said; 0: none yet."""

    tenant_id: TenantId
    start_date: date
    end_date: date
    revision: int


@dataclass(frozen=True, slots=True)
class BilledRevision:
    """An invoice bills this revision of a period: the first whole, a later one as the difference to the one before."""

    provider_id: ProviderId
    tenant_id: TenantId
    start_date: date
    end_date: date
    revision: int
    invoice_id: InvoiceId
    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class SaidPeriod:
    """One revision of an ended period: its lines, its included minutes, and how much of those was used before each
    day that was gone through call by call."""

    start_date: date
    end_date: date
    revision: int
    lines: tuple[MeteredMinutes, ...]
    pools: Pools
    read_days: tuple[tuple[date, tuple[tuple[int, str, int], ...]], ...]


class InvoicesPort(Protocol):
    """Which revisions are billed."""

    async def add(self, billed: BilledRevision) -> None: ...
    async def between(self, tenant_id: TenantId, first: date, last: date) -> list[BilledRevision]: ...


class PeriodsPort(Protocol):
    """Ended periods."""

    async def end(self, period: EndedPeriod) -> None: ...
    async def get(self, tenant_id: TenantId, start_date: date) -> EndedPeriod | None: ...
    async def dirty(self, limit: int) -> list[tuple[TenantId, date]]: ...
    async def mark_dirty(self, days: Collection[tuple[TenantId, date]]) -> list[MeteredRange]: ...
    async def mark_dirty_since(self, tenant_id: TenantId, since: date) -> None: ...
    async def mark_re_rated(self, tenant_id: TenantId, start: date, end: date, reason: str) -> None: ...
    async def last_end(self, tenant_id: TenantId) -> date | None: ...
    async def set_parts(self, tenant_id: TenantId, start_date: date, parts: Sequence[PeriodPart]) -> None: ...
    async def metered(
        self, period: EndedPeriod, *, revision: int, metered_at: datetime, said: SaidRevision
    ) -> None: ...
    async def revisions(self, tenant_id: TenantId, start: date, end: date) -> list[MeteredRange]: ...
