"""Invoices that are drafted and not yet issued: a first fee, an ended period, late usage of a closed tenant."""

from dataclasses import dataclass
from datetime import datetime

from services.invoicing.domain.invoices import Draft
from services.invoicing.use_cases.invoice_period import InvoiceStep, draft_of
from services.invoicing.use_cases.ports import Period, Work
from services.invoicing.use_cases.read_closing import read_closings
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Drafted:
    """``issue_at``: when it is issued; until then late calls and changes still go into it."""

    period: Period
    step: InvoiceStep
    issue_at: datetime
    draft: Draft


async def read_drafts(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> list[Drafted]:
    """As they would be issued now, first due first; parked ones wait for a person and are none.

    Nothing is stored of a draft: it is the pure function of what is stored, so it cannot differ from its invoice.
    Raises ``NotFound``.
    """
    await work.tenants.get(provider_id, tenant_id)
    found = []
    for period in await work.periods.drafted(tenant_id):
        step, issue_at = _step(period)
        (closing,) = await read_closings(work, [period])
        found.append(Drafted(period, step, issue_at, draft_of(step, closing)))
    return sorted(found, key=lambda one: one.issue_at)


def _step(period: Period) -> tuple[InvoiceStep, datetime]:
    if period.fee_due_at is not None:
        return "fee", period.fee_due_at
    if period.late_due_at is not None:
        return "late", period.late_due_at
    return "final", period.finalise_at
