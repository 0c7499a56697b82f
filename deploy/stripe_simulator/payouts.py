"""Payouts: what an account's balance holds goes to its bank, with the entries that make it up."""

from __future__ import annotations

from deploy.stripe_simulator import charges, events, listing
from deploy.stripe_simulator.call import Call, Operation, new_id, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal


def pay_out(call: Call, currency: str) -> Json:
    """Pay out everything that no payout holds yet, as Stripe's automatic payouts do."""
    waiting = [
        entry
        for entry in call.store.select(
            call.account, "balance_transaction", [("$.currency", "=", currency)], limit=100_000
        )
        if call.hidden(entry["id"]).get("payout") is None and entry["type"] != "payout"
    ]
    amount = sum(entry["net"] for entry in waiting)
    if amount <= 0:
        raise StripeRefusal(
            "You have insufficient funds in your Stripe account for this payout.", code="balance_insufficient"
        )
    payout = call.new(
        "payout",
        "po",
        {
            "amount": amount,
            "arrival_date": call.now(),
            "automatic": True,
            "currency": currency,
            "description": "STRIPE PAYOUT",
            "destination": new_id("ba"),
            "metadata": {},
            "method": "standard",
            "source_type": "card",
            "status": "paid",
            "type": "bank_account",
        },
    )
    entry = charges.book(call, payout, -amount, [], kind="payout", description="STRIPE PAYOUT")
    payout["balance_transaction"] = entry["id"]
    call.keep(payout)
    for held in [*waiting, entry]:
        call.save(held, call.hidden(held["id"]) | {"payout": payout["id"]})
    events.record(call, "payout.created", payout)
    events.record(call, "payout.paid", payout)
    return payout


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one payout."""
    return call.fetch("payout", path["payout"], param="payout", in_path=True)


def list_payouts(call: Call, path: dict[str, str], params: Json) -> Json:
    """List payouts by status and time."""
    wanted = listing.conditions(params, "status", "created")
    return listing.page(call, "payout", params, "/v1/payouts", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation("GET", "/v1/payouts", list_payouts, f"{listing.PAGE} status created"),
    operation("GET", "/v1/payouts/{payout}", retrieve, "expand"),
)
