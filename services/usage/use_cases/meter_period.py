"""Say what a period holds: at its end, and again whenever a later record, number or rate changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Any
from uuid import UUID

from services.usage.domain.included import PlanPart, Pools, build_pools
from services.usage.domain.metering import DayLine, DayTotal, Meter, Minutes
from services.usage.domain.period_counts import days_held, peak, share_of_period
from services.usage.domain.tenants import PlanTerms, Resource, Tenant
from services.usage.use_cases.period_ports import EndedPeriod
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.rating_ports import SaidRevision
from services.usage.use_cases.re_rate_calls import re_rate_batch
from shared.clock import local_midnight
from shared.errors import Transient
from shared.events.usage import MeteredMinutes, MeteredPart, PeriodMetered
from shared.ids import TenantId

_CALLS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class TermsPart:
    """Local days of a period, half-open, and the plan that holds in them."""

    start: date
    end: date
    terms: PlanTerms


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """A period as usage knows it now. ``resources`` are those provisioned at some time in it.

    ``read_days``: days that were gone through call by call, with the included seconds used before each.
    ``used_on``: of each day with billed calls, the seconds used and those of them above included minutes.
    """

    minutes: tuple[Minutes, ...]
    days: tuple[DayTotal, ...]
    pools: Pools
    used: dict[int, int]
    included_seconds: int
    resources: tuple[Resource, ...]
    extensions_peak: int
    dids_peak: int
    parts: tuple[MeteredPart, ...]
    read_days: tuple[tuple[date, list[tuple[int, str, int]]], ...]
    used_on: dict[date, tuple[int, int]]


async def end_period(work: UsageWork, period: EndedPeriod) -> None:
    """Handles ``invoicing.period.ended``: keeps the period and meters it at once.

    Raises ``Transient`` while the tenant or a plan's version is unknown: their events are on the way.
    """
    await work.lock_tenant(period.tenant_id)
    await work.periods.end(period)
    await _meter_locked(work, period.tenant_id, period.start_date)


async def meter_again(work: UsageWork, tenant_id: TenantId, start_date: date) -> bool:
    """Meters an ended period if it is dirty, with a higher revision.

    False: somebody else has just done it, or its calls are being rated again.
    """
    await work.lock_tenant(tenant_id)
    if await work.re_ratings.holds(tenant_id):
        return False
    return await _meter_locked(work, tenant_id, start_date)


async def _meter_locked(work: UsageWork, tenant_id: TenantId, start_date: date) -> bool:
    period = await work.periods.get(tenant_id, start_date)
    if period is None or not period.dirty:
        return False
    tenant = (await work.directory.tenants([tenant_id])).get(tenant_id)
    parts = await terms_of_parts(work, period)
    if tenant is None or parts is None:
        raise Transient(f"tenant {tenant_id} or its plan {period.plan_id} is not known yet")
    await _rate_by_parts(work, tenant, parts)
    share = (
        Fraction(period.share_days, period.share_of_days)
        if period.share_days is not None and period.share_of_days
        else None
    )
    figures = await measure_period(work, tenant, parts, share=share)
    now = await work.now(period.provider_id)
    revision = period.revision + 1
    lines = tuple(metered_minutes(one) for one in figures.minutes)
    await work.periods.metered(period, revision=revision, metered_at=now, said=_said(figures, lines))
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
            minutes=lines,
            parts=figures.parts,
            reason=period.reason,
            reason_text=period.reason_text,
        ),
        time=now,
    )
    return True


async def terms_of_parts(work: UsageWork, period: EndedPeriod) -> list[TermsPart] | None:
    """The plans of a period's parts; None while one of them is not known here."""
    found: list[TermsPart] = []
    for part in period.all_parts():
        terms = await work.directory.plan(period.provider_id, part.plan_id, part.plan_version)
        if terms is None:
            return None
        found.append(TermsPart(part.start_date, part.end_date, terms))
    return found


async def _rate_by_parts(work: UsageWork, tenant: Tenant, parts: Sequence[TermsPart]) -> None:
    """The period's parts say which plan held: days that were rated by another one are rated again first (R8)."""
    for part in parts:
        rows = await work.lines.of_period(tenant.tenant_id, part.start, part.end)
        wrong = {row.day for row in rows if row.plan != part.terms.key}
        if not wrong:
            continue
        after: tuple[datetime, UUID] | None = None
        while True:
            batch = await re_rate_batch(
                work,
                tenant,
                partial(_always, part.terms),
                part.start,
                part.end,
                after=after,
                limit=_CALLS_AT_ONCE,
            )
            after = batch.after
            if after is None:
                break


def _always(terms: PlanTerms, _: date) -> PlanTerms | None:
    return terms


async def measure_period(
    work: UsageWork, tenant: Tenant, parts: Sequence[TermsPart], *, share: Fraction | None = None
) -> PeriodFigures:
    """The figures of the days of ``parts``. Reads the rollup, and calls of days alone in which minutes run out (R16).

    ``share``: what the period is of a whole one (R17); None: as its dates say.
    """
    start, end = parts[0].start, parts[-1].end
    if share is None:
        share = share_of_period(start, end, begins_short=start in (tenant.opened_on, tenant.trial_ends_on))
    begins, ends = local_midnight(start, tenant.zone), local_midnight(end, tenant.zone)
    resources = await work.directory.resources_of(tenant.tenant_id, begins, ends)
    counted = tuple(_counts(tenant, part, resources) for part in parts)
    pools = build_pools(
        [
            PlanPart(part.terms, (part.end - part.start).days, counts.extensions_peak)
            for part, counts in zip(parts, counted, strict=True)
        ],
        share,
    )
    meter = Meter(pools)
    read_days: list[tuple[date, list[tuple[int, str, int]]]] = []
    used_on: dict[date, tuple[int, int]] = {}
    for day, rows in _by_day(await work.lines.of_period(tenant.tenant_id, start, end)):
        used, charged = meter.so_far
        if meter.fits(rows):
            meter.take_day(rows)
        else:
            read_days.append((day, meter.left.state()))
            meter.take_calls(await work.calls.billed_on(tenant.tenant_id, day, by_extension=pools.own))
        used_on[day] = meter.so_far[0] - used, meter.so_far[1] - charged
    peaks = {kind: _peak_of(kind, resources, begins, ends) for kind in ("extension", "did")}
    return PeriodFigures(
        minutes=meter.lines(),
        days=tuple(await work.calls.day_totals(tenant.tenant_id, start, end)),
        pools=pools,
        used=meter.left.used(),
        included_seconds=sum(one.seconds * (peaks["extension"] if one.own else 1) for one in pools.pools),
        resources=tuple(resources),
        extensions_peak=peaks["extension"],
        dids_peak=peaks["did"],
        parts=counted,
        read_days=tuple(read_days),
        used_on=used_on,
    )


def _by_day(rows: Sequence[DayLine]) -> list[tuple[date, list[DayLine]]]:
    days: dict[date, list[DayLine]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row)
    return sorted(days.items())


def _counts(tenant: Tenant, part: TermsPart, resources: Sequence[Resource]) -> MeteredPart:
    begins, ends = local_midnight(part.start, tenant.zone), local_midnight(part.end, tenant.zone)
    held = [
        one for one in resources if one.valid_from < ends and (one.valid_to is None or one.valid_to > begins)
    ]
    days = {
        kind: days_held([one for one in held if one.kind == kind], part.start, part.end, tenant.zone)
        for kind in ("extension", "did")
    }
    return MeteredPart(
        start_date=part.start,
        end_date=part.end,
        plan_id=part.terms.plan_id,
        plan_version=part.terms.version,
        extensions_peak=_peak_of("extension", held, begins, ends),
        dids_peak=_peak_of("did", held, begins, ends),
        extension_days=days["extension"],
        did_days=days["did"],
    )


def _peak_of(kind: str, resources: Sequence[Resource], begins: datetime, ends: datetime) -> int:
    return peak([one for one in resources if one.kind == kind], begins, ends)


def metered_minutes(minutes: Minutes) -> MeteredMinutes:
    """A line in the form of the contract."""
    line = minutes.line
    fees = line.kind == "connect_fees"
    return MeteredMinutes(
        call_class=line.call_class,
        direction=line.direction,
        calls=minutes.calls,
        billed_seconds=minutes.billed_seconds,
        included_seconds=minutes.included_seconds,
        charged_seconds=minutes.charged_seconds,
        price_per_minute=minutes.price_per_minute,
        charge=minutes.charge,
        kind=line.kind,
        key=line.key,
        destination=line.destination or None,
        price_per_call=line.price if fees else None,
        plan_id=line.plan_id,
        plan_version=line.plan_version,
    )


def _said(figures: PeriodFigures, lines: Sequence[MeteredMinutes]) -> SaidRevision:
    """What is kept of a revision, so that its lines can be opened (docs/design-rating.md)."""
    pools: dict[str, Any] = {
        "pools": [
            {
                "name": one.name,
                "classes": None if one.classes is None else sorted(one.classes),
                "own": one.own,
                "seconds": one.seconds,
            }
            for one in figures.pools.pools
        ],
        "of_plan": [
            [str(plan_id), version, list(positions)]
            for (plan_id, version), positions in sorted(figures.pools.of_plan.items())
        ],
    }
    days = [{"day": str(day), "used": [list(one) for one in used]} for day, used in figures.read_days]
    return SaidRevision([line.model_dump(mode="json") for line in lines], pools, days)
