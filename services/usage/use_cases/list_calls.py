"""Call History: a page of a tenant's calls, each with its charge and the invoice that bills it (R64)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.usage.use_cases.call_ports import CallFilter, ListedCall
from services.usage.use_cases.period_ports import BilledRevision
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class HistoryCall:
    """A call and the first invoice that counts it; None: not invoiced yet, or nothing to bill."""

    call: ListedCall
    invoice: BilledRevision | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first. ``more``: there are older ones."""

    calls: Sequence[HistoryCall]
    more: bool


async def list_calls(
    work: UsageWork, provider_id: ProviderId, tenant_id: TenantId, wanted: CallFilter
) -> HistoryPage:
    """At most ``wanted.limit`` calls. Raises ``NotFound`` for an unknown tenant, or one of another provider."""
    await get_tenant(work, provider_id, tenant_id)
    found = await work.calls.listed(tenant_id, replace(wanted, limit=wanted.limit + 1))
    page = found[: wanted.limit]
    return HistoryPage(await with_invoices(work, tenant_id, page), len(found) > wanted.limit)


async def with_invoices(
    work: UsageWork, tenant_id: TenantId, calls: Sequence[ListedCall]
) -> list[HistoryCall]:
    """Each call with the first invoice whose revision of the call's period counts it."""
    if not calls:
        return []
    days = [call.local_day for call in calls]
    billed = await work.invoices.between(tenant_id, min(days), max(days))
    return [HistoryCall(call, _invoice_of(call, billed)) for call in calls]


def _invoice_of(call: ListedCall, billed: Sequence[BilledRevision]) -> BilledRevision | None:
    if not call.billed_seconds:
        return None
    for one in billed:
        if one.start_date <= call.local_day < one.end_date and one.revision >= call.first_revision:
            return one
    return None
