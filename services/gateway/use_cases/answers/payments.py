"""Methods, auto-pay, payments, payment plans."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.gateway.use_cases.answers.amounts import Amount, Answer
from shared.ids import InvoiceId, MethodId, PaymentId


class Method(Answer):
    """A payment method: never more than the last four digits. ``expires`` is MM/YYYY."""

    method_id: MethodId | None
    kind: str
    brand: str
    last4: str
    expires: str | None = None
    is_default: bool = False
    blocked: bool = Field(False, description="never charged again: lost, stolen, revoked or returned")
    sentence: str | None = Field(None, description="for people; why it is blocked")


class AutoPay(Answer):
    enabled: bool
    since: datetime | None = None


class Methods(Answer):
    """Saved methods and auto-pay."""

    methods: tuple[Method, ...]
    auto_pay: AutoPay


class Removed(Answer):
    """What else deleting a method did (R62). ``sentence`` is for people."""

    default: MethodId | None
    auto_pay_turned_off: bool
    sentence: str | None = None


class OpenToPay(Answer):
    """An open invoice that auto-pay will not charge (R61)."""

    invoice_id: InvoiceId
    number: str
    balance: Amount


class AutoPayChanged(AutoPay):
    open_invoices: tuple[OpenToPay, ...] = ()


class SetupIntent(Answer):
    """What Stripe Elements needs to save a method."""

    setup_intent: str
    client_secret: str
    publishable_key: str
    stripe_account: str | None = None


class Allocation(Answer):
    """The part of a payment that goes to one invoice."""

    invoice_id: InvoiceId
    number: str
    amount: Amount


class Refund(Answer):
    """A row beneath its payment; ``amount`` is negative (R58)."""

    refund_id: UUID
    amount: Amount
    to: Literal["method", "credit"]
    status: str
    status_words: str
    reason: str
    at: datetime
    ended_at: datetime | None = None
    sentence: str


class Dispute(Answer):
    """A payment that its payer's bank disputes."""

    dispute_id: UUID
    state: str
    amount: Amount
    opened_at: datetime
    ended_at: datetime | None = None
    sentence: str


class Payment(Answer):
    """A payment with what came of it. ``status`` is for programs, ``status_words`` and ``sentence`` for people."""

    payment_id: PaymentId
    at: datetime
    amount: Amount
    status: str
    status_words: str | None = None
    trigger: str | None = Field(None, description="pay_now, auto_pay, retry, plan or outside")
    method: Method | None = None
    invoices: tuple[Allocation, ...] = ()
    sentence: str | None = None
    reason: str | None = None
    ended_at: datetime | None = None
    reference: str | None = Field(None, description="of money that came outside Stripe")
    client_secret: str | None = None
    publishable_key: str | None = None
    stripe_account: str | None = None
    stripe_method: str | None = None
    next_retry_at: datetime | None = None
    refunded: Amount | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


class PaymentList(Answer):
    """Newest first."""

    payments: tuple[Payment, ...]
    next: str | None = None


class Instalment(Answer):
    """One part of a plan, on a local day of the tenant."""

    due_on: date
    amount: Amount
    paid: Amount


class PaymentPlan(Answer):
    """Instalments agreed with the provider. ``next_amount`` is what Pay Now offers."""

    payment_plan_id: UUID
    state: Literal["agreed", "kept", "broken", "cancelled"]
    invoice_ids: tuple[InvoiceId, ...]
    instalments: tuple[Instalment, ...]
    remaining: Amount
    next_due_on: date | None
    next_amount: Amount | None
    agreed_at: datetime
    ended_at: datetime | None


class PaymentPlans(Answer):
    """Newest first, ended ones too."""

    payment_plans: tuple[PaymentPlan, ...]
