"""Pay Now: full or partial, one invoice or several, with a saved method or a new one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.payments.domain.invoices import OpenInvoice, refuse_small
from services.payments.domain.methods import Method, label
from services.payments.domain.outcome import Outcome
from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.find_tenant import find_method, find_payment, find_tenant
from services.payments.use_cases.open_payment import chargeable, open_payment, payable
from services.payments.use_cases.ports import Gateway, GatewayUnreachable, OpenWork, Work
from services.payments.use_cases.submit_attempt import submit_attempt
from services.payments.use_cases.supersede_attempt import supersede_attempt
from shared.card_minimum import card_minimum_minor, card_step_minor
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.ids import InvoiceId, MethodId, PaymentId, ProviderId, TenantId
from shared.money import Currency, Money

ON_ITS_WAY = "A payment for this invoice is already on its way. Don't pay again; look at the payment history in a moment."


@dataclass(frozen=True, slots=True)
class PayNow:
    """What the tenant asked for. ``method_id`` None: a new method, typed into Stripe's own fields."""

    provider_id: ProviderId
    tenant_id: TenantId
    invoice_ids: tuple[InvoiceId, ...]
    amount_minor: int
    currency: str
    method_id: MethodId | None
    save_method: bool
    request_id: str

    @property
    def fingerprint(self) -> str:
        parts = (
            sorted(map(str, self.invoice_ids)),
            self.amount_minor,
            self.currency,
            self.method_id,
            self.save_method,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Begun:
    """``client_secret`` when the payer's browser has a step to do."""

    payment: Payment
    client_secret: str | None
    account: str


async def start_payment(open_work: OpenWork, gateway: Gateway, asked: PayNow) -> Begun:
    """The same ``request_id`` twice is one payment. Raises refusals that say what to do; see ``_checked``."""
    for _ in range(2):
        async with open_work() as work:
            found = await _prepare(work, asked)
        if isinstance(found, Payment):
            return await _again(open_work, gateway, found)
        attempt, blocking = found
        if attempt is not None:
            return await _submit(open_work, gateway, attempt)
        for waiting in blocking:
            await _supersede(open_work, gateway, waiting)
    raise Conflict(ON_ITS_WAY, slug="payment-on-its-way")


async def _prepare(work: Work, asked: PayNow) -> Payment | tuple[Attempt | None, list[Attempt]]:
    """The payment of an earlier request, or a new attempt, or the open attempts that must give way first."""
    tenant = await find_tenant(work, asked.provider_id, asked.tenant_id)
    await work.lock_tenant(asked.tenant_id)
    earlier = await work.payments.by_request(asked.tenant_id, asked.request_id)
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise Conflict(
                "This request_id was already used for another payment. Use a new one.", field="request_id"
            )
        return earlier
    method = await _method(work, tenant, asked)
    invoices = await _invoices(work, asked)
    blocking = await work.attempts.open_on(asked.tenant_id, asked.invoice_ids)
    if any(attempt.state is not State.REQUIRES_ACTION or attempt.intent is None for attempt in blocking):
        raise Conflict(ON_ITS_WAY, slug="payment-on-its-way")
    if blocking:
        return None, blocking
    left = await _checked(work, asked, invoices)
    made = await open_payment(
        work,
        tenant,
        trigger="pay_now",
        amount_minor=asked.amount_minor,
        invoices=invoices,
        left=left,
        method=method,
        save_method=asked.save_method and method is None,
        request_id=asked.request_id,
        fingerprint=asked.fingerprint,
    )
    if made is None:
        raise Conflict(ON_ITS_WAY, slug="payment-on-its-way")
    return made[1], []


async def _method(work: Work, tenant: Tenant, asked: PayNow) -> Method | None:
    if asked.method_id is None:
        return None
    account = await work.accounts.of(tenant.provider_id)
    method = find_method(await work.methods.saved(tenant.tenant_id, account), asked.method_id)
    if method.blocked:
        raise Conflict(
            f"{label(method.facts)} can no longer be used. Choose another payment method or add one.",
            field="method_id",
            slug="method-blocked",
        )
    return method


async def _invoices(work: Work, asked: PayNow) -> list[OpenInvoice]:
    if not asked.invoice_ids or len(set(asked.invoice_ids)) != len(asked.invoice_ids):
        raise Invalid("Name each invoice to pay once.", field="invoice_ids")
    found = []
    for invoice_id in asked.invoice_ids:
        invoice = await work.invoices.get(asked.tenant_id, invoice_id)
        if invoice is None or invoice.provider_id != asked.provider_id:
            raise NotFound("There is no such invoice. Reload the list of invoices.", field="invoice_ids")
        found.append(invoice)
    return found


async def _checked(work: Work, asked: PayNow, invoices: Sequence[OpenInvoice]) -> dict[InvoiceId, int]:
    """Raises ``Invalid`` or ``Conflict`` unless the amount is positive, at most what is open (R52), and a card can pay
    both it and what it leaves (R38)."""
    for invoice in invoices:
        if invoice.standing == "cancelled":
            raise Conflict(f"Invoice {invoice.number} was cancelled; there is nothing to pay.")
        if invoice.currency != asked.currency:
            raise Invalid(
                f"Invoice {invoice.number} is in {invoice.currency}. Pay in {invoice.currency}.",
                field="amount.currency",
            )
    if asked.amount_minor <= 0:
        raise Invalid("The amount must be more than zero. Enter what you want to pay.", field="amount")
    left = await payable(work, invoices)
    for invoice in invoices:
        if left[invoice.invoice_id] == 0:
            raise Conflict(f"Invoice {invoice.number} is already paid; there is nothing to pay.")
    code = Currency(asked.currency)
    most = chargeable(sum(left.values()), code)
    least = card_minimum_minor(code)
    if most < least:
        raise await _too_little_to_pay(work, asked, most, least)
    step = card_step_minor(code)
    if asked.amount_minor % step:
        raise Invalid(
            f"A card takes {code} in steps of {Money(step, code)}. Pay at most {Money(most, code)}; what is below a step "
            "is carried to the next invoice.",
            field="amount",
        )
    if asked.amount_minor > most:
        raise Invalid(
            f"The amount is above the balance due. Pay at most {Money(most, code)}.", field="amount"
        )
    said = refuse_small(asked.amount_minor, most, least, code)
    if said is not None:
        raise Invalid(said, field="amount")
    return left


async def _too_little_to_pay(work: Work, asked: PayNow, most: int, least: int) -> Conflict:
    """No amount on these invoices can be paid by card now."""
    others = [
        other
        for other in await work.invoices.open_of(asked.tenant_id)
        if other.currency == asked.currency and other.invoice_id not in asked.invoice_ids
    ]
    together = most + sum((await payable(work, others)).values())
    smallest = Money(least, Currency(asked.currency))
    way = (
        "Pay it together with your other open invoices."
        if together >= least
        else "You need not do anything: it will be collected with your next invoice."
    )
    return Conflict(
        f"The balance is below the smallest card payment of {smallest}. {way}",
        field="amount",
        slug="below-card-minimum",
    )


async def _supersede(open_work: OpenWork, gateway: Gateway, waiting: Attempt) -> None:
    try:
        gone = await supersede_attempt(open_work, gateway, waiting)
    except GatewayUnreachable as error:
        raise Unavailable(
            "An earlier payment for this invoice could not be stopped. No money has moved; try again in a minute."
        ) from error
    if not gone:
        raise Conflict(ON_ITS_WAY, slug="payment-on-its-way")


async def _submit(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> Begun:
    try:
        payment, outcome = await submit_attempt(open_work, gateway, attempt.tenant_id, attempt.attempt_id)
    except GatewayUnreachable:
        # Nothing was sent yet; the janitor goes on from ``created``.
        async with open_work() as work:
            held = await work.payments.get(attempt.tenant_id, attempt.payment_id)
        assert held is not None
        return Begun(held, None, attempt.account)
    return Begun(payment, _secret(payment, outcome), attempt.account)


async def continue_payment(
    open_work: OpenWork, gateway: Gateway, provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId
) -> Begun:
    """The client secret of a payment that waits for its payer, a declined automatic one included. Raises ``Conflict``
    when it waits for nobody."""
    async with open_work() as work:
        tenant = await find_tenant(work, provider_id, tenant_id)
        payment = await find_payment(work, tenant, payment_id)
    if payment.state is not State.REQUIRES_ACTION:
        raise Conflict("This payment does not wait for you. Look at its status in the payment history.")
    begun = await _again(open_work, gateway, payment)
    if begun.client_secret is None:
        raise Unavailable(
            "The payment service cannot be reached now. Nothing was changed; try again in a minute."
        )
    return begun


async def _again(open_work: OpenWork, gateway: Gateway, payment: Payment) -> Begun:
    """A repeated request sees the payment of the first one; the secret is fetched, as we keep none."""
    async with open_work() as work:
        attempt = await work.attempts.of_payment(payment.tenant_id, payment.payment_id)
    assert attempt is not None
    if payment.state is not State.REQUIRES_ACTION or attempt.intent is None:
        return Begun(payment, None, attempt.account)
    # Also for one that auto-pay began and whose bank wants its customer: the same PaymentIntent is confirmed.
    try:
        outcome = await gateway.read_intent(attempt.account, attempt.intent)
    except GatewayUnreachable:
        return Begun(payment, None, attempt.account)
    return Begun(payment, _secret(replace(payment, state=outcome.state), outcome), attempt.account)


def _secret(payment: Payment, outcome: Outcome | None) -> str | None:
    if outcome is None or payment.state is not State.REQUIRES_ACTION:
        return None
    return outcome.client_secret
