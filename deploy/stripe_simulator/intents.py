"""What PaymentIntents and SetupIntents share: client secrets, the method, 3-D Secure, failures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from deploy.stripe_simulator import banks, payment_methods
from deploy.stripe_simulator.call import Call
from deploy.stripe_simulator.cards import Decline
from deploy.stripe_simulator.contract import ALLOWED
from deploy.stripe_simulator.errors import Json, StripeRefusal, no_such, not_simulated

HIDDEN_FROM_BROWSER = (
    "application",
    "application_fee_amount",
    "customer",
    "latest_charge",
    "metadata",
    "on_behalf_of",
    "transfer_data",
    "transfer_group",
)
"""What an intent fetched with a publishable key does not show."""


def load(call: Call, kind: str, identifier: str, params: Json) -> Json:
    """Return an intent from a path; with a publishable key only to whoever knows its client secret."""
    intent = call.fetch(kind, identifier, param="intent", in_path=True)
    secret = params.get("client_secret")
    if call.publishable and secret is None:
        raise StripeRefusal(
            "Missing required param: client_secret.", code="parameter_missing", param="client_secret"
        )
    if secret is not None and secret != intent["client_secret"]:
        raise no_such(kind, identifier, param="intent", in_path=True)
    return intent


def for_browser(body: Json) -> Json:
    """Return an answer without what a publishable key may not see."""
    if body.get("object") in ("payment_intent", "setup_intent"):
        return {name: value for name, value in body.items() if name not in HIDDEN_FROM_BROWSER}
    return body


def accepted_methods(params: Json, currency: str) -> Json:
    """Return the fields that say how an intent may be paid: cards, and debits of the bank in their currency."""
    bank = next((kind for kind, code in banks.CURRENCY.items() if code == currency), None)
    kinds = ["card", bank] if bank else ["card"]
    if ALLOWED in params:
        strange = [kind for kind in params[ALLOWED] if kind not in kinds]
        if strange:
            raise not_simulated(f"payment methods of type {strange[0]} in {currency}")
        return {"automatic_payment_methods": None, "payment_method_types": params[ALLOWED]}
    automatic = params.get("automatic_payment_methods", {"enabled": True})
    if not automatic["enabled"]:
        raise StripeRefusal(
            f"`automatic_payment_methods[enabled]` must be true; to limit the kinds give `{ALLOWED}`.",
            param="automatic_payment_methods[enabled]",
        )
    return {
        "automatic_payment_methods": {"allow_redirects": "always"} | automatic,
        "payment_method_types": kinds,
    }


def require_return_url(intent: Json, params: Json, name: str) -> None:
    """Refuse a confirmation that could meet a redirect and says not where to return.

    Stripe asks for it from servers and from Stripe.js, for saved cards too, whenever the intent leaves the choice
    of methods to the Dashboard and does not forbid redirects.
    """
    automatic = intent["automatic_payment_methods"]
    if automatic is not None and automatic["allow_redirects"] == "always" and "return_url" not in params:
        raise StripeRefusal(
            f"A `return_url` must be specified because this {name} is configured to automatically accept the "
            "payment methods enabled in the Dashboard, some of which may require a full page redirect to succeed. "
            "If you do not want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents.",
            param="return_url",
        )


def usable_method(call: Call, identifier: str, intent: Json) -> Json:
    """Return a method that may be used for the intent's customer (None: by nobody known), of a kind that it takes."""
    customer = intent["customer"]
    method = payment_methods.resolve(call, identifier)
    if method["type"] not in intent["payment_method_types"]:
        raise StripeRefusal(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this {intent['object']}, which takes "
            f"{', '.join(intent['payment_method_types'])}.",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
        )
    owner = method["customer"]
    if owner is None:
        payment_methods.refuse_spent(call, method)
    elif customer is None:
        raise StripeRefusal(
            "The payment method you provided is attached to a customer so for security purposes you must "
            "provide the customer in the request.",
            param="payment_method",
        )
    elif owner != customer:
        payment_methods.owned_by(call, identifier, customer, "payment_method")
    return method


def next_action(call: Call, intent: Json, params: Json) -> Json:
    """Return what the customer must do for 3-D Secure: in the page, or by a visit when a return URL is given."""
    query = {"intent": intent["id"], "client_secret": intent["client_secret"]}
    if call.account != call.platform:
        query["account"] = call.account
    return_url = params.get("return_url")
    if return_url and not params.get("use_stripe_sdk"):
        url = f"{call.public_url}/v3/challenge?{urlencode(query | {'return_url': return_url})}"
        return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    url = f"{call.public_url}/v3/challenge?{urlencode(query)}"
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url},
    }


def failure(decline: Decline, method: Json, charge: str | None = None) -> Json:
    """Return ``last_payment_error`` or ``last_setup_error`` for a decline."""
    error = {
        "type": "card_error",
        "code": decline.code,
        "doc_url": f"https://docs.stripe.com/error-codes#{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
        **decline.details(),
    }
    return error | ({"charge": charge} if charge else {})


def authentication_failure(kind: str, method: Json) -> Json:
    """Return the error left behind when the customer does not pass 3-D Secure."""
    code = f"{kind}_authentication_failure"
    return {
        "type": "invalid_request_error",
        "code": code,
        "doc_url": f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}",
        "message": "We are unable to authenticate your payment method. Please choose a different payment method "
        "and try again.",
        "payment_method": method,
    }


def card_refusal(decline: Decline, **details: Any) -> StripeRefusal:
    """Return the 402 of a decline; what was written, a failed charge, stays."""
    return StripeRefusal(
        decline.message,
        status=402,
        kind="card_error",
        code=decline.code,
        details=decline.details() | details,
        keeps_work=True,
    )


def wrong_state(kind: str, intent: Json, verb: str, allowed: tuple[str, ...]) -> StripeRefusal:
    """Return the refusal of a step that the intent's status forbids."""
    name = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}[kind]
    if verb == "confirm" and intent["status"] == "succeeded":
        reason = "it has already succeeded after being previously confirmed."
    else:
        reason = (
            f"it has a status of {intent['status']}. Only a {name} with one of the following statuses may be "
        )
        reason += f"{verb}ed: {', '.join(allowed)}."
    return StripeRefusal(
        f"You cannot {verb} this {name} because {reason}",
        code=f"{kind}_unexpected_state",
        details={kind: intent},
    )
