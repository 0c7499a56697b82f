"""Re-rating: a corrected deck or plan rates days that are past again; what was said of them gets a new revision."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from uuid import UUID

from services.usage.domain.tenants import Tenant
from services.usage.use_cases.period_ports import PeriodPart
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from services.usage.use_cases.rating_ports import ReRating
from services.usage.use_cases.re_rate_calls import re_rate_batch
from shared.errors import Invalid, NotFound
from shared.ids import ProviderId, TenantId, derived_id

LONGEST_DAYS = 1100
CALLS_A_STEP = 1000


async def ask_re_rating(
    work: UsageWork,
    provider_id: ProviderId,
    *,
    tenant_id: TenantId | None,
    start: date,
    end: date,
    reason: str,
) -> ReRating:
    """Begins to rate the local days ``[start, end)`` of one tenant, or of all, again.

    The same request twice is one re-rating. Nothing that was invoiced changes: periods that come out otherwise are
    said again, and the difference goes to the next invoice with ``reason``.
    """
    words = " ".join(reason.split())
    if not words:
        raise Invalid("Give a reason; it is printed with the difference on the invoice.", field="reason")
    if not start < end or (end - start).days > LONGEST_DAYS:
        raise Invalid(f"`end_date` must be 1 to {LONGEST_DAYS} days after `start_date`.", field="end_date")
    if tenant_id is not None:
        await get_tenant(work, provider_id, tenant_id)
    elif (await work.directory.state(provider_id))[0] == 0:
        raise NotFound("There is no such provider.", field="provider_id")
    re_rating_id = derived_id("re_rating", provider_id, tenant_id, start, end, words)
    now = await work.now(provider_id)
    await work.re_ratings.add(
        ReRating(provider_id, re_rating_id, tenant_id, start, end, words, now, "running")
    )
    return await get_re_rating(work, provider_id, re_rating_id)


async def get_re_rating(work: UsageWork, provider_id: ProviderId, re_rating_id: UUID) -> ReRating:
    found = await work.re_ratings.get(provider_id, re_rating_id)
    if found is None:
        raise NotFound("There is no such re-rating.", field="re_rating_id")
    return found


async def re_rate_step(work: UsageWork) -> int:
    """Some calls of one tenant; 1 when there was something to do. A stop loses at most one step, which is done again."""
    job = await work.re_ratings.next()
    if job is None:
        return 0
    if job.at_tenant is None:
        job = await _go_on(work, job, None)
    else:
        job = await _do_tenant(work, job, job.at_tenant)
    finished = await work.now(job.provider_id) if job.state == "done" else None
    await work.re_ratings.save(job, finished)
    return 1


async def _go_on(work: UsageWork, job: ReRating, after: TenantId | None) -> ReRating:
    """To the next tenant, or to the end."""
    if job.tenant_id is not None:
        following = job.tenant_id if after is None else None
    else:
        following = await work.re_ratings.next_tenant(job.provider_id, after)
    state = "running" if following is not None else "done"
    return replace(job, at_tenant=following, after=None, tenant_changed=False, state=state)


async def _do_tenant(work: UsageWork, job: ReRating, tenant_id: TenantId) -> ReRating:
    await work.lock_tenant(tenant_id)
    tenant = await get_tenant(work, job.provider_id, tenant_id)
    if job.after is None:
        await _take_plans(work, job, tenant_id)

    batch = await re_rate_batch(
        work,
        tenant,
        tenant.terms_on,
        job.start_date,
        job.end_date,
        after=job.after,
        limit=CALLS_A_STEP,
    )
    job = replace(
        job,
        after=batch.after,
        calls=job.calls + batch.calls,
        changed=job.changed + batch.changed,
        unrated=job.unrated + batch.unrated,
        tenant_changed=job.tenant_changed or batch.changed > 0,
    )
    if batch.after is not None:
        return job
    if job.tenant_changed:
        await work.periods.mark_re_rated(tenant_id, job.start_date, job.end_date, job.reason)
        await work.running.forget_sums(tenant_id)
    return await _go_on(work, job, tenant_id)


async def _take_plans(work: UsageWork, job: ReRating, tenant_id: TenantId) -> None:
    """Ended periods follow the tenant's plans as they are known now: a plan may be what was corrected."""
    tenant = await get_tenant(work, job.provider_id, tenant_id)
    for ended in await work.periods.revisions(tenant_id, job.start_date, job.end_date):
        period = await work.periods.get(tenant_id, ended.start_date)
        parts = plan_parts(tenant, ended.start_date, ended.end_date)
        if period is None or parts is None or parts == period.all_parts():
            continue
        await work.periods.set_parts(tenant_id, ended.start_date, parts)
        await work.periods.mark_re_rated(tenant_id, ended.start_date, ended.end_date, job.reason)


def plan_parts(tenant: Tenant, start: date, end: date) -> tuple[PeriodPart, ...] | None:
    """The parts of ``[start, end)`` by the tenant's plans; None where a day has no plan that is known."""
    cuts = [start, *(plan.from_date for plan in tenant.plans if start < plan.from_date < end), end]
    parts: list[PeriodPart] = []
    for begins, ends in pairwise(cuts):
        plan = tenant.plan_on(begins)
        if plan is None or plan.terms is None:
            return None
        if parts and (parts[-1].plan_id, parts[-1].plan_version) == plan.terms.key:
            parts[-1] = replace(parts[-1], end_date=ends)
        else:
            parts.append(PeriodPart(begins, ends, *plan.terms.key))
    return tuple(parts)
