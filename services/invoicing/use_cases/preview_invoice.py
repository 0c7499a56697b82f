"""What the running period comes to so far, by the same functions that make the real invoice."""

from dataclasses import dataclass

from services.invoicing.domain.invoices import Draft, Totals, make_draft, period_lines
from services.invoicing.domain.periods import Period, period_from
from services.invoicing.use_cases.issue_invoice import preview_charges
from services.invoicing.use_cases.ports import Work
from shared.errors import NotFound
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True)
class Preview:
    """So far and before it is issued; tax beside it (R63)."""

    period: Period
    draft: Draft


async def preview_invoice(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, totals: Totals
) -> Preview:
    """Raises ``NotFound`` for another provider's tenant."""
    provider = await work.catalogue.provider(provider_id)
    tenant = await work.catalogue.tenant(provider_id, tenant_id)
    row = await work.periods.running(tenant_id)
    if row is None:
        raise NotFound("This tenant has no running billing period.")
    plan = await work.catalogue.plan(provider_id, row.plan_id, row.plan_version)
    following = period_from(row.period.end, tenant.anchor_day, trial_ends_on=tenant.trial_ends_on)
    charges = preview_charges(await work.periods.open_charges(tenant_id), row.period.end)
    in_trial = row.trial
    lines = period_lines(
        plan=plan,
        ended=None if in_trial else row.period,
        totals=None if in_trial else totals,
        next_period=following if tenant.status != "closed" else None,
        charges=charges,
    )
    return Preview(row.period, make_draft(provider.currency, lines, [provider.tax] if provider.tax else []))
