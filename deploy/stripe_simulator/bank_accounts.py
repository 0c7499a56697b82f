"""Bank accounts as payment methods, and the mandates under which they are debited."""

from __future__ import annotations

import hashlib

from deploy.stripe_simulator import banks, metadata
from deploy.stripe_simulator.banks import TestBank
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.cards import Decline
from deploy.stripe_simulator.errors import Json, StripeRefusal, not_simulated

LINKED = "fca_"
"""How the stand-in's fields name an account that the test bank told of: by its test number."""


def from_data(call: Call, params: Json, kind: str, billing: Json) -> Json:
    """Make a bank account from its test number or IBAN, or from what the test bank told of it.

    A US account that somebody typed is not known to be theirs: it waits for microdeposits.
    """
    given = params.get(kind) or {}
    linked = str(given.get("financial_connections_account") or "")
    number = linked.removeprefix(LINKED) or str(given.get("account_number") or given.get("iban") or "")
    number = number.replace(" ", "")
    bank = banks.BY_NUMBER.get(number)
    if bank is None or bank.kind != kind or (kind == "us_bank_account" and not linked and not _routed(given)):
        raise StripeRefusal(
            "You must use a test bank account number in test mode. No real account belongs here.",
            code="bank_account_unusable",
            param=kind,
        )
    if not billing["name"]:
        raise StripeRefusal(
            f"Missing required param: billing_details[name]. A {kind} needs the name of its holder.",
            code="parameter_missing",
            param="billing_details[name]",
        )
    typed = call.publishable and kind == "us_bank_account" and not linked
    return keep(call, bank, params, billing, is_verified=not typed)


def _routed(given: Json) -> bool:
    return str(given.get("routing_number", banks.ROUTING)) == banks.ROUTING


def keep(call: Call, bank: TestBank, params: Json, billing: Json, *, is_verified: bool = True) -> Json:
    """Write a payment method for a test account."""
    details = call.contract.part("payment_method", f"payment_method_{bank.kind}")
    details |= {
        "fingerprint": hashlib.sha256(f"{call.platform}{bank.number}".encode()).hexdigest()[:16],
        "last4": bank.number[-4:],
    }
    if bank.kind == "us_bank_account":
        details |= {
            "account_holder_type": "company",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": banks.ROUTING,
        }
    else:
        details |= {"bank_code": bank.number[4:12], "branch_code": "", "country": bank.country}
    method = call.new(
        "payment_method",
        "pm",
        {
            "type": bank.kind,
            bank.kind: details,
            "allow_redisplay": params.get("allow_redisplay", "unspecified"),
            "billing_details": billing,
            "metadata": metadata.merged({}, params.get("metadata", {})),
        },
    )
    hidden = {"number": bank.number, "authenticated": False, "spent": False, "mandate": None}
    call.keep(method, hidden | {"verified": is_verified})
    return method


def is_verified(call: Call, method: Json) -> bool:
    """Say whether the account is known to be its holder's."""
    return bool(call.hidden(method["id"]).get("verified", True))


def bank_of(call: Call, method: Json) -> TestBank:
    """Return the test account behind a bank debit method."""
    return banks.BY_NUMBER[call.hidden(method["id"])["number"]]


def debit_failure(call: Call, method: Json) -> Decline | None:
    """Return why a debit fails: what the control API set for this method, else what its account does."""
    hidden = call.hidden(method["id"])
    code = hidden["decline"] if "decline" in hidden else bank_of(call, method).failure
    return banks.FAILURES[code] if code else None


def give_mandate(call: Call, method: Json) -> Json:
    """Write the permission to debit a bank account."""
    mandate = call.new(
        "mandate",
        "mandate",
        {
            "customer_acceptance": {
                "accepted_at": call.now(),
                "online": {"ip_address": "127.0.0.1", "user_agent": "simulator"},
                "type": "online",
            },
            "multi_use": {},
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: _mandate_details(method)},
            "status": "active",
            "type": "multi_use",
        },
    )
    call.keep(mandate)
    call.save(method, call.hidden(method["id"]) | {"mandate": mandate["id"]})
    return mandate


def _mandate_details(method: Json) -> Json:
    if method["type"] == "us_bank_account":
        return {}
    return {"reference": method["id"][-12:].upper(), "url": "https://example.com/mandate"}


def require_mandate(call: Call, method: Json, intent: Json) -> None:
    """Refuse a debit whose permission has ended; on session confirming gives one."""
    if not is_verified(call, method):
        raise not_simulated("paying with a bank account whose microdeposits are still awaited: save it first")
    held = call.hidden(method["id"])["mandate"]
    mandate = call.store.find(call.account, held) if held else None
    if mandate is None:
        give_mandate(call, method)
    elif mandate["status"] != "active":
        raise StripeRefusal(
            "The provided mandate is invalid and can not be used for this payment intent.",
            code="payment_intent_mandate_invalid",
            param="payment_method",
            details={"payment_intent": intent},
        )


def retrieve_mandate(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one mandate."""
    return call.fetch("mandate", path["mandate"], param="mandate", in_path=True)


OPERATIONS: tuple[Operation, ...] = (operation("GET", "/v1/mandates/{mandate}", retrieve_mandate, "expand"),)
