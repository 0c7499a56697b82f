"""Bank accounts as payment methods, and the mandates under which they are debited."""

from __future__ import annotations

import hashlib

from deploy.stripe_simulator import banks, metadata
from deploy.stripe_simulator.banks import TestBank
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.cards import Decline
from deploy.stripe_simulator.errors import Json, StripeRefusal


def from_data(call: Call, params: Json, kind: str, billing: Json) -> Json:
    """Make a bank account from its test number or IBAN."""
    given = params.get(kind) or {}
    number = str(given.get("account_number") or given.get("iban") or "").replace(" ", "")
    bank = banks.BY_NUMBER.get(number)
    if bank is None or bank.kind != kind:
        raise StripeRefusal(
            "You must use a test bank account number in test mode. No real account belongs here.",
            code="bank_account_unusable",
            param=kind,
        )
    return keep(call, bank, params, billing)


def keep(call: Call, bank: TestBank, params: Json, billing: Json) -> Json:
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
    call.keep(method, {"number": bank.number, "authenticated": False, "spent": False, "mandate": None})
    return method


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
