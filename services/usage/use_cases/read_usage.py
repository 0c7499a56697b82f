"""What a tenant has used in a period, running or ended, as of now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.usage.domain.metering import DayTotal
from services.usage.domain.tenants import FREE_CLASSES, Resource, Tenant
from services.usage.use_cases.meter_period import TermsPart, measure_period, metered_minutes
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from services.usage.use_cases.re_rate_periods import plan_parts
from shared.clock import local_midnight
from shared.errors import NotFound
from shared.events.usage import MeteredMinutes
from shared.ids import PlanId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Held:
    """Extensions or DIDs: provisioned now (at the end of an ended period), and the most at one time."""

    used: int
    peak: int


@dataclass(frozen=True, slots=True)
class Usage:
    """``days``: local day, calls, billed seconds. ``counted_seconds``: billed, less free internal and emergency calls."""

    as_of: datetime
    extensions: Held
    dids: Held
    minutes: tuple[MeteredMinutes, ...]
    counted_seconds: int
    included_seconds: int
    days: tuple[tuple[date, int, int], ...]
    by_class: tuple[DayTotal, ...] = ()


async def read_usage(
    work: UsageWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    start: date,
    end: date,
    plan_id: PlanId,
    plan_version: int,
) -> Usage:
    """Raises ``NotFound`` for an unknown tenant or plan version, or one of another provider."""
    tenant = await get_tenant(work, provider_id, tenant_id)
    terms = await work.directory.plan(provider_id, plan_id, plan_version)
    if terms is None:
        raise NotFound("There is no such version of that plan.", field="plan_id")
    figures = await measure_period(work, tenant, _parts(tenant, TermsPart(start, end, terms)))
    now = await work.now(provider_id)
    last = local_midnight(end, tenant.zone) - timedelta(microseconds=1)
    at = min(now, last)
    days: dict[date, tuple[int, int]] = {}
    for total in figures.days:
        calls, billed = days.get(total.day, (0, 0))
        days[total.day] = (calls + total.calls, billed + total.billed_seconds)
    return Usage(
        as_of=now,
        extensions=Held(_held_at(figures.resources, "extension", at), figures.extensions_peak),
        dids=Held(_held_at(figures.resources, "did", at), figures.dids_peak),
        minutes=tuple(metered_minutes(one) for one in figures.minutes),
        counted_seconds=sum(
            one.billed_seconds
            for one in figures.minutes
            if one.call_class not in FREE_CLASSES or one.price_per_minute > 0
        ),
        included_seconds=figures.included_seconds,
        days=tuple((day, calls, billed) for day, (calls, billed) in sorted(days.items())),
        by_class=figures.days,
    )


def _parts(tenant: Tenant, whole: TermsPart) -> list[TermsPart]:
    """The plans of a period: as the tenant's plans are known here, if they end with the one that was asked for."""
    parts = plan_parts(tenant, whole.start, whole.end)
    if parts is None or (parts[-1].plan_id, parts[-1].plan_version) != whole.terms.key:
        return [whole]
    known = {plan.terms.key: plan.terms for plan in tenant.plans if plan.terms is not None}
    return [TermsPart(one.start_date, one.end_date, known[one.plan_id, one.plan_version]) for one in parts]


def _held_at(resources: tuple[Resource, ...], kind: str, at: datetime) -> int:
    return sum(one.kind == kind and one.holds_at(at) for one in resources)
