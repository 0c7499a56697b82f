"""What is on its way for a tenant's invoices: suspension asks before it stops anybody's calls (R48, R49)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.payments.domain.states import UNDER_WAY, State
from services.payments.use_cases.ports import Work
from shared.ids import InvoiceId, ProviderId, TenantId

# Waiting for a person is not on its way: whoever never confirms a payment would never be suspended.
_ON_ITS_WAY = UNDER_WAY | {State.PROCESSING}


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A payment that Stripe works on (``debit``), an open dispute or an agreed plan; since then, the provider's time."""

    kind: Literal["debit", "dispute", "plan"]
    source_id: UUID
    since: datetime
    invoice_ids: tuple[InvoiceId, ...]


@dataclass(frozen=True, slots=True)
class Collecting:
    """``collected_minor``: captured for each invoice, less what banks took back; whatever invoicing has heard of it."""

    on_its_way: tuple[OnItsWay, ...]
    collected_minor: Mapping[InvoiceId, int]


async def show_collecting(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]
) -> Collecting:
    """Empty for a tenant that is not known here: it cannot have paid. Changes nothing."""
    if await work.tenants.get(provider_id, tenant_id) is None:
        return Collecting((), {})
    found: list[OnItsWay] = []
    for attempt in await work.attempts.open_on(tenant_id, invoice_ids):
        payment = await work.payments.get(tenant_id, attempt.payment_id)
        if payment is not None and attempt.state in _ON_ITS_WAY:
            covered = tuple(share.invoice_id for share in payment.shares)
            found.append(OnItsWay("debit", payment.payment_id, payment.at, covered))
    for dispute in await work.disputes.opened(tenant_id):
        covered = tuple(share.invoice_id for share in dispute.shares)
        found.append(OnItsWay("dispute", dispute.dispute_id, dispute.opened_at, covered))
    found += [
        OnItsWay("plan", plan.plan_id, plan.agreed_at, plan.invoice_ids)
        for plan in await work.plans.active_of(tenant_id)
    ]
    return Collecting(tuple(found), await work.payments.collected(tenant_id, invoice_ids))
