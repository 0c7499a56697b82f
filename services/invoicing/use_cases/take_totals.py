"""Metered totals arrive: once, twice, or anew after the invoice went out."""

from datetime import date

from services.invoicing.domain.totals import Totals
from services.invoicing.use_cases.ports import Work
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
        await work.periods.set_totals(period, totals, state="invoiced", late=True)
    elif period.state == "closed":
        return
    else:
        state = "metered" if period.state == "ended" else period.state
        await work.periods.set_totals(period, totals, state=state, late=False)
