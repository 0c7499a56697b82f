"""From Stripe's objects, as plain dictionaries, to our outcomes. Used for answers and for errors alike."""

from typing import Any

from services.payments.domain.disputes import DisputeFacts
from services.payments.domain.outcome import Decline, MethodFacts, Outcome
from services.payments.domain.refunds import RefundState
from services.payments.domain.states import State
from services.payments.use_cases.ports import RefundFacts

Json = dict[str, Any]

# https://docs.stripe.com/payments/paymentintents/lifecycle
_STATES = {
    "succeeded": State.SUCCEEDED,
    "processing": State.PROCESSING,
    "requires_action": State.REQUIRES_ACTION,
    "requires_confirmation": State.REQUIRES_ACTION,
    "requires_payment_method": State.REQUIRES_ACTION,
    "canceled": State.CANCELED,
}


_WANTS_CUSTOMER = "authentication_required"
# Without decimals by ISO 4217, yet Stripe counts them in hundredths, which must be 00
# (https://docs.stripe.com/currencies#special-cases).
_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
_REFUND_STATES = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


def stripe_amount(minor: int, code: str) -> int:
    """From our minor units (ISO 4217) to what Stripe counts in."""
    return minor * 100 if code in _IN_HUNDREDTHS else minor


def minor_of(amount: int, code: str) -> int:
    """From what Stripe counts in to our minor units. Raises ``ValueError`` for a part of one, which cannot be."""
    if code not in _IN_HUNDREDTHS:
        return amount
    minor, rest = divmod(amount, 100)
    if rest:
        raise ValueError(f"Stripe tells of {amount} {code}, which is no whole number of its unit")
    return minor


def refund_of(refund: Json) -> RefundFacts:
    return RefundFacts(str(refund["id"]), _REFUND_STATES.get(str(refund["status"]), RefundState.UNKNOWN))


def dispute_of(dispute: Json) -> DisputeFacts:
    """The fee is what the dispute's own balance transactions say, given back or not."""
    code = str(dispute["currency"]).upper()
    intent = dispute.get("payment_intent")
    entries = dispute.get("balance_transactions") or []
    return DisputeFacts(
        stripe_dispute=str(dispute["id"]),
        intent=str(intent["id"] if isinstance(intent, dict) else intent) if intent else None,
        status=str(dispute["status"]),
        amount_minor=minor_of(int(dispute["amount"]), code),
        fee_minor=minor_of(sum(int(entry["fee"]) for entry in entries), code),
        currency=code,
        reason=str(dispute.get("reason") or ""),
    )


def outcome_of(intent: Json) -> Outcome:
    """A PaymentIntent that went back to wait for a method after an error was declined; without one it still waits
    for its payer. A canceled one that was declined before stays a decline: that is what happened to the payer.

    Where the bank only wants its customer (off session), the same PaymentIntent can still be confirmed by the payer: it
    waits, with the decline beside it.
    """
    error = intent.get("last_payment_error")
    status = str(intent["status"])
    state = _STATES.get(status, State.UNKNOWN)
    code = str(intent["currency"]).upper()
    wants_customer = error is not None and _WANTS_CUSTOMER in (error.get("code"), error.get("decline_code"))
    if error and status in ("requires_payment_method", "canceled") and not wants_customer:
        state = State.FAILED
    declined = state is State.FAILED or (wants_customer and status == "requires_payment_method")
    return Outcome(
        state=state,
        intent=str(intent["id"]),
        received_minor=minor_of(int(intent.get("amount_received") or 0), code),
        currency=code,
        method=_method(intent.get("payment_method")) or _method((error or {}).get("payment_method")),
        decline=decline_of(error) if error and declined else None,
        client_secret=intent.get("client_secret"),
        closed=status == "canceled",
    )


def decline_of(error: Json) -> Decline:
    return Decline(
        code=error.get("code"), decline_code=error.get("decline_code"), advice_code=error.get("advice_code")
    )


def method_of(method: Json) -> MethodFacts:
    """Brand, last four and expiry; everything else of a method stays at Stripe."""
    kind = str(method["type"])
    if kind == "card":
        card = method["card"]
        expires = f"{int(card['exp_month']):02d}/{int(card['exp_year'])}"
        return MethodFacts(method["id"], "card", str(card["brand"]), str(card["last4"]), expires)
    if kind in ("us_bank_account", "sepa_debit"):
        bank = method[kind]
        brand = str(bank.get("bank_name") or bank.get("bank_code") or "bank")
        return MethodFacts(method["id"], kind, brand, str(bank["last4"]))
    raise ValueError(f"payment methods of type {kind} are not used")


def _method(value: object) -> MethodFacts | None:
    """None when Stripe sent only the id, or nothing."""
    return method_of(value) if isinstance(value, dict) else None
