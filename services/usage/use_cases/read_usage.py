"""What a tenant has used in a period, running or ended, as of now."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.usage.domain.included import Pool
from services.usage.domain.metering import DayTotal
from services.usage.domain.tenants import Resource, Tenant
from services.usage.domain.thresholds import Reached, standing_warnings
from services.usage.use_cases.meter_period import PeriodFigures, TermsPart, measure_period, metered_minutes
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from services.usage.use_cases.rating_ports import RunningPeriod
from services.usage.use_cases.re_rate_periods import plan_parts
from services.usage.use_cases.watch_limits import limits_of, minor_units
from shared.clock import local_date, local_midnight
from shared.errors import NotFound
from shared.events.usage import MeteredMinutes
from shared.ids import PlanId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Held:
    """Extensions or DIDs: provisioned now (at the end of an ended period), and the most at one time."""

    used: int
    peak: int


@dataclass(frozen=True, slots=True)
class Day:
    """A local day: all its calls and their billed seconds; seconds used are those of calls that are not free, and
    ``charged_seconds`` those of them above included minutes (R16)."""

    day: date
    calls: int
    billed_seconds: int
    used_seconds: int
    charged_seconds: int


@dataclass(frozen=True, slots=True)
class Spending:
    """Usage charges of the period so far against the plan's limits, in minor units, rounded down as alerts are.

    ``holds``: the limit was reached and stops chargeable calls; ``released``: a person let calls pass it.
    """

    spend_minor: int
    alert_minor: int | None
    limit_minor: int | None
    currency: str
    holds: bool
    released: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """``counted_seconds``: billed, less free internal and emergency calls."""

    as_of: datetime
    extensions: Held
    dids: Held
    minutes: tuple[MeteredMinutes, ...]
    counted_seconds: int
    included_seconds: int
    days: tuple[Day, ...]
    by_class: tuple[DayTotal, ...]
    bundles: tuple[tuple[Pool, int], ...]
    spending: Spending
    warnings: tuple[Reached, ...]


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
    row = await work.running.get(tenant_id, start) or RunningPeriod(tenant_id, start, end, provider_id)
    limits = limits_of(terms, row)
    spend = minor_units(sum((one.exact for one in figures.minutes), Fraction(0)), terms)
    return Usage(
        as_of=now,
        extensions=Held(_held_at(figures.resources, "extension", at), figures.extensions_peak),
        dids=Held(_held_at(figures.resources, "did", at), figures.dids_peak),
        minutes=tuple(metered_minutes(one) for one in figures.minutes),
        counted_seconds=sum(one.billed_seconds for one in figures.minutes if one.line.counts),
        included_seconds=figures.included_seconds,
        days=_days(figures),
        by_class=figures.days,
        bundles=tuple(
            (pool, figures.used.get(position, 0)) for position, pool in enumerate(figures.pools.pools)
        ),
        spending=Spending(
            spend_minor=int(spend),
            alert_minor=limits.spend_alert_minor,
            limit_minor=limits.spend_limit_minor,
            currency=terms.currency,
            holds=row.holds,
            released=row.released,
        ),
        warnings=tuple(
            standing_warnings(
                spend, limits, figures.pools.pools, figures.used, row.said, local_date(now, tenant.zone)
            )
        ),
    )


def _days(figures: PeriodFigures) -> tuple[Day, ...]:
    days: dict[date, tuple[int, int]] = {}
    for total in figures.days:
        calls, billed = days.get(total.day, (0, 0))
        days[total.day] = (calls + total.calls, billed + total.billed_seconds)
    return tuple(
        Day(day, calls, billed, *figures.used_on.get(day, (0, 0)))
        for day, (calls, billed) in sorted(days.items())
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
