"""A payment (what a person sees) and its attempts (one PaymentIntent and one idempotency key each)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.payments.domain.declines import Reason
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.states import OPEN, State
from shared.ids import InvoiceId, MethodId, PaymentId, ProviderId, TenantId
from shared.journal import JournalEntry, Posting
from shared.money import Currency, Money

Trigger = Literal["auto_pay", "pay_now", "outside", "payment_plan"]
# Collected by us, with nobody at the screen.
AUTOMATIC: frozenset[Trigger] = frozenset({"auto_pay", "payment_plan"})

# Stripe may forget a key after 24 h; an hour less, so that a slow request cannot cross the line.
KEY_HOLDS = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a payment that goes to one invoice, in minor units."""

    invoice_id: InvoiceId
    number: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Payment:
    """``at`` is the provider's time at which it was begun, ``ended_at`` that of its end."""

    provider_id: ProviderId
    tenant_id: TenantId
    payment_id: PaymentId
    trigger: Trigger
    request_id: str | None
    fingerprint: str
    amount_minor: int
    currency: Currency
    shares: tuple[Share, ...]
    method_id: MethodId | None
    method: MethodFacts | None
    save_method: bool
    state: State
    at: datetime
    received_minor: int = 0
    reason: Reason | None = None
    retry_at: datetime | None = None
    ended_at: datetime | None = None
    # Of money taken outside Stripe: the transfer's text, the cheque's number.
    reference: str | None = None

    @property
    def numbers(self) -> str:
        return ", ".join(share.number for share in self.shares)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to move the money. All that its request to Stripe is made of stands here, so that the same key
    always goes with the same parameters. Times are real time: Stripe's keys know no test clock (R53).
    """

    provider_id: ProviderId
    tenant_id: TenantId
    attempt_id: UUID
    payment_id: PaymentId
    account: str
    customer: str | None
    stripe_method: str | None
    off_session: bool
    save_method: bool
    amount_minor: int
    currency: Currency
    description: str
    state: State
    touched_at: datetime
    submitted_at: datetime | None = None
    intent: str | None = None
    checks: int = 0
    check_at: datetime | None = None
    # The PaymentIntent outlives a failed attempt at Stripe; it is canceled so that nobody can pay it later.
    intent_closed: bool = False
    invoice_ids: tuple[InvoiceId, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def idempotency_key(self) -> str:
        return f"pay-{self.attempt_id}"

    def key_holds(self, now: datetime) -> bool:
        """Whether the request may be sent again under its key; ``now`` is real time."""
        return self.submitted_at is None or now - self.submitted_at < KEY_HOLDS


def received_shares(payment: Payment) -> tuple[Share, ...]:
    """The shares that the captured money covers, in order; together at most what was received (R52)."""
    left = payment.received_minor
    covered = []
    for share in payment.shares:
        amount = min(left, share.amount_minor)
        if amount > 0:
            covered.append(Share(share.invoice_id, share.number, amount))
            left -= amount
    return tuple(covered)


def capture_entry(payment: Payment, booked_at: datetime) -> JournalEntry:
    """Dr stripe_clearing (outside_funds) / Cr tenant_funds. The entry's id is the payment's: it is booked once."""
    received = Money(payment.received_minor, payment.currency)
    outside = payment.trigger == "outside"
    return JournalEntry(
        provider_id=payment.provider_id,
        tenant_id=payment.tenant_id,
        entry_id=payment.payment_id,
        booked_at=booked_at,
        reason="payment received" if outside else "payment captured",
        postings=(
            Posting("outside_funds" if outside else "stripe_clearing", received),
            Posting("tenant_funds", -received),
        ),
    )


def next_check(checks: int, state: State) -> timedelta:
    """How long to wait before Stripe is asked again about an open attempt; webhooks normally come first."""
    if state in (State.PROCESSING, State.REQUIRES_ACTION):
        first, longest = timedelta(minutes=5), timedelta(days=1)
    else:
        first, longest = timedelta(seconds=1), timedelta(minutes=5)
    return min(first * (1 << min(checks, 10)), longest)
