"""Writes a payment with its first attempt. The caller holds the tenant's lock and has checked the amounts."""

from collections.abc import Mapping, Sequence

from services.payments.domain.invoices import OpenInvoice, payable_minor, spread
from services.payments.domain.methods import Method
from services.payments.domain.payments import AUTOMATIC, Attempt, Payment, Share, Trigger
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import Work
from shared.card_minimum import card_step_minor
from shared.ids import InvoiceId, PaymentId, new_id
from shared.money import Currency


async def payable(work: Work, invoices: Sequence[OpenInvoice]) -> dict[InvoiceId, int]:
    """What may still be charged on each invoice."""
    if not invoices:
        return {}
    ids = [invoice.invoice_id for invoice in invoices]
    collected = await work.payments.collected(invoices[0].tenant_id, ids)
    return {one.invoice_id: payable_minor(one, collected.get(one.invoice_id, 0)) for one in invoices}


def chargeable(amount_minor: int, code: Currency) -> int:
    """The most that a card takes of an amount: down to the currency's step (R39); what is left is carried forward."""
    return amount_minor - amount_minor % card_step_minor(code)


async def open_payment(
    work: Work,
    tenant: Tenant,
    *,
    trigger: Trigger,
    amount_minor: int,
    invoices: Sequence[OpenInvoice],
    left: Mapping[InvoiceId, int],
    method: Method | None,
    save_method: bool = False,
    request_id: str | None = None,
    fingerprint: str = "",
) -> tuple[Payment, Attempt] | None:
    """None when another open attempt holds one of the invoices: the database decides, whatever was read before."""
    account = await work.accounts.of(tenant.provider_id)
    customer = await work.accounts.customer(tenant.tenant_id, account)
    given = spread(amount_minor, invoices, left)
    numbers = {invoice.invoice_id: invoice.number for invoice in invoices}
    shares = tuple(Share(invoice_id, numbers[invoice_id], part) for invoice_id, part in given.items())
    currency = Currency(invoices[0].currency)
    payment = Payment(
        provider_id=tenant.provider_id,
        tenant_id=tenant.tenant_id,
        payment_id=PaymentId(new_id()),
        trigger=trigger,
        request_id=request_id,
        fingerprint=fingerprint,
        amount_minor=amount_minor,
        currency=currency,
        shares=shares,
        method_id=method.method_id if method else None,
        method=method.facts if method else None,
        save_method=save_method,
        state=State.CREATED,
        at=await work.now(tenant.provider_id),
    )
    attempt = Attempt(
        provider_id=tenant.provider_id,
        tenant_id=tenant.tenant_id,
        attempt_id=new_id(),
        payment_id=payment.payment_id,
        account=account,
        customer=customer,
        stripe_method=method.facts.stripe_method if method else None,
        off_session=trigger in AUTOMATIC,
        save_method=save_method,
        amount_minor=amount_minor,
        currency=currency,
        description=_description(payment),
        state=State.CREATED,
        touched_at=work.system_now(),
        invoice_ids=tuple(share.invoice_id for share in shares),
    )
    if not await work.attempts.add(attempt):
        return None
    await work.payments.add(payment)
    return payment, attempt


def _description(payment: Payment) -> str:
    """Shown in the provider's Stripe dashboard; Stripe takes up to 1,000 characters."""
    return f"Invoice {payment.numbers}"[:500]
