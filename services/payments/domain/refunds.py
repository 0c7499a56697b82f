"""Money that goes back (R36, R58): what may go back, where it is credited, and how it is booked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.payments.domain.payments import KEY_HOLDS, Payment, Share, received_shares
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId, derived_id
from shared.journal import JournalEntry, Posting
from shared.money import Currency, Money

To = Literal["method", "credit"]


class RefundState(StrEnum):
    """``FAILED`` also after ``SUCCEEDED``: a bank may send the money back days later."""

    CREATED = "created"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNSETTLED = frozenset({RefundState.CREATED, RefundState.SUBMITTED, RefundState.UNKNOWN, RefundState.PENDING})
SURE = frozenset({RefundState.PENDING, RefundState.SUCCEEDED})
_RANK = {state: place for place, state in enumerate(RefundState)}


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. All that its request to Stripe is made of stands here, as with an attempt.

    ``told``: people were told that the money goes back. ``at`` and ``ended_at`` are the provider's time,
    ``touched_at``, ``submitted_at`` and ``check_at`` real time. ``shares`` say on which invoices it is credited.
    """

    provider_id: ProviderId
    tenant_id: TenantId
    refund_id: UUID
    payment_id: PaymentId
    request_id: str
    fingerprint: str
    amount_minor: int
    currency: Currency
    to: To
    reason: str
    by: str
    state: RefundState
    account: str
    intent: str | None
    shares: tuple[Share, ...]
    at: datetime
    touched_at: datetime
    told: bool = False
    stripe_refund: str | None = None
    submitted_at: datetime | None = None
    checks: int = 0
    check_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def idempotency_key(self) -> str:
        return f"refund-{self.refund_id}"

    @property
    def counts(self) -> bool:
        """Whether it uses up captured money. One that failed after people were told is owed as credit instead."""
        return self.state is not RefundState.FAILED or self.told

    def key_holds(self, now: datetime) -> bool:
        """Whether the request may be sent again under its key; ``now`` is real time."""
        return self.submitted_at is None or now - self.submitted_at < KEY_HOLDS


def may_become(old: RefundState, new: RefundState) -> bool:
    """Whatever order reports come in: a refund only goes forward, and a failure is its last word."""
    if old is RefundState.FAILED or new is RefundState.CREATED:
        return False
    if new is RefundState.UNKNOWN:
        return old is RefundState.SUBMITTED
    return _RANK[new] > _RANK[old]


def refundable_minor(payment: Payment, refunds: Iterable[Refund], taken_minor: int) -> int:
    """What of the captured money may still go back; ``taken_minor`` is what banks took back by disputes."""
    reserved = sum(refund.amount_minor for refund in refunds if refund.counts)
    return max(0, payment.received_minor - reserved - taken_minor)


def taken_from(payment: Payment, before: Iterable[Sequence[Share]], amount_minor: int) -> tuple[Share, ...]:
    """Gives an amount that leaves a payment to the invoices that the payment had paid, in their order.

    ``before`` are the shares of what left it earlier. What was over-payment belongs to no invoice, and comes last.
    """
    gone: dict[InvoiceId, int] = {}
    for shares in before:
        for share in shares:
            gone[share.invoice_id] = gone.get(share.invoice_id, 0) + share.amount_minor
    left = amount_minor
    found = []
    for share in received_shares(payment):
        part = min(left, share.amount_minor - gone.get(share.invoice_id, 0))
        if part > 0:
            found.append(Share(share.invoice_id, share.number, part))
            left -= part
    return tuple(found)


def refund_entry(refund: Refund, booked_at: datetime) -> JournalEntry:
    """Booked once, when the refund is sure. To credit no money leaves: the tenant's funds become its credit."""
    amount = Money(refund.amount_minor, refund.currency)
    other = "stripe_clearing" if refund.to == "method" else "tenant_credit"
    return _entry(refund, refund.refund_id, booked_at, "refund", {"tenant_funds": amount, other: -amount})


def failed_refund_entry(refund: Refund, booked_at: datetime) -> JournalEntry:
    """The money came back to us and is owed to the tenant as credit."""
    amount = Money(refund.amount_minor, refund.currency)
    entry_id = derived_id("refund failed", refund.tenant_id, refund.refund_id)
    postings = {"stripe_clearing": amount, "tenant_credit": -amount}
    return _entry(refund, entry_id, booked_at, "refund failed", postings)


def _entry(
    refund: Refund, entry_id: UUID, booked_at: datetime, reason: str, postings: Mapping[str, Money]
) -> JournalEntry:
    return JournalEntry(
        provider_id=refund.provider_id,
        tenant_id=refund.tenant_id,
        entry_id=entry_id,
        booked_at=booked_at,
        reason=reason,
        postings=tuple(Posting(account, amount) for account, amount in postings.items()),
    )


def next_check(checks: int, state: RefundState) -> timedelta:
    """How long to wait before Stripe is asked again; webhooks normally come first."""
    if state is RefundState.PENDING:
        return min(timedelta(minutes=5) * (1 << min(checks, 10)), timedelta(days=1))
    return min(timedelta(seconds=1) * (1 << min(checks, 10)), timedelta(minutes=5))
