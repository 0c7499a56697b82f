"""Events of payments: money collected through Stripe, methods and auto-pay."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.events.envelope import Event, Payload
from shared.ids import InvoiceId, MethodId, PaymentId, TenantId

Trigger = Literal["auto_pay", "pay_now"]


class MethodShown(Payload):
    """A payment method as people may see it. Never more than the last four digits."""

    method_id: MethodId | None
    kind: Literal["card", "us_bank_account", "sepa_debit"]
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
