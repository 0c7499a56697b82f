"""Refunds, full and partial, never above what the charge still holds."""

from __future__ import annotations

import copy

from deploy.stripe_simulator import charges, events, listing, metadata
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Give money back on a charge; the processing fee is kept by Stripe."""
    charge = _charge(call, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
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
    refund = call.new(
        "refund",
        "re",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {
                "type": "card",
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
            },
            "metadata": metadata.merged({}, params.get("metadata", {})),
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "status": "succeeded",
        },
    )
    entry = charges.book(call, refund, -amount, [], kind="refund", description="REFUND FOR CHARGE")
    refund["balance_transaction"] = entry["id"]
    call.keep(refund)
    before = copy.deepcopy(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.save(charge)
    events.record(call, "refund.created", refund)
    events.record(call, "charge.refunded", charge, events.changed(before, charge))
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
