"""What the next invoice comes to so far, through the function that makes the real one."""

from dataclasses import dataclass
from datetime import datetime

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import OneTimeCharge, UsageOf
from services.invoicing.domain.periods import Span, span_from
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.totals import NOTHING_METERED, Totals
from services.invoicing.use_cases.issue_invoice import late_usage
from services.invoicing.use_cases.ports import Work
from services.invoicing.use_cases.tax_terms import terms
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class PreviewBasis:
    """All that a preview needs beside the running totals; read in one transaction."""

    provider: Provider
    tenant: Tenant
    plan: Plan
    span: Span
    is_trial: bool
    charges: tuple[OneTimeCharge, ...]
    late: tuple[UsageOf, ...]
    now: datetime


async def read_basis(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> PreviewBasis | None:
    """None when no period runs. Raises ``NotFound``."""
    provider = await work.providers.get(provider_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    period = await work.periods.running(tenant_id)
    if period is None:
        return None
    plan = await work.plans.get(provider_id, period.plan_id, period.plan_version)
    charges = await work.charges.waiting(tenant_id, period.span.end)
    late = await late_usage(work, tenant)
    return PreviewBasis(
        provider,
        tenant,
        plan,
        period.span,
        period.is_trial,
        tuple(charges),
        tuple(late),
        await work.now(provider_id),
    )


def preview_invoice(basis: PreviewBasis, totals: Totals) -> Draft:
    """The invoice of the running period if it ended now. Calls in a trial are never billed (R44)."""
    following = span_from(basis.span.end, basis.tenant.anchor_day)
    usage = UsageOf(basis.span, basis.plan, NOTHING_METERED if basis.is_trial else totals, {})
    return make_invoice(
        basis.plan.currency,
        usage=usage,
        fee=(basis.plan, following),
        charges=basis.charges,
        late=basis.late,
        **terms(basis.provider, basis.tenant, basis.now, basis.span),
    )
