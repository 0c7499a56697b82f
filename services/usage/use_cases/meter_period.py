"""Say what a period holds: at its end, and again whenever a later record or number changes it."""

from dataclasses import dataclass
from datetime import date, datetime

from services.usage.domain.metering import (
    DayTotal,
    Minutes,
    crossing_day,
    included_seconds,
    meter_period,
    peak,
)
from services.usage.domain.tenants import PlanTerms, Resource, Tenant
from services.usage.use_cases.ports import EndedPeriod, UsageWork
from shared.clock import local_midnight
from shared.errors import Transient
from shared.events.usage import MeteredMinutes, PeriodMetered
from shared.ids import TenantId


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """A period as usage knows it now. ``resources`` are those provisioned at some time in it."""

    minutes: tuple[Minutes, ...]
    days: tuple[DayTotal, ...]
    included_seconds: int
    resources: tuple[Resource, ...]
    extensions_peak: int
    dids_peak: int


async def end_period(work: UsageWork, period: EndedPeriod) -> None:
    """Handles ``invoicing.period.ended``: keeps the period and meters it at once.

    Raises ``Transient`` while the tenant or the plan's version is unknown: their events are on the way.
    """
    await work.lock_tenant(period.tenant_id)
    await work.periods.end(period)
    await _meter_locked(work, period.tenant_id, period.start_date)


async def meter_again(work: UsageWork, tenant_id: TenantId, start_date: date) -> bool:
    """Meters an ended period if it is dirty, with a higher revision. False: somebody else has just done it."""
    await work.lock_tenant(tenant_id)
    return await _meter_locked(work, tenant_id, start_date)


async def _meter_locked(work: UsageWork, tenant_id: TenantId, start_date: date) -> bool:
    period = await work.periods.get(tenant_id, start_date)
    if period is None or not period.dirty:
        return False
    tenant = (await work.directory.tenants([tenant_id])).get(tenant_id)
    terms = await work.directory.plan(period.provider_id, period.plan_id, period.plan_version)
    if tenant is None or terms is None:
        raise Transient(f"tenant {tenant_id} or its plan {period.plan_id} is not known yet")
    figures = await measure_period(work, tenant, terms, period.start_date, period.end_date)
    now = await work.now(period.provider_id)
    revision = period.revision + 1
    await work.periods.metered(period, revision=revision, metered_at=now)
    work.emit(
        PeriodMetered(
            provider_id=period.provider_id,
            tenant_id=tenant_id,
            start_date=period.start_date,
            end_date=period.end_date,
            plan_id=period.plan_id,
            plan_version=period.plan_version,
            revision=revision,
            metered_at=now,
            extensions_peak=figures.extensions_peak,
            dids_peak=figures.dids_peak,
            minutes=tuple(metered_minutes(one) for one in figures.minutes),
        ),
        time=now,
    )
    return True


async def measure_period(
    work: UsageWork, tenant: Tenant, terms: PlanTerms, start: date, end: date
) -> PeriodFigures:
    """The figures of ``[start, end)``. Reads day totals, and calls of one day only (R16)."""
    days = await work.calls.day_totals(tenant.tenant_id, start, end)
    included = included_seconds(
        terms.included_minutes, start, end, begins_short=start in (tenant.opened_on, tenant.trial_ends_on)
    )
    crossing = crossing_day(days, included, terms)
    calls = await work.calls.billed_on(tenant.tenant_id, crossing) if crossing and included else []
    begins, ends = local_midnight(start, tenant.zone), local_midnight(end, tenant.zone)
    resources = await work.directory.resources_of(tenant.tenant_id, begins, ends)
    return PeriodFigures(
        minutes=meter_period(days, calls, included, terms),
        days=tuple(days),
        included_seconds=included,
        resources=tuple(resources),
        extensions_peak=_peak_of("extension", resources, begins, ends),
        dids_peak=_peak_of("did", resources, begins, ends),
    )


def _peak_of(kind: str, resources: list[Resource], begins: datetime, ends: datetime) -> int:
    return peak([one for one in resources if one.kind == kind], begins, ends)


def metered_minutes(minutes: Minutes) -> MeteredMinutes:
    """A line in the form of the contract."""
    return MeteredMinutes(
        call_class=minutes.call_class,
        direction=minutes.direction,
        calls=minutes.calls,
        billed_seconds=minutes.billed_seconds,
        included_seconds=minutes.included_seconds,
        charged_seconds=minutes.charged_seconds,
        price_per_minute=minutes.price_per_minute,
        charge=minutes.charge,
    )
