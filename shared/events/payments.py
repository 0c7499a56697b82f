"""Events of payments: money collected through Stripe, methods and auto-pay."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Event, Payload
from shared.ids import InvoiceId, MethodId, PaymentId, TenantId

Trigger = Literal["auto_pay", "pay_now", "outside", "payment_plan"]


class MethodShown(Payload):
    """A payment method as people may see it. Never more than the last four digits."""

    method_id: MethodId | None
    kind: Literal["card", "us_bank_account", "sepa_debit", "bank_transfer", "cheque", "cash", "other"]
    brand: str
    last4: str
    expires: str | None = None  # MM/YYYY


class Allocation(Payload):
    """The part of a payment that goes to one invoice, in minor units."""

    invoice_id: InvoiceId
    number: str
    amount_minor: int


class _Payment(Event):
    tenant_id: TenantId
    payment_id: PaymentId
    trigger: Trigger
    amount_minor: int
    currency: str
    method: MethodShown
    allocations: tuple[Allocation, ...]
    at: datetime
    reference: str | None = None  # of a payment taken outside Stripe


class PaymentSucceeded(_Payment):
    """Money was captured. The sum of the allocations is at most the amount; the rest is over-payment (R52)."""

    TYPE: ClassVar[str] = "payments.payment.succeeded.v1"


class PaymentFailed(_Payment):
    """No money moved. ``reason`` is one of design/ui.md's moments, never a bank's code; ``next_retry_at`` or never."""

    TYPE: ClassVar[str] = "payments.payment.failed.v1"

    reason: Literal["no_funds", "expired", "declined", "authentication", "no_method", "other"]
    next_retry_at: datetime | None = None


class PaymentProcessing(_Payment):
    """A bank debit is on its way: not paid yet, and it pauses the ladder (R48)."""

    TYPE: ClassVar[str] = "payments.payment.processing.v1"


class PaymentRefunded(Event):
    """Money of a payment goes back (R36, R58). Sent once, when the refund is sure enough to tell people.

    ``to`` "method": Stripe took it and it is pending or done; "credit": it becomes account credit. Allocations
    are positive and say which invoices it is credited on; invoicing answers with credit notes.
    """

    TYPE: ClassVar[str] = "payments.payment.refunded.v1"

    tenant_id: TenantId
    payment_id: PaymentId
    refund_id: UUID
    amount_minor: int
    currency: str
    to: Literal["method", "credit"]
    method: MethodShown
    allocations: tuple[Allocation, ...]
    payment_fully_refunded: bool
    reason: str
    by: str
    at: datetime


class RefundFailed(Event):
    """A refund that was told of did not reach the tenant: its money is still with the provider, owed as credit."""

    TYPE: ClassVar[str] = "payments.refund.failed.v1"

    tenant_id: TenantId
    payment_id: PaymentId
    refund_id: UUID
    amount_minor: int
    currency: str
    at: datetime


class PaymentDisputed(Event):
    """A bank took a captured payment back, or decided about it (R49).

    ``opened`` and ``returned`` take the money from the allocations' invoices, ``won`` gives it back, ``lost``
    leaves it taken. ``returned`` is a bank debit that failed after success: final, cannot be contested.
    """

    TYPE: ClassVar[str] = "payments.payment.disputed.v1"

    tenant_id: TenantId
    payment_id: PaymentId
    dispute_id: UUID
    state: Literal["opened", "won", "lost", "returned"]
    amount_minor: int
    fee_minor: int
    currency: str
    method: MethodShown
    allocations: tuple[Allocation, ...]
    at: datetime


class Instalment(Payload):
    """A part of a payment plan, due on a local day (R51)."""

    due_on: date
    amount_minor: int
    paid_minor: int = 0


class _PaymentPlan(Event):
    tenant_id: TenantId
    payment_plan_id: UUID
    currency: str
    invoice_ids: tuple[InvoiceId, ...]
    instalments: tuple[Instalment, ...]
    at: datetime


class PaymentPlanAgreed(_PaymentPlan):
    """Provider and tenant agreed on instalments: the ladder pauses for these invoices (R48)."""

    TYPE: ClassVar[str] = "payments.payment_plan.agreed.v1"

    by: str


class PaymentPlanBroken(_PaymentPlan):
    """An instalment was missed by a day (R51): the pause ends."""

    TYPE: ClassVar[str] = "payments.payment_plan.broken.v1"


class PaymentPlanEnded(_PaymentPlan):
    """Paid to the end, or ended by the provider."""

    TYPE: ClassVar[str] = "payments.payment_plan.ended.v1"

    why: Literal["kept", "cancelled"]


class MethodExpiring(Event):
    """A saved card expires at the end of next month or sooner; once a card and expiry."""

    TYPE: ClassVar[str] = "payments.method.expiring.v1"

    tenant_id: TenantId
    method: MethodShown
    is_default: bool


class MethodSaved(Event):
    """A tenant saved a payment method."""

    TYPE: ClassVar[str] = "payments.method.saved.v1"

    tenant_id: TenantId
    method: MethodShown
    is_default: bool


class MethodRemoved(Event):
    """A tenant removed a payment method."""

    TYPE: ClassVar[str] = "payments.method.removed.v1"

    tenant_id: TenantId
    method: MethodShown


class AutoPayChanged(Event):
    """Auto-pay was turned on or off, by a person or because the only method went (R62)."""

    TYPE: ClassVar[str] = "payments.auto_pay.changed.v1"

    tenant_id: TenantId
    enabled: bool
    by: str
