"""What comes in and goes out over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payments import Payment
from services.payments.domain.sentences import sentence
from services.payments.domain.states import State, in_words
from services.payments.domain.tenants import Tenant
from shared.clock import local_date
from shared.ids import InvoiceId, MethodId, PaymentId

Minor = Annotated[
    StrictInt, Field(ge=-(10**12), le=10**12, description="whole minor units: cents of a dollar")
]


class Body(BaseModel):
    """A request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Amount(Body):
    minor: Minor
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217")


class AccountIn(Body):
    stripe_account: str | None = Field(
        pattern=r"^acct_[A-Za-z0-9]{4,64}$",
        description="the provider's own Stripe account; null: the platform's",
    )


class MethodIn(Body):
    setup_intent: str = Field(
        pattern=r"^seti_[A-Za-z0-9]{4,100}$", description="id of the confirmed SetupIntent"
    )


class AutoPayIn(Body):
    enabled: StrictBool
    by: str = Field(min_length=1, max_length=200, description="who gives or withdraws the consent")


class PaymentIn(Body):
    invoice_ids: list[UUID] = Field(min_length=1, max_length=50)
    amount: Amount
    method_id: UUID | None = Field(None, description="a saved payment method")
    new_method: StrictBool = Field(False, description="card or bank details follow in Stripe's own fields")
    save_method: StrictBool = Field(False, description="keep the new method after it has paid")
    request_id: str = Field(
        min_length=8, max_length=100, pattern=r"^[\w.:-]+$", description="the same one twice is one payment"
    )

    @model_validator(mode="after")
    def _one_method(self) -> "PaymentIn":
        if (self.method_id is None) != self.new_method:
            raise ValueError("give either method_id or new_method: true")
        return self


class SetupOut(BaseModel):
    setup_intent: str
    client_secret: str
    publishable_key: str
    stripe_account: str | None


class MethodOut(BaseModel):
    method_id: MethodId
    kind: str
    brand: str
    last4: str
    expires: str | None
    is_default: bool

    @classmethod
    def of(cls, method: Method) -> "MethodOut":
        facts = method.facts
        return cls(
            method_id=method.method_id,
            kind=facts.kind,
            brand=facts.brand,
            last4=facts.last4,
            expires=facts.expires,
            is_default=method.is_default,
        )


class AutoPayOut(BaseModel):
    enabled: bool
    since: datetime | None

    @classmethod
    def of(cls, auto_pay: AutoPay | None) -> "AutoPayOut":
        if auto_pay is None:
            return cls(enabled=False, since=None)
        return cls(enabled=auto_pay.enabled, since=auto_pay.since)


class MethodsOut(BaseModel):
    methods: list[MethodOut]
    auto_pay: AutoPayOut


class DeletedOut(BaseModel):
    default: MethodId | None
    auto_pay_turned_off: bool
    sentence: str | None


class OpenInvoiceOut(BaseModel):
    invoice_id: InvoiceId
    number: str
    balance: Amount


class AutoPayChangedOut(AutoPayOut):
    open_invoices: list[OpenInvoiceOut] = Field(description="not charged by auto-pay; may be paid now (R61)")


class PaidMethodOut(BaseModel):
    method_id: MethodId | None
    kind: str
    brand: str
    last4: str
    expires: str | None

    @classmethod
    def of(cls, facts: MethodFacts | None, method_id: MethodId | None) -> "PaidMethodOut | None":
        if facts is None:
            return None
        return cls(
            method_id=method_id,
            kind=facts.kind,
            brand=facts.brand,
            last4=facts.last4,
            expires=facts.expires,
        )


class ShareOut(BaseModel):
    invoice_id: InvoiceId
    number: str
    amount: Amount


class PaymentOut(BaseModel):
    """A row of Payment History (R58). ``status`` is for programs, ``status_words`` and ``sentence`` for people."""

    payment_id: PaymentId
    trigger: str
    status: str
    status_words: str
    amount: Amount
    method: PaidMethodOut | None
    invoices: list[ShareOut]
    at: datetime
    ended_at: datetime | None
    reason: str | None
    sentence: str | None
    next_retry_at: datetime | None

    @classmethod
    def of(cls, payment: Payment, tenant: Tenant) -> "PaymentOut":
        return cls(**payment_fields(payment, tenant))


class BegunOut(PaymentOut):
    client_secret: str | None
    publishable_key: str
    stripe_account: str | None


class PaymentsOut(BaseModel):
    payments: list[PaymentOut]
    next: str | None = Field(description="cursor of the next page, older payments")


def payment_fields(payment: Payment, tenant: Tenant) -> dict[str, object]:
    charged = payment.received_minor if payment.state is State.SUCCEEDED else payment.amount_minor
    begun_on = local_date(payment.at, ZoneInfo(tenant.time_zone))
    return {
        "payment_id": payment.payment_id,
        "trigger": payment.trigger,
        "status": payment.state.value,
        "status_words": in_words(payment.state),
        "amount": Amount(minor=charged, currency=payment.currency),
        "method": PaidMethodOut.of(payment.method, payment.method_id),
        "invoices": [
            ShareOut(
                invoice_id=share.invoice_id,
                number=share.number,
                amount=Amount(minor=share.amount_minor, currency=payment.currency),
            )
            for share in payment.shares
        ],
        "at": payment.at,
        "ended_at": payment.ended_at,
        "reason": payment.reason,
        "sentence": sentence(payment, begun_on),
        "next_retry_at": payment.retry_at,
    }
