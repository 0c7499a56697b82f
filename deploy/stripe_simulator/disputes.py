"""Disputes: a bank takes a payment back, and decides. A bank debit's is lost from the start and cannot be contested."""

from __future__ import annotations

import copy

from deploy.stripe_simulator import bank_work, charges, events, listing, metadata
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

FEE = 1500
"""Stripe's list price in the United States, in minor units of any currency."""
EVIDENCE_DAYS = 7
WINNING, LOSING = "winning_evidence", "losing_evidence"
"""What ``evidence[uncategorized_text]`` says in test mode to have a dispute decided."""


def open_dispute(call: Call, charge: Json, reason: str = "fraudulent") -> Json:
    """Take back what the charge still holds."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise StripeRefusal(f"Charge {charge['id']} cannot be disputed (again).", param="charge")
    debit = charge["payment_method_details"]["type"] != "card"
    amount = charge["amount_captured"] - charge["amount_refunded"]
    if amount <= 0:
        raise StripeRefusal(f"Charge {charge['id']} holds nothing that could be disputed.", param="charge")
    dispute = call.new(
        "dispute",
        "dp",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": "insufficient_funds" if debit else reason,
            "status": "lost" if debit else "needs_response",
        },
    )
    dispute["evidence_details"]["due_by"] = None if debit else call.now() + EVIDENCE_DAYS * 86400
    fee = [charges.fee_part(charge, FEE, "stripe_fee", "Dispute fee")]
    entry = charges.book(
        call,
        dispute,
        -amount,
        fee,
        kind="adjustment",
        category="dispute",
        description="Chargeback withdrawal for " + charge["id"],
    )
    dispute["balance_transactions"] = [entry]
    call.keep(dispute)
    before = copy.deepcopy(charge)
    charge["disputed"] = True
    call.save(charge)
    events.record(call, "charge.dispute.created", dispute)
    events.record(call, "charge.dispute.funds_withdrawn", dispute)
    if debit:
        _end_mandate(call, charge["payment_method"])
        events.record(call, "charge.dispute.closed", dispute)
    else:
        events.record(call, "charge.updated", charge, events.changed(before, charge))
    return dispute


def _end_mandate(call: Call, method: str | None) -> None:
    """A returned debit ends the permission to debit: the mandate becomes inactive."""
    if method is None:
        return
    hidden = call.hidden(method)
    mandate = call.store.find(call.account, hidden.get("mandate") or "")
    if mandate is not None and mandate["status"] != "inactive":
        mandate["status"] = "inactive"
        call.save(mandate)
        events.record(call, "mandate.updated", mandate)


def decide(call: Call, dispute: Json, *, won: bool) -> Json:
    """The bank's word: won gives the money back, the fee stays."""
    if dispute["status"] not in ("needs_response", "under_review"):
        raise StripeRefusal(f"This dispute has a status of {dispute['status']}; it is decided.")
    before = copy.deepcopy(dispute)
    dispute["status"] = "won" if won else "lost"
    if won:
        entry = charges.book(
            call,
            dispute,
            dispute["amount"],
            [],
            kind="adjustment",
            category="dispute_reversal",
            description="Chargeback reversal",
        )
        dispute["balance_transactions"] = [*dispute["balance_transactions"], entry]
    call.save(dispute)
    if won:
        events.record(call, "charge.dispute.funds_reinstated", dispute)
    events.record(call, "charge.dispute.closed", dispute, events.changed(before, dispute))
    return dispute


def update(call: Call, path: dict[str, str], params: Json) -> Json:
    """Hand in evidence. In test mode its text decides: ``winning_evidence`` or ``losing_evidence``."""
    dispute = _load(call, path)
    if dispute["status"] not in ("needs_response", "under_review"):
        raise StripeRefusal("This dispute is closed; evidence can no longer be changed.")
    metadata.apply(dispute, params)
    given = params.get("evidence") or {}
    dispute["evidence"] |= given
    if given:
        dispute["evidence_details"]["has_evidence"] = True
    if params.get("submit", True) and given:
        dispute["status"] = "under_review"
        dispute["evidence_details"]["submission_count"] += 1
    call.save(dispute)
    text = dispute["evidence"].get("uncategorized_text")
    if dispute["status"] == "under_review" and text in (WINNING, LOSING):
        return decide(call, dispute, won=text == WINNING)
    events.record(call, "charge.dispute.updated", dispute)
    return dispute


def close(call: Call, path: dict[str, str], params: Json) -> Json:
    """Accept a dispute as lost."""
    return decide(call, _load(call, path), won=False)


def _load(call: Call, path: dict[str, str]) -> Json:
    return call.fetch("dispute", path["dispute"], param="dispute", in_path=True)


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one dispute."""
    return _load(call, path)


def list_disputes(call: Call, path: dict[str, str], params: Json) -> Json:
    """List disputes by charge, PaymentIntent and time."""
    wanted = listing.conditions(params, "charge", "payment_intent", "created")
    return listing.page(call, "dispute", params, "/v1/disputes", wanted)


def return_debit(call: Call, charge: Json) -> None:
    """A bank debit comes back after it had succeeded: to a merchant that is a dispute."""
    bank_work.drop(call, charge["id"])
    open_dispute(call, charge)


OPERATIONS: tuple[Operation, ...] = (
    operation("GET", "/v1/disputes", list_disputes, f"{listing.PAGE} charge payment_intent created"),
    operation("GET", "/v1/disputes/{dispute}", retrieve, "expand"),
    operation("POST", "/v1/disputes/{dispute}", update, "evidence submit metadata expand"),
    operation("POST", "/v1/disputes/{dispute}/close", close, "expand"),
)
