"""What comes in and goes out over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from services.payments.domain.disputes import Dispute
from services.payments.domain.history import (
    Shown,
    dispute_sentence,
    refund_sentence,
    refund_words,
    refunded_minor,
    status,
)
from services.payments.domain.methods import AutoPay, Method, label
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payment_plans import MOST_INSTALMENTS, next_part
from services.payments.domain.refunds import Refund
from services.payments.domain.sentences import sentence
from services.payments.domain.states import State
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.agree_plan import PlanShown
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
    text_version: str | None = Field(
        None, min_length=1, max_length=100, description="version of the consent's text that was shown"
    )
    ip: str | None = Field(None, max_length=45, description="address the consent was given from, where known")


class PaymentIn(Body):
    invoice_ids: list[UUID] = Field(default_factory=list, max_length=50)
    payment_plan_id: UUID | None = Field(
        None, description="pay towards this payment plan instead of naming invoices"
    )
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
        if self.invoice_ids and self.payment_plan_id is not None:
            raise ValueError("name the invoices in invoice_ids, or a payment_plan_id")
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
    blocked: bool = Field(False, description="never charged again: lost, stolen, revoked or returned")
    sentence: str | None = None

    @classmethod
    def of(cls, method: Method) -> "MethodOut":
        facts = method.facts
        return cls(
            blocked=method.blocked,
            sentence=f"{label(facts)} can no longer be used. Add another payment method."
            if method.blocked
            else None,
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


class RefundOut(BaseModel):
    """A row of its own beneath its payment (R58); ``amount`` is negative, as the tenant sees it."""

    refund_id: UUID
    amount: Amount
    to: str
    status: str
    status_words: str
    reason: str
    at: datetime
    ended_at: datetime | None
    sentence: str

    @classmethod
    def of(cls, refund: Refund) -> "RefundOut":
        return cls(
            refund_id=refund.refund_id,
            amount=Amount(minor=-refund.amount_minor, currency=refund.currency),
            to=refund.to,
            status=refund.state.value,
            status_words=refund_words(refund),
            reason=refund.reason,
            at=refund.at,
            ended_at=refund.ended_at,
            sentence=refund_sentence(refund),
        )


class DisputeOut(BaseModel):
    dispute_id: UUID
    state: str
    amount: Amount
    opened_at: datetime
    ended_at: datetime | None
    sentence: str

    @classmethod
    def of(cls, dispute: Dispute, method: str) -> "DisputeOut":
        return cls(
            dispute_id=dispute.dispute_id,
            state=dispute.state.value,
            amount=Amount(minor=dispute.amount_minor, currency=dispute.currency),
            opened_at=dispute.opened_at,
            ended_at=dispute.ended_at,
            sentence=dispute_sentence(dispute, method),
        )


class RefundIn(Body):
    amount: Amount
    to: Literal["method", "credit"] = "method"
    reason: str = Field(min_length=1, max_length=500)
    by: str = Field(min_length=1, max_length=200)
    request_id: str = Field(min_length=8, max_length=100, pattern=r"^[\w.:-]+$")


class AllocationIn(Body):
    invoice_id: UUID
    amount_minor: Minor


class OutsidePaymentIn(Body):
    """Money that came outside Stripe. Without allocations it goes to open invoices, oldest due first."""

    kind: Literal["bank_transfer", "cheque", "cash", "other"]
    amount: Amount
    reference: str = Field(
        min_length=1, max_length=200, description="the transfer's text, the cheque's number"
    )
    allocations: list[AllocationIn] = Field(default_factory=list, max_length=50)
    request_id: str = Field(min_length=8, max_length=100, pattern=r"^[\w.:-]+$")


class PlanIn(Body):
    """Equal instalments, the remainder in the first (R51), on local days of the tenant."""

    invoice_ids: list[UUID] = Field(min_length=1, max_length=50)
    days: list[date] = Field(min_length=2, max_length=MOST_INSTALMENTS)
    by: str = Field(min_length=1, max_length=200)
    request_id: str = Field(min_length=8, max_length=100, pattern=r"^[\w.:-]+$")


class InstalmentOut(BaseModel):
    due_on: date
    amount: Amount
    paid: Amount


class PlanOut(BaseModel):
    payment_plan_id: UUID
    state: str = Field(description="agreed, kept, broken or cancelled")
    invoice_ids: list[InvoiceId]
    instalments: list[InstalmentOut]
    remaining: Amount
    next_due_on: date | None = Field(description="the first instalment that is not fully paid")
    next_amount: Amount | None = Field(description="what Pay Now offers")
    agreed_at: datetime
    ended_at: datetime | None
    by: str

    @classmethod
    def of(cls, shown: PlanShown) -> "PlanOut":
        plan = shown.plan
        following = next_part(plan, shown.remaining_minor) if plan.is_active else None

        def amount(minor: int) -> Amount:
            return Amount(minor=minor, currency=plan.currency)

        return cls(
            payment_plan_id=plan.plan_id,
            state=plan.state,
            invoice_ids=list(plan.invoice_ids),
            instalments=[
                InstalmentOut(due_on=part.due_on, amount=amount(part.amount_minor), paid=amount(paid))
                for part, paid in zip(plan.parts, shown.paid, strict=True)
            ],
            remaining=amount(shown.remaining_minor),
            next_due_on=following[0] if following else None,
            next_amount=amount(following[1]) if following else None,
            agreed_at=plan.agreed_at,
            ended_at=plan.ended_at,
            by=plan.by,
        )


class PlansOut(BaseModel):
    payment_plans: list[PlanOut]


class SettingsBody(Body):
    """A provider's own ladder of retries, in days after the first decline; null: 2, 7, 14 and 21."""

    retry_days: list[Annotated[StrictInt, Field(ge=1, le=90)]] | None = Field(max_length=10)

    @model_validator(mode="after")
    def _rising(self) -> "SettingsBody":
        if self.retry_days is not None and self.retry_days != sorted(set(self.retry_days)):
            raise ValueError("retry_days must rise")
        return self


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
    reference: str | None = None
    refunded: Amount | None = None
    refunds: list[RefundOut] = Field(default_factory=list)
    disputes: list[DisputeOut] = Field(default_factory=list)

    @classmethod
    def of(cls, shown: Shown, tenant: Tenant) -> "PaymentOut":
        return cls.model_validate(payment_fields(shown, tenant))


class BegunOut(PaymentOut):
    client_secret: str | None
    publishable_key: str
    stripe_account: str | None
    stripe_method: str | None = Field(
        None, description="confirm with this method unless the payer chooses another one"
    )


class PaymentsOut(BaseModel):
    payments: list[PaymentOut]
    next: str | None = Field(description="cursor of the next page, older payments")


def payment_fields(shown: Shown, tenant: Tenant) -> dict[str, object]:
    payment = shown.payment
    words = status(shown)
    back = refunded_minor(shown.refunds)
    method = label(payment.method)
    charged = payment.received_minor if payment.state is State.SUCCEEDED else payment.amount_minor
    begun_on = local_date(payment.at, ZoneInfo(tenant.time_zone))
    return {
        "payment_id": payment.payment_id,
        "trigger": payment.trigger,
        "status": words[0],
        "status_words": words[1],
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
        "reference": payment.reference,
        "refunded": Amount(minor=back, currency=payment.currency) if back else None,
        "refunds": [RefundOut.of(refund) for refund in shown.refunds],
        "disputes": [DisputeOut.of(dispute, method) for dispute in shown.disputes],
    }
