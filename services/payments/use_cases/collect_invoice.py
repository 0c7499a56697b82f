"""Auto-pay: charges the default method for an invoice whose hour has come, at issue or on the retry ladder."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import structlog

from services.payments.domain.declines import MOST_TRIES, TRIES_WITHIN
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import Method
from services.payments.domain.payments import Attempt
from services.payments.use_cases.open_payment import chargeable, open_payment, payable
from services.payments.use_cases.ports import Gateway, GatewayUnreachable, OpenWork, Work
from services.payments.use_cases.review_plans import planned
from services.payments.use_cases.submit_attempt import submit_attempt
from services.payments.use_cases.supersede_attempt import supersede_attempt
from shared.card_minimum import card_minimum_minor
from shared.errors import Transient
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency

log = structlog.get_logger(__name__)
AT_ONCE = 16
BATCH = 200
# How long auto-pay waits when another payment of the invoice is on its way, in the provider's time.
STAND_DOWN = timedelta(days=1)


def invoice_trace(invoice_id: InvoiceId) -> str:
    """The name under which the trace of an invoice's issue is kept."""
    return f"invoice/{invoice_id}"


async def collect_due(open_work: OpenWork, gateway: Gateway) -> int:
    """Takes up to ``BATCH`` invoices that are due for collection, ``AT_ONCE`` at a time, each as soon as another has
    ended; answers how many were dealt with."""
    async with open_work() as work:
        due = await work.invoices.due(work.system_now(), BATCH)
    waiting = iter(due)

    async def worker() -> int:
        return sum([await _collect_one(open_work, gateway, *one) for one in waiting])

    return sum(await asyncio.gather(*(worker() for _ in range(min(AT_ONCE, len(due))))))


async def _collect_one(
    open_work: OpenWork, gateway: Gateway, tenant_id: TenantId, invoice_id: InvoiceId
) -> bool:
    """One that cannot be done now does not hold up the others."""
    try:
        await collect_invoice(open_work, gateway, tenant_id, invoice_id)
    except (GatewayUnreachable, Transient) as error:
        log.warning("collection waits", invoice_id=str(invoice_id), error=str(error))
        return False
    return True


async def collect_invoice(
    open_work: OpenWork, gateway: Gateway, tenant_id: TenantId, invoice_id: InvoiceId
) -> None:
    """Everything is decided again under the tenant's lock. An open Pay Now is canceled first; one that cannot be
    canceled any more is paying the invoice, so auto-pay stands down.
    """
    async with open_work() as work:
        attempt, blocking = await _prepare(work, tenant_id, invoice_id)
    if attempt is None and blocking:
        if all([await supersede_attempt(open_work, gateway, one) for one in blocking]):
            async with open_work() as work:
                attempt, blocking = await _prepare(work, tenant_id, invoice_id)
        if attempt is None and blocking:
            await _stand_down(open_work, tenant_id, invoice_id)
    if attempt is not None:
        await submit_attempt(open_work, gateway, tenant_id, attempt.attempt_id)


async def _prepare(
    work: Work, tenant_id: TenantId, invoice_id: InvoiceId
) -> tuple[Attempt | None, list[Attempt]]:
    await work.lock_tenant(tenant_id)
    invoice = await work.invoices.get(tenant_id, invoice_id)
    if invoice is None or invoice.collect_at is None:
        return None, []
    if invoice.collect_at > await work.now(invoice.provider_id):
        return None, []
    await work.continue_trace(invoice.provider_id, invoice_trace(invoice_id))
    tenant = await work.tenants.get(invoice.provider_id, tenant_id)
    if tenant is None:
        raise Transient(f"tenant {tenant_id} is not known yet")
    if invoice_id in await planned(work, tenant_id):
        # A payment plan collects it, an instalment at a time (R51).
        await work.invoices.put(replace(invoice, collect_at=None))
        return None, []
    method = await default_method(work, invoice.provider_id, tenant_id)
    invoices = [invoice, *await _companions(work, invoice)]
    left = await payable(work, invoices)
    code = Currency(invoice.currency)
    amount_minor = chargeable(sum(left.values()), code)
    too_little = amount_minor < card_minimum_minor(code)  # waits for the next (R38)
    if method is None or left[invoice.invoice_id] == 0 or too_little:
        await work.invoices.put(replace(invoice, collect_at=None))
        return None, []
    blocking = await work.attempts.open_on(tenant_id, [one.invoice_id for one in invoices])
    if blocking:
        return None, blocking
    made = await open_payment(
        work,
        tenant,
        trigger="auto_pay",
        amount_minor=amount_minor,
        invoices=invoices,
        left=left,
        method=method,
    )
    if made is None:
        return None, await work.attempts.open_on(tenant_id, [one.invoice_id for one in invoices])
    await work.invoices.put(replace(invoice, collect_at=None))
    return made[1], []


async def default_method(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> Method | None:
    """What auto-pay may charge: None when it was turned off since, has no default, or that one is blocked or was
    declined too often lately for the card schemes to take another try."""
    auto_pay = await work.methods.auto_pay(tenant_id)
    if auto_pay is None or not auto_pay.enabled:
        return None
    account = await work.accounts.of(provider_id)
    saved = await work.methods.saved(tenant_id, account)
    method = next((one for one in saved if one.is_default and not one.blocked), None)
    if method is None:
        return None
    since = await work.now(provider_id) - TRIES_WITHIN
    tries = await work.payments.tries_since(tenant_id, method.facts.stripe_method, since)
    return method if tries < MOST_TRIES else None


async def _companions(work: Work, invoice: OpenInvoice) -> list[OpenInvoice]:
    """Invoices below the card's minimum, which are collected with the next one (R38)."""
    held = await planned(work, invoice.tenant_id)
    return [
        other
        for other in await work.invoices.open_of(invoice.tenant_id)
        if other.auto_pay
        and other.invoice_id not in held
        and not other.collectable
        and other.currency == invoice.currency
        and other.invoice_id != invoice.invoice_id
    ]


async def _stand_down(open_work: OpenWork, tenant_id: TenantId, invoice_id: InvoiceId) -> None:
    async with open_work() as work:
        await work.lock_tenant(tenant_id)
        invoice = await work.invoices.get(tenant_id, invoice_id)
        if invoice is not None and invoice.collect_at is not None:
            later = await work.now(invoice.provider_id) + STAND_DOWN
            await work.invoices.put(replace(invoice, collect_at=later))
