"""Refunds, full and partial, never above what the charge still holds."""

from __future__ import annotations

import copy

from deploy.stripe_simulator import bank_work, charges, events, listing, metadata, payment_methods
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

SETTLE_DAYS = 5
"""Bank days that a pending refund takes."""
FAIL_DAYS = 6
"""Bank days after which a refund fails that is going to."""


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Give money back on a charge; the processing fee is kept by Stripe."""
    charge = _charge(call, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise StripeRefusal(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    amount = params.get("amount", left)
    if left == 0:
        raise StripeRefusal(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount <= 0:
        raise StripeRefusal(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        raise StripeRefusal(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    kind = charge["payment_method_details"]["type"]
    debit = kind != "card"
    behaviour = _behaviour(call, charge)
    slow = debit or behaviour == "pending"
    refund = call.new(
        "refund",
        "re",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": _destination(debit),
            "metadata": metadata.merged({}, params.get("metadata", {})),
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "status": "pending" if slow else "succeeded",
        },
    )
    entry = charges.book(call, refund, -amount, [], kind="refund", description="REFUND FOR CHARGE")
    refund["balance_transaction"] = entry["id"]
    call.keep(refund)
    if behaviour == "fails":
        bank_work.later(call, "refund_failure", refund["id"], FAIL_DAYS)
    elif slow:
        bank_work.later(call, "refund", refund["id"], SETTLE_DAYS)
    before = copy.deepcopy(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.save(charge)
    events.record(call, "refund.created", refund)
    events.record(call, "charge.refunded", charge, events.changed(before, charge))
    return refund


def _destination(debit: bool) -> Json:
    if debit:
        return {"type": "us_bank_transfer"}
    return {
        "type": "card",
        "card": {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
    }


def _behaviour(call: Call, charge: Json) -> str | None:
    method = call.store.find(call.account, charge["payment_method"] or "")
    if method is None or method["type"] != "card":
        return None
    return payment_methods.card_of(call, method).refunding


def settle(call: Call, refund: Json, *, failed: bool) -> Json:
    """The bank's word on a refund; one that succeeded may fail yet. Failed money comes back to the balance."""
    if refund["status"] not in ("pending", "succeeded") or (not failed and refund["status"] == "succeeded"):
        return refund
    bank_work.drop(call, refund["id"])
    before = copy.deepcopy(refund)
    if not failed:
        refund["status"] = "succeeded"
        call.save(refund)
        events.record(call, "refund.updated", refund, events.changed(before, refund))
        return refund
    entry = charges.book(
        call, refund, refund["amount"], [], kind="refund_failure", description="REFUND FAILURE"
    )
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": entry["id"],
    }
    call.save(refund)
    charge = call.fetch("charge", refund["charge"], param="charge")
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.save(charge)
    events.record(call, "refund.failed", refund, events.changed(before, refund))
    return refund


def _charge(call: Call, params: Json) -> Json:
    if ("charge" in params) == ("payment_intent" in params):
        raise StripeRefusal(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if "charge" in params:
        charge = call.fetch("charge", params["charge"], param="charge")
    else:
        intent = call.fetch("payment_intent", params["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            raise StripeRefusal(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = call.fetch("charge", intent["latest_charge"], param="payment_intent")
    if charge["status"] != "succeeded":
        raise StripeRefusal(
            f"Charge {charge['id']} did not succeed, so it cannot be refunded.", param="charge"
        )
    return charge


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one refund."""
    return call.fetch("refund", path["refund"], param="id", in_path=True)


def list_refunds(call: Call, path: dict[str, str], params: Json) -> Json:
    """List refunds by charge, PaymentIntent and time."""
    wanted = listing.conditions(params, "charge", "payment_intent", "created")
    return listing.page(call, "refund", params, "/v1/refunds", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation("POST", "/v1/refunds", create, "charge payment_intent amount reason metadata expand"),
    operation("GET", "/v1/refunds", list_refunds, f"{listing.PAGE} charge payment_intent created"),
    operation("GET", "/v1/refunds/{refund}", retrieve, "expand"),
)
