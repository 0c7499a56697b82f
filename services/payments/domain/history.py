"""A payment as Payment History shows it (R58): its own state, refunds and disputes together."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.domain.disputes import Dispute, DisputeState
from services.payments.domain.payments import Payment
from services.payments.domain.refunds import SURE, Refund, RefundState
from services.payments.domain.states import State, in_words


@dataclass(frozen=True, slots=True)
class Shown:
    """A payment with what happened to it afterwards; oldest first."""

    payment: Payment
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


def refunded_minor(refunds: Sequence[Refund]) -> int:
    """What went back or is on its way back."""
    return sum(refund.amount_minor for refund in refunds if refund.state in SURE)


def status(shown: Shown) -> tuple[str, str]:
    """For programs and for people: partly refunded stays Succeeded, fully refunded is Refunded (R58)."""
    payment = shown.payment
    if payment.state is not State.SUCCEEDED:
        return payment.state.value, in_words(payment.state)
    if any(dispute.takes for dispute in shown.disputes):
        return "disputed", "Disputed"
    if payment.received_minor > 0 and refunded_minor(shown.refunds) >= payment.received_minor:
        return "refunded", "Refunded"
    return payment.state.value, in_words(payment.state)


_REFUND_WORDS = {
    RefundState.PENDING: "Refund on its way",
    RefundState.SUCCEEDED: "Refunded",
    RefundState.FAILED: "Refund failed",
}


def refund_words(refund: Refund) -> str:
    return _REFUND_WORDS.get(refund.state, "Being checked")


def refund_sentence(refund: Refund) -> str:
    """Where the money is and when it will be there."""
    if refund.state is RefundState.FAILED and refund.told:
        return "The bank did not take this refund. The amount is now credit on the account."
    if refund.state is RefundState.FAILED:
        return "This refund was not made. No money has moved."
    if refund.to == "credit":
        return "The amount is credit on the account and pays the next invoices."
    if refund.state in SURE:
        return "The money is on its way back. Banks take 5 to 10 business days to show it."
    return "We don't know yet whether this refund went through. Don't refund again; this row updates itself."


def dispute_sentence(dispute: Dispute, method: str) -> str:
    """What happened, whether money moved, what next."""
    if dispute.state is DisputeState.RETURNED:
        return (
            f"Your bank returned this payment from {method}. The invoice is open again, and this bank account is no "
            "longer used. Pay with another payment method."
        )
    if dispute.state is DisputeState.OPENED:
        return "Your bank has taken this payment back while a dispute is decided. There is nothing you need to do."
    if dispute.state is DisputeState.LOST:
        return "Your bank has kept this payment back. The invoice is open again."
    return "The dispute was decided: this payment stands."
