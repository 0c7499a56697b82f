"""Something happened to an invoice or to a payment: keep the fact, then look again."""

from dataclasses import replace
from datetime import datetime

from services.suspension.domain.account import Fact
from services.suspension.domain.invoices import News
from services.suspension.use_cases.ports import SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from shared.ids import InvoiceId, ProviderId, TenantId


async def keep_invoice(
    work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, news: News
) -> None:
    """``Paid`` and ``reopened`` also begin and end a time in which the ladder's days do not count (R49)."""
    await work.lock_tenant(tenant_id)
    await work.ledger.hear_invoice(provider_id, tenant_id, news)
    if news.reopens is not None or news.invoice.settled_at is not None:
        invoice_id = news.invoice.invoice_id
        fact = Fact(invoice_id, news.at, news.reopens is not None, frozenset({invoice_id}), "paid")
        await work.ledger.keep_fact(provider_id, tenant_id, fact)
    await recompute_standing(work, tenant_id)


async def keep_credit_note(
    work: SuspensionWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    balance_minor: int,
    *,
    said_at: datetime,
    at: datetime,
) -> None:
    """Lowers what is open on an invoice. One that is not known yet: invoicing is asked."""
    await work.lock_tenant(tenant_id)
    known = await work.ledger.invoice(tenant_id, invoice_id)
    if known is None:
        await work.standings.ask_truth(tenant_id, work.system_now())
        return
    settled_at = at if balance_minor <= 0 else None
    invoice = replace(known.invoice, balance_minor=max(balance_minor, 0), settled_at=settled_at)
    await keep_invoice(work, provider_id, tenant_id, News(invoice, known.newest_paid_minor, said_at, at))


async def keep_fact(work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, fact: Fact) -> None:
    """A debit in process, a dispute or a plan pauses its invoices until its outcome is known (R48); a limit bars.

    Most payments were never in process, and most limits never reached: an end without a beginning changes no span, so
    nobody need look again. Should the beginning come later, it finds the end.
    """
    await work.lock_tenant(tenant_id)
    if await work.ledger.keep_fact(provider_id, tenant_id, fact):
        await recompute_standing(work, tenant_id)
