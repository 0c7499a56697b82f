"""From Stripe's objects, as plain dictionaries, to our outcomes. Used for answers and for errors alike."""

from typing import Any

from services.payments.domain.outcome import Decline, MethodFacts, Outcome
from services.payments.domain.states import State

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


def outcome_of(intent: Json) -> Outcome:
    """A PaymentIntent that went back to wait for a method after an error was declined; without one it still waits
    for its payer. A canceled one that was declined before stays a decline: that is what happened to the payer.
    """
    error = intent.get("last_payment_error")
    status = str(intent["status"])
    state = _STATES.get(status, State.UNKNOWN)
    if error and status in ("requires_payment_method", "canceled"):
        state = State.FAILED
    return Outcome(
        state=state,
        intent=str(intent["id"]),
        received_minor=int(intent.get("amount_received") or 0),
        currency=str(intent["currency"]).upper(),
        method=_method(intent.get("payment_method")) or _method((error or {}).get("payment_method")),
        decline=decline_of(error) if error and state is State.FAILED else None,
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
