"""Periods whose finalisation delay has passed, and first fees, become invoices."""

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.invoices import make_invoice
from services.invoicing.domain.lines import UsageOf
from services.invoicing.domain.periods import Span
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.totals import NOTHING_METERED
from services.invoicing.use_cases.issue_invoice import issue_invoice, late_usage, note_late_billed
from services.invoicing.use_cases.ports import Period, Work
from services.invoicing.use_cases.tax_terms import terms
from shared.clock import local_date


async def next_fee(work: Work, tenant: Tenant, after: Period) -> tuple[Plan, Span] | None:
    """The fee in advance of the period that follows ``after``; none once the tenant has closed (R28)."""
    following = await work.periods.get(tenant.tenant_id, after.span.end)
    if following is None:
        return None
    plan = await work.plans.get(tenant.provider_id, following.plan_id, following.plan_version)
    return plan, following.span


async def invoice_period(work: Work, found: Period) -> None:
    """Issues the invoice of an ended, metered period. Its row, read again under the tenant's lock, is the claim."""
    await work.lock_tenant(found.tenant_id)
    period = await work.periods.get(found.tenant_id, found.span.start)
    if period is None or period.state != "metered":
        return
    provider, tenant = await _parties(work, period)
    plan = await work.plans.get(period.provider_id, period.plan_id, period.plan_version)
    usage = UsageOf(period.span, plan, period.totals or NOTHING_METERED, {})
    now = await work.now(period.provider_id)
    late = await late_usage(work, tenant)
    draft = make_invoice(
        plan.currency,
        usage=usage,
        fee=await next_fee(work, tenant, period),
        charges=await work.charges.waiting(tenant.tenant_id, local_date(now, tenant.zone)),
        late=late,
        **terms(provider, tenant, now, period.span),
    )
    await issue_invoice(work, provider, tenant, draft, cause=f"period {period.span.start}")
    await work.periods.set_state(period, "invoiced")
    billed = draft.billed[period.span.start]
    await work.periods.set_billed(tenant.tenant_id, period.span.start, billed, late=False)
    await note_late_billed(work, tenant, late, draft)


async def invoice_first_fee(work: Work, found: Period) -> None:
    """Issues the fee of a tenant's first charged period, at opening or at the trial's end (R28, R44)."""
    await work.lock_tenant(found.tenant_id)
    period = await work.periods.get(found.tenant_id, found.span.start)
    if period is None or period.fee_due_at is None:
        return
    provider, tenant = await _parties(work, period)
    plan = await work.plans.get(period.provider_id, period.plan_id, period.plan_version)
    now = await work.now(period.provider_id)
    draft = make_invoice(
        plan.currency,
        fee=(plan, period.span),
        charges=await work.charges.waiting(tenant.tenant_id, local_date(now, tenant.zone)),
        **terms(provider, tenant, now, None),
    )
    await issue_invoice(work, provider, tenant, draft, cause=f"first fee {period.span.start}")
    await work.periods.fee_billed(period)


async def _parties(work: Work, period: Period) -> tuple[Provider, Tenant]:
    provider = await work.providers.get(period.provider_id)
    return provider, await work.tenants.get(period.provider_id, period.tenant_id)
