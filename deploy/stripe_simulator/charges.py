"""Charges and what they leave in the balance."""

from __future__ import annotations

from deploy.stripe_simulator import events, listing
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.cards import Decline
from deploy.stripe_simulator.errors import Json

FEE_PER_MILLE = 29
FEE_FIXED = 30
"""Stripe's list price in the United States: 2.9 % and 30 minor units, taken for every currency."""
AVAILABLE_AFTER_SECONDS = 2 * 86400


def processing_fee(amount: int) -> int:
    """Return the fee on ``amount`` minor units, half a unit rounded up: 388 on 12345."""
    return (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED


def attempt(call: Call, intent: Json, method: Json, decline: Decline | None, *, authenticated: bool) -> Json:
    """Charge once: write the charge, its balance transaction when it succeeds, and its event.

    A bank debit is pending until ``settle`` is told what became of it.
    """
    pending = method["type"] != "card"
    succeeded = decline is None and not pending
    charge = call.new(
        "charge",
        "ch",
        {
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if succeeded else 0,
            "amount_refunded": 0,
            "application_fee_amount": intent["application_fee_amount"],
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "STRIPE SIMULATOR",
            "captured": succeeded,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_code": None if decline is None else decline.code,
            "failure_message": None if decline is None else decline.message,
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "outcome": _outcome(call, decline),
            "paid": succeeded,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {
                "type": method["type"],
                method["type"]: _bank_details(call, method)
                if pending
                else _card_details(call, intent, method, authenticated=authenticated),
            },
            "receipt_email": intent["receipt_email"],
            "refunded": False,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": "pending" if pending else "succeeded" if succeeded else "failed",
        },
    )
    if succeeded:
        entry = _earn(call, charge)
        charge["balance_transaction"] = entry["id"]
    call.keep(charge)
    events.record(call, f"charge.{charge['status']}", charge)
    return charge


def settle(call: Call, charge: Json, decline: Decline | None) -> Json:
    """The bank's word on a pending charge."""
    if decline is None:
        charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
        charge["balance_transaction"] = _earn(call, charge)["id"]
    else:
        charge |= {
            "status": "failed",
            "paid": False,
            "failure_code": decline.code,
            "failure_message": decline.message,
        }
    call.save(charge)
    events.record(call, f"charge.{charge['status']}", charge)
    return charge


def _bank_details(call: Call, method: Json) -> Json:
    kind = method["type"]
    held = method[kind]
    details = call.contract.part("charge", f"payment_method_details_{kind}")
    return details | {name: held[name] for name in details if name in held}


def _outcome(call: Call, decline: Decline | None) -> Json:
    outcome = call.contract.part("charge", "charge_outcome") | {"risk_level": "normal", "risk_score": 12}
    if decline is None:
        return outcome | {
            "network_status": "approved_by_network",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return outcome | {
        "advice_code": decline.advice_code,
        "network_decline_code": decline.network_decline_code,
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _card_details(call: Call, intent: Json, method: Json, *, authenticated: bool) -> Json:
    card = method["card"]
    shared = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    details = call.contract.part("charge", "payment_method_details_card")
    details |= {name: card[name] for name in shared}
    details |= {"amount_authorized": intent["amount"], "checks": card["checks"], "network": card["brand"]}
    if authenticated:
        details["three_d_secure"] = call.contract.part("charge", "three_d_secure_details_charge") | {
            "authentication_flow": "challenge",
            "result": "authenticated",
            "version": "2.2.0",
        }
    return details


def _earn(call: Call, charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    cost = processing_fee(charge["amount"]) if kind == "card" else debit_fee(kind, charge["amount"])
    parts = [fee_part(charge, cost, "stripe_fee", "Stripe processing fees")]
    if charge["application_fee_amount"]:
        parts.append(fee_part(charge, charge["application_fee_amount"], "application_fee", "Application fee"))
    return book(call, charge, charge["amount"], parts, kind="charge", description=charge["description"])


def debit_fee(kind: str, amount: int) -> int:
    """Return the fee on a bank debit: ACH 0.8 % up to 5 dollars, SEPA 35 cents."""
    return min((amount * 8 + 500) // 1000, 500) if kind == "us_bank_account" else 35


def fee_part(charge: Json, amount: int, kind: str, description: str) -> Json:
    """Return one line of a balance transaction's fees, in minor units."""
    return {
        "amount": amount,
        "application": None,
        "currency": charge["currency"],
        "description": description,
        "type": kind,
    }


def book(
    call: Call,
    source: Json,
    amount: int,
    fees: list[Json],
    *,
    kind: str,
    description: str | None,
    category: str | None = None,
) -> Json:
    """Write a balance transaction of ``amount`` minor units (negative for a refund) less its fees."""
    fee = sum(part["amount"] for part in fees)
    entry = call.new(
        "balance_transaction",
        "txn",
        {
            "amount": amount,
            "available_on": call.now() + AVAILABLE_AFTER_SECONDS,
            "balance_type": "payments",
            "currency": source["currency"],
            "description": description,
            "fee": fee,
            "fee_details": fees,
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
    )
    call.keep(entry)
    return entry


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one charge."""
    return call.fetch("charge", path["charge"], param="id", in_path=True)


def list_charges(call: Call, path: dict[str, str], params: Json) -> Json:
    """List charges, failed ones too."""
    wanted = listing.conditions(params, "payment_intent", "customer", "created")
    return listing.page(call, "charge", params, "/v1/charges", wanted)


def retrieve_entry(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one balance transaction."""
    return call.fetch("balance_transaction", path["id"], param="id", in_path=True)


def _paid_out_by(call: Call, payout: str) -> list[str]:
    rows = call.store.db.execute(
        "SELECT id FROM objects WHERE account = ? AND kind = 'balance_transaction'"
        " AND json_extract(hidden, '$.payout') = ?",
        (call.account, payout),
    )
    return [str(row["id"]) for row in rows]


def list_entries(call: Call, path: dict[str, str], params: Json) -> Json:
    """List balance transactions by kind, source, currency and time."""
    wanted = listing.conditions(params, "type", "source", "currency", "created")
    if "payout" in params:
        call.fetch("payout", params["payout"], param="payout")
        wanted.append(("$.id", "IN", _paid_out_by(call, params["payout"])))
    return listing.page(call, "balance_transaction", params, "/v1/balance_transactions", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation("GET", "/v1/charges", list_charges, f"{listing.PAGE} payment_intent customer created"),
    operation("GET", "/v1/charges/{charge}", retrieve, "expand"),
    operation(
        "GET", "/v1/balance_transactions", list_entries, f"{listing.PAGE} type source currency created payout"
    ),
    operation("GET", "/v1/balance_transactions/{id}", retrieve_entry, "expand"),
)
