"""Payment methods: made from test tokens or in the card fields, attached to customers, detached."""

from __future__ import annotations

import copy
import datetime
import hashlib

from deploy.stripe_simulator import bank_accounts, banks, cards, events, listing, metadata
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.cards import Authentication, Decline, TestCard
from deploy.stripe_simulator.errors import Json, StripeRefusal, not_simulated

TOKEN_EXPIRY_YEARS = 1
RAW_CARD = (
    "Sending credit card numbers directly to the Stripe API is generally unsafe. To continue processing use "
    "Stripe.js, the Stripe mobile bindings, or Stripe Elements."
)


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a payment method that belongs to no customer yet."""
    return from_data(call, params, "card")


def from_data(call: Call, params: Json, param: str) -> Json:
    """Make a card from ``{type, card: {number…} or {token}, billing_details}``, or a bank account from its number."""
    if params.get("type") in banks.CURRENCY:
        return bank_accounts.from_data(
            call, params, params["type"], _billing(params.get("billing_details", {}))
        )
    if params.get("type", "card") != "card":
        raise not_simulated(f"payment methods of type {params['type']}")
    given = params.get("card")
    if not given:
        raise StripeRefusal("Missing required param: card.", code="parameter_missing", param=param)
    if "token" in given:
        card = cards.of_token(given["token"])
        if card is None:
            raise StripeRefusal(
                f"No such token: '{given['token']}'", code="resource_missing", param=f"{param}[token]"
            )
        month, year = _token_expiry(call)
    else:
        card, month, year = _typed(call, given, param)
    return _keep(call, card, month, year, params)


def _token_expiry(call: Call) -> tuple[int, int]:
    today = datetime.datetime.fromtimestamp(call.clock(), datetime.UTC)
    return today.month, today.year + TOKEN_EXPIRY_YEARS


def _typed(call: Call, given: Json, param: str) -> tuple[TestCard, int, int]:
    """Check a card as typed into the card fields: number, expiry, security code."""
    if not call.publishable or not call.from_card_frame:
        raise StripeRefusal(RAW_CARD, status=402)
    number = str(given["number"]).replace(" ", "")
    if not number.isdigit() or not cards.passes_luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", f"{param}[number]")
    card = cards.BY_NUMBER.get(number)
    if card is None:
        raise _card_error(
            "card_declined",
            "Your card was declined. Your request was in test mode, but used a card number that is not one of "
            "Stripe's test cards. No real card number belongs here.",
            f"{param}[number]",
            {"decline_code": "live_mode_test_card"},
        )
    month, year = int(given["exp_month"]), int(given["exp_year"])
    year += 2000 if year < 100 else 0
    today = datetime.datetime.fromtimestamp(call.clock(), datetime.UTC)
    if not 1 <= month <= 12:
        raise _card_error(
            "invalid_expiry_month", "Your card's expiration month is invalid.", f"{param}[exp_month]"
        )
    if (year, month) < (today.year, today.month) or year > today.year + 50:
        raise _card_error(
            "invalid_expiry_year", "Your card's expiration year is invalid.", f"{param}[exp_year]"
        )
    cvc = str(given.get("cvc", ""))
    if cvc and (not cvc.isdigit() or len(cvc) not in (3, 4)):
        raise _card_error("invalid_cvc", "Your card's security code is invalid.", f"{param}[cvc]")
    return card, month, year


def _card_error(code: str, message: str, param: str, details: Json | None = None) -> StripeRefusal:
    return StripeRefusal(message, status=402, kind="card_error", code=code, param=param, details=details)


def _keep(call: Call, card: TestCard, month: int, year: int, params: Json) -> Json:
    details = call.contract.part("payment_method", "payment_method_card") | {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked",
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": hashlib.sha256(f"{call.platform}{card.number}".encode()).hexdigest()[:16],
        "funding": card.funding,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }
    method = call.new(
        "payment_method",
        "pm",
        {
            "type": "card",
            "card": details,
            "allow_redisplay": params.get("allow_redisplay", "unspecified"),
            "billing_details": _billing(params.get("billing_details", {})),
            "metadata": metadata.merged({}, params.get("metadata", {})),
        },
    )
    call.keep(method, {"number": card.number, "authenticated": False, "spent": False})
    return method


def _billing(given: Json) -> Json:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    given_address = given.get("address") or {}
    plain = {name: given.get(name) or None for name in ("email", "name", "phone", "tax_id")}
    return {"address": address | given_address, **plain}


def resolve(call: Call, identifier: str, param: str = "payment_method") -> Json:
    """Return a kept payment method, or a new one for a test token such as ``pm_card_visa``."""
    bank = banks.BY_TOKEN.get(identifier)
    if bank is not None:
        return bank_accounts.keep(call, bank, {}, _billing({}))
    card = cards.of_token(identifier)
    if card is None:
        return call.fetch("payment_method", identifier, param=param)
    month, year = _token_expiry(call)
    return _keep(call, card, month, year, {})


def owned_by(call: Call, identifier: str, customer: str, param: str) -> Json:
    """Return a method that is attached to ``customer``; refuse any other."""
    method = call.fetch("payment_method", identifier, param=param)
    if method["customer"] != customer:
        raise StripeRefusal(
            f"The customer does not have a payment method with the ID {identifier}. "
            "The payment method must be attached to the customer.",
            code="resource_missing",
            param=param,
        )
    return method


def card_of(call: Call, method: Json) -> TestCard:
    """Return the test card behind a method."""
    return cards.BY_NUMBER[call.hidden(method["id"])["number"]]


def charge_decline(call: Call, method: Json) -> Decline | None:
    """Return why a charge fails: what the control API set for this method, else what its card does."""
    hidden = call.hidden(method["id"])
    code = hidden["decline"] if "decline" in hidden else cards.BY_NUMBER[hidden["number"]].charging
    return cards.DECLINES[code] if code else None


def saving_decline(call: Call, method: Json) -> Decline | None:
    """Return why a method cannot be attached or set up."""
    if method["type"] != "card":
        return None
    code = card_of(call, method).saving
    return cards.DECLINES[code] if code else None


def needs_authentication(call: Call, method: Json, *, off_session: bool) -> bool:
    """Say whether a payment needs 3-D Secure; off session that means a decline."""
    hidden = call.hidden(method["id"])
    match cards.BY_NUMBER[hidden["number"]].authentication:
        case Authentication.NEVER:
            return False
        case Authentication.ALWAYS:
            return True
        case Authentication.ALREADY_SET_UP:
            return not off_session
        case Authentication.UNLESS_SET_UP:
            return not (off_session and hidden["authenticated"])


def needs_authentication_to_save(call: Call, method: Json) -> bool:
    """Say whether a SetupIntent with this method asks for 3-D Secure."""
    return card_of(call, method).authentication in (Authentication.ALWAYS, Authentication.UNLESS_SET_UP)


def mark(call: Call, method: Json, **facts: object) -> None:
    """Remember something about a method that its object does not show."""
    call.save(method, call.hidden(method["id"]) | facts)


def refuse_spent(call: Call, method: Json) -> None:
    """Refuse a method that was used once without a customer, or was detached."""
    if call.hidden(method["id"])["spent"]:
        raise StripeRefusal(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, "
            "shared with a connected account without Customer attachment, or was detached from a Customer. "
            "It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer "
            "first.",
            param="payment_method",
        )


def attach_to(call: Call, method: Json, customer: str) -> None:
    """Attach a method; the issuer is asked, so declining cards raise a card error and stay unattached."""
    if method["customer"] == customer:
        return
    if method["customer"] is not None:
        raise StripeRefusal("The payment method you provided has already been attached to a customer.")
    refuse_spent(call, method)
    decline = saving_decline(call, method)
    if decline is not None:
        raise StripeRefusal(
            decline.message, status=402, kind="card_error", code=decline.code, details=decline.details()
        )
    method["customer"] = customer
    if method["type"] == "card":
        method["card"]["checks"]["cvc_check"] = "pass"
    call.save(method)
    events.record(call, "payment_method.attached", method)


def release(call: Call, method: Json) -> None:
    """Detach a method: it can never be used again, and is nobody's default any more."""
    customer = call.fetch("customer", method["customer"], param="customer")
    before = copy.deepcopy(method)
    method["customer"] = None
    call.save(method, call.hidden(method["id"]) | {"spent": True})
    events.record(call, "payment_method.detached", method, events.changed(before, method))
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        former = copy.deepcopy(customer)
        settings["default_payment_method"] = None
        call.save(customer)
        events.record(call, "customer.updated", customer, events.changed(former, customer))


def of_customer(call: Call, customer: str) -> list[Json]:
    """Return all methods of a customer."""
    wanted = [("$.customer", "=", customer)]
    return call.store.select(call.account, "payment_method", wanted, limit=10_000)


def attach(call: Call, path: dict[str, str], params: Json) -> Json:
    """Attach a method to the customer given."""
    if "customer" not in params:
        raise StripeRefusal("Missing required param: customer.", code="parameter_missing", param="customer")
    customer = call.fetch("customer", params["customer"], param="customer")
    method = resolve(call, path["payment_method"], "payment_method")
    attach_to(call, method, customer["id"])
    return method


def detach(call: Call, path: dict[str, str], params: Json) -> Json:
    """Detach a method from its customer."""
    method = call.fetch("payment_method", path["payment_method"], param="payment_method", in_path=True)
    if method["customer"] is None:
        raise StripeRefusal(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    release(call, method)
    return method


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return a method; under a customer's path only that customer's."""
    method = call.fetch("payment_method", path["payment_method"], param="payment_method", in_path=True)
    if "customer" in path:
        call.fetch("customer", path["customer"], param="customer", in_path=True)
        owned_by(call, method["id"], path["customer"], "payment_method")
    return method


def update(call: Call, path: dict[str, str], params: Json) -> Json:
    """Change metadata, billing details or redisplay of an attached method."""
    method = call.fetch("payment_method", path["payment_method"], param="payment_method", in_path=True)
    if method["customer"] is None:
        raise StripeRefusal("You must save this PaymentMethod to a customer before you can update it.")
    before = copy.deepcopy(method)
    metadata.apply(method, params, "allow_redisplay")
    if "billing_details" in params:
        method["billing_details"] = _billing(params["billing_details"])
    call.save(method)
    events.record(call, "payment_method.updated", method, events.changed(before, method))
    return method


def list_methods(call: Call, path: dict[str, str], params: Json) -> Json:
    """List attached methods by customer and type."""
    customer = path.get("customer") or params.get("customer")
    wanted = listing.conditions(params, "type")
    url = "/v1/payment_methods"
    if customer:
        call.fetch("customer", customer, param="customer", in_path="customer" in path)
        wanted.append(("$.customer", "=", customer))
    else:
        wanted.append(("$.customer", "!=", ""))
    if "customer" in path:
        url = f"/v1/customers/{customer}/payment_methods"
    return listing.page(call, "payment_method", params, url, wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/v1/payment_methods",
        create,
        "type card us_bank_account sepa_debit billing_details metadata allow_redisplay expand",
        publishable=True,
    ),
    operation("GET", "/v1/payment_methods", list_methods, f"{listing.PAGE} customer type"),
    operation("GET", "/v1/payment_methods/{payment_method}", retrieve, "expand"),
    operation(
        "POST",
        "/v1/payment_methods/{payment_method}",
        update,
        "metadata billing_details allow_redisplay expand",
    ),
    operation("POST", "/v1/payment_methods/{payment_method}/attach", attach, "customer expand"),
    operation("POST", "/v1/payment_methods/{payment_method}/detach", detach, "expand"),
    operation("GET", "/v1/customers/{customer}/payment_methods", list_methods, f"{listing.PAGE} type"),
    operation("GET", "/v1/customers/{customer}/payment_methods/{payment_method}", retrieve, "expand"),
)
