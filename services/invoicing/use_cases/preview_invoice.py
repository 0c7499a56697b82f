"""What the next invoice comes to so far, through the function that makes the real one."""

from dataclasses import dataclass, replace

from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import FeeOf
from services.invoicing.domain.periods import span_from
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.open_tenant import make_period
from services.invoicing.use_cases.ports import Period, Work
from services.invoicing.use_cases.read_closing import Closing, read_closings
from services.invoicing.use_cases.tax_terms import terms
from shared.errors import NotFound
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class PreviewBasis:
    """All that a preview needs beside the running totals; read in one transaction. ``next_fee``: none at the end."""

    closing: Closing
    plan: Plan
    next_fee: FeeOf | None

    @property
    def period(self) -> Period:
        return self.closing.period


async def read_basis(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> PreviewBasis | None:
    """None when no period runs. Raises ``NotFound``."""
    tenant = await work.tenants.get(provider_id, tenant_id)
    period = await work.periods.running(tenant_id)
    if period is None:
        return None
    (closing,) = await read_closings(work, [period])
    plan_id, version = closing.timeline.plan_on(period.span.end)
    following = await work.plans.get(provider_id, plan_id, version)
    next_fee = None
    if tenant.ends_on is None or period.span.end < tenant.ends_on:
        paid_until = await work.periods.fee_paid_until(tenant_id)
        span = span_from(period.span.end, tenant.anchor_day)
        coming = make_period(closing.provider, tenant, following, span, paid_until=paid_until)
        next_fee = closing.fee(coming)
    return PreviewBasis(closing, closing.agreed(period).usage_parts()[-1].what, next_fee)


def preview_invoice(basis: PreviewBasis, totals: Totals) -> Draft:
    """The invoice of the running period if it ended now. Calls in a trial are never billed (R44)."""
    closing, period = basis.closing, basis.closing.period
    ended = replace(period, state="metered", totals=totals)
    return make_invoice(
        closing.tenant.currency,
        usage=None if period.is_trial else closing.usage(ended, ended=True),
        fee=basis.next_fee,
        charges=[one for one in closing.charges if one.on <= period.span.end],
        late=[closing.usage(one) for one in closing.late],
        **terms(closing.provider, closing.tenant, closing.now, period.span),
    )


async def need_basis(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> PreviewBasis:
    """Raises ``NotFound`` when no period runs."""
    basis = await read_basis(work, provider_id, tenant_id)
    if basis is None:
        raise NotFound("The tenant is closed; no period runs that could be previewed.")
    return basis
