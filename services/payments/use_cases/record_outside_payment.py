"""Money that came outside Stripe (bank transfer, cheque, cash), written down by the provider (R52)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.payments.domain.invoices import OpenInvoice, spread
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payments import Payment, Share, capture_entry
from services.payments.domain.states import State
from services.payments.use_cases.find_tenant import find_tenant
from services.payments.use_cases.open_payment import payable
from services.payments.use_cases.payment_events import succeeded
from services.payments.use_cases.ports import Work
from services.payments.use_cases.review_plans import review_plans
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId, new_id
from shared.money import Currency, Money, currency

Kind = Literal["bank_transfer", "cheque", "cash", "other"]


@dataclass(frozen=True, slots=True)
class OutsidePayment:
    """``given``: what goes to which invoice; empty: to the open ones, oldest due first. The rest is over-payment."""

    provider_id: ProviderId
    tenant_id: TenantId
    kind: Kind
    amount_minor: int
    currency: str
    reference: str
    given: tuple[tuple[InvoiceId, int], ...]
    request_id: str

    @property
    def fingerprint(self) -> str:
        given = sorted((str(invoice_id), minor) for invoice_id, minor in self.given)
        parts = (self.kind, self.amount_minor, self.currency, self.reference, given)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


async def record_outside_payment(work: Work, asked: OutsidePayment) -> Payment:
    """The same ``request_id`` twice is one payment. Money that was received is never refused for being too much."""
    await find_tenant(work, asked.provider_id, asked.tenant_id)
    await work.lock_tenant(asked.tenant_id)
    earlier = await work.payments.by_request(asked.tenant_id, asked.request_id)
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise Conflict(
                "This request_id was already used for another payment. Use a new one.", field="request_id"
            )
        return earlier
    if asked.amount_minor <= 0:
        raise Invalid("The amount must be more than zero.", field="amount")
    code = currency(asked.currency)
    shares = await (_given(work, asked) if asked.given else _oldest_first(work, asked))
    now = await work.now(asked.provider_id)
    payment = Payment(
        provider_id=asked.provider_id,
        tenant_id=asked.tenant_id,
        payment_id=PaymentId(new_id()),
        trigger="outside",
        request_id=asked.request_id,
        fingerprint=asked.fingerprint,
        amount_minor=asked.amount_minor,
        currency=code,
        shares=shares,
        method_id=None,
        method=MethodFacts("outside", asked.kind, "", ""),
        save_method=False,
        state=State.SUCCEEDED,
        at=now,
        received_minor=asked.amount_minor,
        ended_at=now,
        reference=asked.reference,
    )
    await work.payments.add(payment)
    await work.post(capture_entry(payment, now))
    work.emit(succeeded(payment, now), time=now)
    await review_plans(work, asked.tenant_id)
    return payment


async def _oldest_first(work: Work, asked: OutsidePayment) -> tuple[Share, ...]:
    invoices = await work.invoices.open_of(asked.tenant_id)
    other = next((one for one in invoices if one.currency != asked.currency), None)
    if other is not None:
        raise _other_currency(other)
    left = await payable(work, invoices)
    parts = spread(asked.amount_minor, invoices, left)
    return _shares(invoices, parts)


async def _given(work: Work, asked: OutsidePayment) -> tuple[Share, ...]:
    """Each part is at most what its invoice still costs: more would be no payment of that invoice."""
    parts = dict(asked.given)
    if len(parts) != len(asked.given) or min(parts.values()) <= 0:
        raise Invalid("Name each invoice once, with an amount above zero.", field="allocations")
    if sum(parts.values()) > asked.amount_minor:
        raise Invalid("The invoices get more than was received.", field="allocations")
    invoices: list[OpenInvoice] = []
    for invoice_id in parts:
        invoice = await work.invoices.get(asked.tenant_id, invoice_id)
        if invoice is None or invoice.provider_id != asked.provider_id:
            raise NotFound("There is no such invoice. Reload the list of invoices.", field="allocations")
        if invoice.currency != asked.currency:
            raise _other_currency(invoice)
        invoices.append(invoice)
    left = await payable(work, invoices)
    for invoice in invoices:
        if parts[invoice.invoice_id] > left[invoice.invoice_id]:
            most = Money(left[invoice.invoice_id], Currency(invoice.currency))
            raise Invalid(
                f"Invoice {invoice.number} has {most} left to pay. Give it at most that; the rest becomes credit.",
                field="allocations",
            )
    return _shares(invoices, parts)


def _shares(invoices: Sequence[OpenInvoice], parts: dict[InvoiceId, int]) -> tuple[Share, ...]:
    return tuple(
        Share(one.invoice_id, one.number, parts[one.invoice_id])
        for one in invoices
        if one.invoice_id in parts
    )


def _other_currency(invoice: OpenInvoice) -> Invalid:
    return Invalid(
        f"Invoice {invoice.number} is in {invoice.currency}. Record the payment in {invoice.currency}.",
        field="amount.currency",
    )
