"""PaymentIntents: one amount to collect, however many tries it takes, never more than once."""

from __future__ import annotations

import copy

from deploy.stripe_simulator import (
    accounts,
    bank_accounts,
    bank_work,
    banks,
    charges,
    disputes,
    events,
    intents,
    listing,
    metadata,
    payment_methods,
)
from deploy.stripe_simulator.call import Call, Operation, new_id, operation
from deploy.stripe_simulator.cards import DECLINES, Decline
from deploy.stripe_simulator.errors import Json, StripeRefusal, not_simulated

KIND = "payment_intent"
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
AMOUNT_MAX = 99_999_999
MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
"""Smallest charge in minor units (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""
THREE_DECIMALS = ("bhd", "jod", "kwd", "omr", "tnd")
HUNDREDTHS = ("isk", "ugx")
"""Counted in hundredths that must be 00 (https://docs.stripe.com/currencies#special-cases)."""
FIELDS = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
WRITABLE = (
    "amount customer description metadata payment_method receipt_email setup_future_usage statement_descriptor "
    "statement_descriptor_suffix application_fee_amount expand"
)
CONFIRMING = "payment_method off_session return_url use_stripe_sdk error_on_requires_action expand"


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make an intent, and confirm it at once when asked."""
    _check_combination(call, params)
    currency = params["currency"].lower()
    _check_amount(params["amount"], currency)
    if "customer" in params:
        call.fetch("customer", params["customer"], param="customer")
    intent = call.new(
        KIND,
        "pi",
        {
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application_fee_amount": params.get("application_fee_amount"),
            "capture_method": params.get("capture_method", "automatic_async"),
            "confirmation_method": "automatic",
            "currency": currency,
            "customer": params.get("customer"),
            "metadata": {},
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "status": "requires_payment_method",
        }
        | intents.accepted_methods(params, currency),
    )
    intent["client_secret"] = new_id(f"{intent['id']}_secret", 25)
    metadata.apply(intent, params, *FIELDS)
    if "payment_method" in params:
        method = intents.usable_method(call, params["payment_method"], intent)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    call.keep(intent)
    events.record(call, "payment_intent.created", intent)
    if params.get("confirm"):
        confirmed = {name: value for name, value in params.items() if name != "payment_method"}
        return _confirm(call, intent, confirmed)
    return intent


def _check_combination(call: Call, params: Json) -> None:
    if params.get("capture_method") == "manual":
        raise not_simulated("manual capture (capture_method=manual)")
    if not params.get("confirm"):
        for name in ("off_session", "error_on_requires_action", "return_url"):
            if params.get(name):
                raise StripeRefusal(f"You can only set `{name}` when `confirm` is `true`.", param=name)
    _check_application_fee(call, params, params["amount"])


def _check_application_fee(call: Call, params: Json, amount: int) -> None:
    fee = params.get("application_fee_amount")
    if fee is None or fee == "":
        return
    if call.account == call.platform:
        raise StripeRefusal(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using "
            "an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
            param="application_fee_amount",
        )
    if not 0 <= fee <= amount:
        raise StripeRefusal(
            "The application fee must be from 0 to the amount of the payment.", param="application_fee_amount"
        )


def _check_amount(amount: int, currency: str) -> None:
    if len(currency) != 3 or not currency.isalpha():
        raise StripeRefusal(f"Invalid currency: {currency}.", param="currency")
    if amount < 1:
        raise StripeRefusal(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    smallest = MINIMUM.get(currency, 1)
    if amount < smallest:
        raise StripeRefusal(
            f"Amount must be at least {smallest} {currency}, in minor units.",
            code="amount_too_small",
            param="amount",
        )
    if currency in THREE_DECIMALS and amount % 10:
        raise StripeRefusal(
            f"Invalid amount: amounts in {currency} must be a multiple of 10.",
            code="parameter_invalid_integer",
            param="amount",
        )
    if currency in HUNDREDTHS and amount % 100:
        raise StripeRefusal(
            f"Invalid amount: amounts in {currency} must be a multiple of 100.",
            code="parameter_invalid_integer",
            param="amount",
        )
    if amount > AMOUNT_MAX:
        raise StripeRefusal(
            f"Amount must be no more than {AMOUNT_MAX} {currency}, in minor units.",
            code="amount_too_large",
            param="amount",
        )


def confirm(call: Call, path: dict[str, str], params: Json) -> Json:
    """Try to collect."""
    return _confirm(call, intents.load(call, KIND, path["intent"], params), params)


def _confirm(call: Call, intent: Json, params: Json) -> Json:
    accounts.require_ready(call)
    if intent["status"] not in CONFIRMABLE:
        raise intents.wrong_state(KIND, intent, "confirm", CONFIRMABLE)
    identifier = params.get("payment_method") or intent["payment_method"]
    if identifier is None:
        raise StripeRefusal(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update "
            "the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with "
            "a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            details={KIND: intent},
        )
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = params["setup_future_usage"] or None
    intents.require_return_url(intent, params, "Payment Intent")
    method = intents.usable_method(call, identifier, intent)
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    if method["type"] != "card":
        return _debit(call, intent, method)
    off_session = bool(params.get("off_session"))
    if payment_methods.needs_authentication(call, method, off_session=off_session):
        if off_session or params.get("error_on_requires_action"):
            return _settle(call, intent, method, DECLINES["authentication_required"])
        intent |= {"status": "requires_action", "next_action": intents.next_action(call, intent, params)}
        call.save(intent)
        events.record(call, "payment_intent.requires_action", intent)
        return intent
    return _settle(call, intent, method, payment_methods.charge_decline(call, method))


def _settle(
    call: Call, intent: Json, method: Json, decline: Decline | None, *, authenticated: bool = False
) -> Json:
    """Charge, and bring the intent to where the issuer's answer leads; raises the 402 of a decline."""
    charge = charges.attempt(call, intent, method, decline, authenticated=authenticated)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if decline is not None:
        intent |= {
            "status": "requires_payment_method",
            "payment_method": None,
            "last_payment_error": intents.failure(decline, method, charge["id"]),
        }
        call.save(intent)
        events.record(call, "payment_intent.payment_failed", intent)
        raise intents.card_refusal(decline, charge=charge["id"], payment_intent=intent, payment_method=method)
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    call.save(intent)
    _after_use(call, intent, method, authenticated=authenticated)
    events.record(call, "payment_intent.succeeded", intent)
    if payment_methods.card_of(call, method).disputed:
        disputes.open_dispute(call, call.fetch("charge", charge["id"], param="charge"))
    return intent


def _debit(call: Call, intent: Json, method: Json) -> Json:
    """A bank debit begins: it is on its way for days. Without a mandate that stands it cannot."""
    bank_accounts.require_mandate(call, method, intent)
    charge = charges.attempt(call, intent, method, None, authenticated=False)
    intent |= {"latest_charge": charge["id"], "next_action": None, "status": "processing"}
    call.save(intent)
    if intent["customer"] and method["customer"] is None and intent["setup_future_usage"]:
        payment_methods.attach_to(call, method, intent["customer"])
    if bank_accounts.bank_of(call, method).settles:
        bank_work.later(call, "debit", intent["id"], banks.SETTLE_DAYS)
    events.record(call, "payment_intent.processing", intent)
    return intent


def settle_debit(call: Call, intent: Json) -> Json:
    """The bank's word on a debit: paid, or back to asking for a method."""
    method = call.fetch("payment_method", intent["payment_method"], param="payment_method")
    failure = bank_accounts.debit_failure(call, method)
    charge = charges.settle(call, call.fetch("charge", intent["latest_charge"], param="charge"), failure)
    if failure is not None:
        intent |= {
            "status": "requires_payment_method",
            "payment_method": None,
            "last_payment_error": intents.failure(failure, method, charge["id"]),
        }
        call.save(intent)
        events.record(call, "payment_intent.payment_failed", intent)
        return intent
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    call.save(intent)
    events.record(call, "payment_intent.succeeded", intent)
    if bank_accounts.bank_of(call, method).disputed:
        bank_work.later(call, "return", charge["id"], banks.RETURN_DAYS)
    return intent


def _after_use(call: Call, intent: Json, method: Json, *, authenticated: bool) -> None:
    """Save the method for later where that was asked; else one that nobody owns is used up."""
    if method["customer"] is None:
        if intent["setup_future_usage"] and intent["customer"]:
            payment_methods.attach_to(call, method, intent["customer"])
        else:
            payment_methods.mark(call, method, spent=True)
            return
    if authenticated and intent["setup_future_usage"] == "off_session":
        payment_methods.mark(call, method, authenticated=True)


def authenticate(call: Call, intent: Json, *, passed: bool) -> Json:
    """Finish 3-D Secure: charge, or leave the intent asking for another method."""
    if intent["status"] != "requires_action":
        raise intents.wrong_state(KIND, intent, "authenticate", ("requires_action",))
    method = call.fetch("payment_method", intent["payment_method"], param="payment_method")
    if passed:
        decline = payment_methods.charge_decline(call, method)
        return _settle(call, intent, method, decline, authenticated=True)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": intents.authentication_failure(KIND, method),
    }
    call.save(intent)
    events.record(call, "payment_intent.payment_failed", intent)
    return intent


def update(call: Call, path: dict[str, str], params: Json) -> Json:
    """Change an intent that has not collected yet; description and metadata at any time."""
    intent = call.fetch(KIND, path["intent"], param="intent", in_path=True)
    binding = set(params) - {"description", "metadata", "expand"}
    if intent["status"] not in CONFIRMABLE and binding:
        name = sorted(binding)[0]
        raise StripeRefusal(
            f"This PaymentIntent's {name} could not be updated because it has a status of {intent['status']}. You "
            f"may only update the {name} of a PaymentIntent with one of the following statuses: "
            f"{', '.join(CONFIRMABLE)}.",
            code="payment_intent_unexpected_state",
            param=name,
            details={KIND: intent},
        )
    amount: int = params["amount"] if "amount" in params else intent["amount"]
    _check_amount(amount, intent["currency"])
    _check_application_fee(call, params, amount)
    if "customer" in params:
        intent["customer"] = call.fetch("customer", params["customer"], param="customer")["id"]
    metadata.apply(intent, params, "amount", "application_fee_amount", *FIELDS)
    if "payment_method" in params:
        method = intents.usable_method(call, params["payment_method"], intent)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation", "next_action": None}
    elif binding and intent["status"] == "requires_action":
        intent |= {"status": "requires_confirmation", "next_action": None}
    call.save(intent)
    return intent


def cancel(call: Call, path: dict[str, str], params: Json) -> Json:
    """Give an intent up for good; refused once the money is taken."""
    intent = call.fetch(KIND, path["intent"], param="intent", in_path=True)
    if intent["status"] not in CANCELABLE:
        raise intents.wrong_state(KIND, intent, "cancel", CANCELABLE)
    if intent["status"] == "processing":
        raise intents.wrong_state(KIND, intent, "cancel", CANCELABLE[:-1])
    intent |= {
        "status": "canceled",
        "canceled_at": call.now(),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    call.save(intent)
    events.record(call, "payment_intent.canceled", copy.deepcopy(intent))
    return intent


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return one intent."""
    return intents.load(call, KIND, path["intent"], params)


def list_intents(call: Call, path: dict[str, str], params: Json) -> Json:
    """List intents by customer and time."""
    wanted = listing.conditions(params, "customer", "created")
    return listing.page(call, KIND, params, "/v1/payment_intents", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/v1/payment_intents",
        create,
        f"{WRITABLE} {CONFIRMING} currency confirm automatic_payment_methods allowed_payment_method_types "
        "capture_method",
    ),
    operation("GET", "/v1/payment_intents", list_intents, f"{listing.PAGE} customer created"),
    operation("GET", "/v1/payment_intents/{intent}", retrieve, "client_secret expand", publishable=True),
    operation("POST", "/v1/payment_intents/{intent}", update, WRITABLE),
    operation(
        "POST",
        "/v1/payment_intents/{intent}/confirm",
        confirm,
        f"{CONFIRMING} client_secret setup_future_usage",
        publishable=True,
    ),
    operation("POST", "/v1/payment_intents/{intent}/cancel", cancel, "cancellation_reason expand"),
)
