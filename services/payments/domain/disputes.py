"""Money that a bank took back: chargebacks (R49) and bank debits returned after success (design/stripe.md, 4.7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.payments.domain.payments import Share
from shared.ids import PaymentId, ProviderId, TenantId, derived_id
from shared.journal import JournalEntry, Posting
from shared.money import Currency, Money

BANK_DEBITS = frozenset({"us_bank_account", "sepa_debit"})


class DisputeState(StrEnum):
    """``RETURNED`` is a bank debit's: final, cannot be contested."""

    OPENED = "opened"
    WON = "won"
    LOST = "lost"
    RETURNED = "returned"


TAKES = frozenset({DisputeState.OPENED, DisputeState.LOST, DisputeState.RETURNED})


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute as Stripe tells it. ``fee_minor``: what Stripe keeps for it so far."""

    stripe_dispute: str
    intent: str | None
    status: str
    amount_minor: int
    fee_minor: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """``amount_minor`` is what left the payment, ``fee_minor`` what the books hold of its fee.

    ``refunded_minor`` of the amount had been given back to the tenant already: that part is the provider's loss and
    no longer the tenant's funds.
    """

    provider_id: ProviderId
    tenant_id: TenantId
    dispute_id: UUID
    payment_id: PaymentId
    account: str
    stripe_dispute: str
    state: DisputeState
    amount_minor: int
    fee_minor: int
    currency: Currency
    reason: str
    shares: tuple[Share, ...]
    opened_at: datetime
    ended_at: datetime | None = None
    refunded_minor: int = 0

    @property
    def takes(self) -> bool:
        """Whether the money is away."""
        return self.state in TAKES


def state_of(status: str, kind: str | None) -> DisputeState | None:
    """Stripe's status in our words; None for an inquiry, which moves no money (https://docs.stripe.com/disputes)."""
    if status.startswith("warning_") or status == "prevented":
        return None
    if kind in BANK_DEBITS and status != "won":
        return DisputeState.RETURNED
    return {"won": DisputeState.WON, "lost": DisputeState.LOST}.get(status, DisputeState.OPENED)


def may_become(old: DisputeState, new: DisputeState) -> bool:
    """Opened is decided once; a late report of an earlier state changes nothing."""
    return old is DisputeState.OPENED and new in (DisputeState.WON, DisputeState.LOST)


def taken_minor(disputes: Iterable[Dispute]) -> int:
    """What banks hold of a payment."""
    return sum(dispute.amount_minor for dispute in disputes if dispute.takes)


def withdrawal_entry(dispute: Dispute, booked_at: datetime) -> JournalEntry:
    """Dr tenant_funds, Dr chargebacks (what had been refunded) / Cr stripe_clearing, and the fee."""
    return _entry(dispute, "opened", booked_at, (*_taken(dispute), *_fee(dispute, dispute.fee_minor)))


def decision_entry(dispute: Dispute, fee_before_minor: int, booked_at: datetime) -> JournalEntry | None:
    """Won gives the amount back; a change of the fee is booked with the decision. None: nothing moved."""
    postings = [*_fee(dispute, dispute.fee_minor - fee_before_minor)]
    if dispute.state is DisputeState.WON:
        postings += [Posting(one.account, -one.amount) for one in _taken(dispute)]
    return _entry(dispute, dispute.state.value, booked_at, tuple(postings)) if postings else None


def _taken(dispute: Dispute) -> tuple[Posting, ...]:
    parts = {
        "tenant_funds": dispute.amount_minor - dispute.refunded_minor,
        "chargebacks": dispute.refunded_minor,
        "stripe_clearing": -dispute.amount_minor,
    }
    return tuple(Posting(name, Money(minor, dispute.currency)) for name, minor in parts.items() if minor)


def _fee(dispute: Dispute, fee_minor: int) -> tuple[Posting, ...]:
    if fee_minor == 0:
        return ()
    fee = Money(fee_minor, dispute.currency)
    return (Posting("stripe_fees", fee), Posting("stripe_clearing", -fee))


def _entry(dispute: Dispute, step: str, booked_at: datetime, postings: tuple[Posting, ...]) -> JournalEntry:
    return JournalEntry(
        provider_id=dispute.provider_id,
        tenant_id=dispute.tenant_id,
        entry_id=derived_id("dispute", dispute.tenant_id, dispute.dispute_id, step),
        booked_at=booked_at,
        reason=f"dispute {step}",
        postings=postings,
    )
