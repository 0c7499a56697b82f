"""A period's end is due: the next one begins, and usage is asked for the totals."""

from dataclasses import replace

from services.invoicing.domain.periods import period_from
from services.invoicing.use_cases.announce import tenant_fields
from services.invoicing.use_cases.open_tenant import new_period
from services.invoicing.use_cases.ports import Work
from shared.events.invoicing import PeriodEnded, TenantChanged


async def end_period(work: Work) -> int:
    """Ends one due period; 0 when there is none. A trial's period is closed without usage and invoice (R44)."""
    row = await work.periods.claim_ended(work.system_now())
    if row is None:
        return 0
    await work.lock_tenant(row.tenant_id)
    now = await work.now(row.provider_id)
    provider = await work.catalogue.provider(row.provider_id)
    tenant = await work.catalogue.tenant(row.provider_id, row.tenant_id)
    if (
        tenant.trial_ends_on is not None
        and row.period.end >= tenant.trial_ends_on
        and tenant.status == "trial"
    ):
        tenant = replace(tenant, status="active")
        await work.catalogue.set_status(tenant, "active")
        work.emit(TenantChanged(**tenant_fields(tenant, provider.currency)), time=now)
    plan = await work.catalogue.plan(tenant.provider_id, tenant.plan_id, tenant.plan_version)
    following = period_from(row.period.end, tenant.anchor_day, trial_ends_on=tenant.trial_ends_on)
    # After a trial the fee stands alone on a first invoice; else it goes onto the ended period's (R28).
    await work.periods.add(
        new_period(tenant, provider, following, fee_due=row.trial and plan.monthly_fee is not None)
    )
    await work.periods.save(replace(row, state="closed" if row.trial else "ended"))
    if not row.trial:
        work.emit(
            PeriodEnded(
                provider_id=row.provider_id,
                tenant_id=row.tenant_id,
                start_date=row.period.start,
                end_date=row.period.end,
                plan_id=row.plan_id,
                plan_version=row.plan_version,
            ),
            time=now,
        )
    return 1
