"""Metered totals arrive: once, twice, or anew after the invoice went out."""

from dataclasses import replace
from datetime import date, datetime

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import begins_at, next_anchor
from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.ports import Work
from shared.clock import local_date
from shared.errors import Transient
from shared.ids import TenantId


def period_trace(tenant_id: TenantId, start: date) -> str:
    """The name under which the trace of a period's close is kept."""
    return f"period/{tenant_id}/{start}"


async def take_totals(work: Work, tenant_id: TenantId, start: date, totals: Totals) -> None:
    """Keeps the highest revision. After the invoice the difference waits for the next one (R42).

    Raises ``Transient`` while the period is unknown here or has not ended.
    """
    await work.lock_tenant(tenant_id)
    period = await work.periods.get(tenant_id, start)
    if period is None or period.state == "running":
        raise Transient(f"no ended period of tenant {tenant_id} begins on {start}")
    if period.totals is not None and period.totals.revision >= totals.revision:
        return
    if period.state == "invoiced":
        tenant = await work.tenants.get(period.provider_id, tenant_id)
        if tenant.status == "closed":
            period = replace(period, late_due_at=await _next_anchor_at(work, tenant))
        merged = _with_reason(totals, period.totals) if period.late else totals
        await work.periods.set_totals(period, merged, state="invoiced", late=True)
    elif period.state == "closed":
        return
    else:
        state = "metered" if period.state == "ended" else period.state
        await work.periods.set_totals(period, totals, state=state, late=period.late)


def _with_reason(totals: Totals, before: Totals | None) -> Totals:
    """Two revisions that come on one invoice name both reasons."""
    if before is None or before.reason == totals.reason or before.reason == "period_ended":
        return totals
    words = f"also {before.reason.replace('_', ' ')}"
    if before.reason_text:
        words += f" ({before.reason_text})"
    return replace(totals, reason_text=f"{totals.reason_text}; {words}" if totals.reason_text else words)


async def _next_anchor_at(work: Work, tenant: Tenant) -> datetime:
    """When the last invoice of a closed tenant is made (R43)."""
    today = local_date(await work.now(tenant.provider_id), tenant.zone)
    return begins_at(next_anchor(today, tenant.anchor_day), tenant.zone)
