"""A provider opens a tenant: its first period begins."""

from datetime import timedelta

from services.invoicing.domain.periods import Period, period_from
from services.invoicing.use_cases.announce import tenant_fields
from services.invoicing.use_cases.ports import PeriodRow, Provider, Tenant, Work
from shared.clock import local_date, local_midnight
from shared.errors import Conflict, Invalid
from shared.events.invoicing import TenantOpened


def new_period(tenant: Tenant, provider: Provider, period: Period, *, fee_due: bool) -> PeriodRow:
    """A running period; a trial's when it lies before the trial's end (R44)."""
    trial = tenant.trial_ends_on is not None and period.start < tenant.trial_ends_on
    end_at = local_midnight(period.end, tenant.zone)
    return PeriodRow(
        provider_id=tenant.provider_id,
        tenant_id=tenant.tenant_id,
        period=period,
        plan_id=tenant.plan_id,
        plan_version=tenant.plan_version,
        trial=trial,
        state="running",
        end_at=end_at,
        finalise_at=end_at + timedelta(minutes=provider.finalisation_delay_minutes),
        fee_due_at=local_midnight(period.start, tenant.zone) if fee_due and not trial else None,
    )


async def open_tenant(work: Work, tenant: Tenant) -> None:
    """Raises ``Conflict`` when the slug is taken, ``NotFound`` for an unknown plan."""
    provider = await work.catalogue.provider(tenant.provider_id)
    plan = await work.catalogue.plan(tenant.provider_id, tenant.plan_id, tenant.plan_version)
    now = await work.now(tenant.provider_id)
    if tenant.trial_ends_on is not None and tenant.trial_ends_on <= tenant.opened_on:
        raise Invalid("trial_ends_on must be after opened_on; or leave it out.", field="trial_ends_on")
    if tenant.opened_on < local_date(now, tenant.zone) - timedelta(days=366):
        raise Invalid("opened_on is over a year ago; open the tenant from a later day.", field="opened_on")
    if not await work.catalogue.add_tenant(tenant, now):
        raise Conflict(f"A tenant {tenant.slug!r} exists already; choose another slug.", field="slug")
    period = period_from(tenant.opened_on, tenant.anchor_day, trial_ends_on=tenant.trial_ends_on)
    await work.periods.add(new_period(tenant, provider, period, fee_due=plan.monthly_fee is not None))
    work.emit(TenantOpened(**tenant_fields(tenant, provider.currency)), time=now)
