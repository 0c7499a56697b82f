"""SetupIntents: a method checked, authenticated and attached without taking money."""

from __future__ import annotations

from deploy.stripe_simulator import (
    accounts,
    bank_accounts,
    events,
    intents,
    listing,
    metadata,
    microdeposits,
    payment_methods,
)
from deploy.stripe_simulator.call import Call, Operation, new_id, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

KIND = "setup_intent"
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CONFIRMING = "payment_method return_url use_stripe_sdk expand"


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a SetupIntent, and confirm it at once when asked."""
    if "customer" in params:
        call.fetch("customer", params["customer"], param="customer")
    currency = accounts.currency_of(call)
    if not params.get("confirm") and params.get("return_url"):
        raise StripeRefusal("You can only set `return_url` when `confirm` is `true`.", param="return_url")
    intent = call.new(
        KIND,
        "seti",
        {
            "customer": params.get("customer"),
            "description": params.get("description"),
            "metadata": metadata.merged({}, params.get("metadata", {})),
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "status": "requires_payment_method",
            "usage": params.get("usage", "off_session"),
        }
        | intents.accepted_methods(params, currency),
    )
    intent["client_secret"] = new_id(f"{intent['id']}_secret", 25)
    if "payment_method" in params:
        method = intents.usable_method(call, params["payment_method"], intent)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.keep(intent)
    events.record(call, "setup_intent.created", intent)
    if params.get("confirm"):
        confirmed = {name: value for name, value in params.items() if name != "payment_method"}
        return _confirm(call, intent, confirmed)
    return intent


def confirm(call: Call, path: dict[str, str], params: Json) -> Json:
    """Check the method with its issuer."""
    return _confirm(call, intents.load(call, KIND, path["intent"], params), params)


def _confirm(call: Call, intent: Json, params: Json) -> Json:
    if intent["status"] not in OPEN:
        raise intents.wrong_state(KIND, intent, "confirm", OPEN)
    identifier = params.get("payment_method") or intent["payment_method"]
    if identifier is None:
        raise StripeRefusal(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with "
            "a payment method and then confirm it again.",
            code="setup_intent_unexpected_state",
            details={KIND: intent},
        )
    intents.require_return_url(intent, params, "Setup Intent")
    method = intents.usable_method(call, identifier, intent)
    intent |= {"payment_method": method["id"], "last_setup_error": None, "next_action": None}
    if method["type"] != "card":
        if not bank_accounts.is_verified(call, method):
            intent |= {"status": "requires_action", "next_action": microdeposits.next_action(call, intent)}
            call.save(intent)
            events.record(call, "setup_intent.requires_action", intent)
            return intent
        intent["mandate"] = bank_accounts.give_mandate(call, method)["id"]
        return _settle(call, intent, method, authenticated=False)
    if payment_methods.needs_authentication_to_save(call, method):
        intent |= {"status": "requires_action", "next_action": intents.next_action(call, intent, params)}
        call.save(intent)
        events.record(call, "setup_intent.requires_action", intent)
        return intent
    return _settle(call, intent, method, authenticated=False)


def _settle(call: Call, intent: Json, method: Json, *, authenticated: bool) -> Json:
    decline = payment_methods.saving_decline(call, method)
    if decline is not None:
        _fail(call, intent, intents.failure(decline, method))
        raise intents.card_refusal(decline, setup_intent=intent, payment_method=method)
    if intent["customer"]:
        payment_methods.attach_to(call, method, intent["customer"])
    if authenticated:
        payment_methods.mark(call, method, authenticated=True)
    intent |= {"status": "succeeded", "next_action": None}
    call.save(intent)
    events.record(call, "setup_intent.succeeded", intent)
    return intent


def _fail(call: Call, intent: Json, error: Json) -> None:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    call.save(intent)
    events.record(call, "setup_intent.setup_failed", intent)


def verify_microdeposits(call: Call, path: dict[str, str], params: Json) -> Json:
    """Take the code (or amounts) that the account's holder read on the bank statement."""
    intent = intents.load(call, KIND, path["intent"], params)
    method = call.fetch("payment_method", intent["payment_method"] or "", param="payment_method")
    error = microdeposits.judge(intent, params, method)
    if error is not None:
        _fail(call, intent, error)
        return intent
    payment_methods.mark(call, method, verified=True)
    intent["mandate"] = bank_accounts.give_mandate(call, method)["id"]
    return _settle(call, intent, method, authenticated=False)


def authenticate(call: Call, intent: Json, *, passed: bool) -> Json:
    """Finish 3-D Secure: attach the method, or leave the intent asking for another."""
    if intent["status"] != "requires_action" or intent["next_action"]["type"] == microdeposits.CODE:
        raise intents.wrong_state(KIND, intent, "authenticate", ("requires_action",))
    method = call.fetch("payment_method", intent["payment_method"], param="payment_method")
    if passed:
        return _settle(call, intent, method, authenticated=True)
    _fail(call, intent, intents.authentication_failure(KIND, method))
    return intent


def update(call: Call, path: dict[str, str], params: Json) -> Json:
    """Change an open SetupIntent."""
    intent = call.fetch(KIND, path["intent"], param="intent", in_path=True)
    if intent["status"] not in OPEN and set(params) - {"description", "metadata", "expand"}:
        raise intents.wrong_state(KIND, intent, "update", OPEN)
    if "customer" in params:
        intent["customer"] = call.fetch("customer", params["customer"], param="customer")["id"]
    metadata.apply(intent, params, "description")
    if "payment_method" in params:
        method = intents.usable_method(call, params["payment_method"], intent)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation", "next_action": None}
    call.save(intent)
    return intent


def cancel(call: Call, path: dict[str, str], params: Json) -> Json:
    """Give a SetupIntent up."""
    intent = call.fetch(KIND, path["intent"], param="intent", in_path=True)
    if intent["status"] not in OPEN:
        raise intents.wrong_state(KIND, intent, "cancel", OPEN)
    intent |= {
        "status": "canceled",
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    call.save(intent)
    events.record(call, "setup_intent.canceled", intent)
    return intent


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one SetupIntent."""
    return intents.load(call, KIND, path["intent"], params)


def list_intents(call: Call, path: dict[str, str], params: Json) -> Json:
    """List SetupIntents by customer, method and time."""
    wanted = listing.conditions(params, "customer", "payment_method", "created")
    return listing.page(call, KIND, params, "/v1/setup_intents", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/v1/setup_intents",
        create,
        f"{CONFIRMING} customer usage confirm description metadata automatic_payment_methods "
        "allowed_payment_method_types",
    ),
    operation("GET", "/v1/setup_intents", list_intents, f"{listing.PAGE} customer payment_method created"),
    operation("GET", "/v1/setup_intents/{intent}", retrieve, "client_secret expand", publishable=True),
    operation(
        "POST", "/v1/setup_intents/{intent}", update, "customer description metadata payment_method expand"
    ),
    operation(
        "POST", "/v1/setup_intents/{intent}/confirm", confirm, f"{CONFIRMING} client_secret", publishable=True
    ),
    operation(
        "POST",
        "/v1/setup_intents/{intent}/verify_microdeposits",
        verify_microdeposits,
        "amounts descriptor_code client_secret expand",
        publishable=True,
    ),
    operation("POST", "/v1/setup_intents/{intent}/cancel", cancel, "cancellation_reason expand"),
)
