"""Connected accounts, ready to take charges from the start; onboarding is not simulated."""

from __future__ import annotations

from deploy.stripe_simulator import metadata
from deploy.stripe_simulator.call import Call, Operation, new_id, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

CURRENCIES = {"US": "usd", "GB": "gbp", "CH": "chf", "CA": "cad", "AU": "aud", "JP": "jpy"}
DEFAULT_CURRENCY = "eur"


def new_account(call: Call, identifier: str, params: Json) -> Json:
    """Write a connected account under the platform."""
    country = params.get("country", "US")
    account: Json = {
        "id": identifier,
        "object": "account",
        "business_profile": None,
        "business_type": params.get("business_type"),
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": country,
        "created": call.now(),
        "default_currency": CURRENCIES.get(country, DEFAULT_CURRENCY),
        "details_submitted": True,
        "email": params.get("email"),
        "metadata": metadata.merged({}, params.get("metadata", {})),
        "payouts_enabled": True,
        "settings": None,
        "type": params.get("type", "standard"),
    }
    call.store.insert(call.platform, account)
    return account


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a connected account."""
    if call.account != call.platform:
        raise StripeRefusal("Only a platform can create connected accounts: leave out Stripe-Account.")
    return new_account(call, new_id("acct", 16), params)


def known(call: Call, identifier: str) -> Json | None:
    """Return a connected account or the platform's own."""
    found = call.store.find(call.platform, identifier)
    return found if found is not None and found["object"] == "account" else None


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return an account by its identifier."""
    account = known(call, path["account"])
    if account is None:
        raise no_access(path["account"])
    return account


def retrieve_current(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return the account the request works in."""
    return retrieve(call, {"account": call.account}, params)


def no_access(identifier: str) -> StripeRefusal:
    """Return the refusal for an account the key cannot reach."""
    return StripeRefusal(
        f"The provided key does not have access to account '{identifier}' (or that account does not exist). "
        "At the simulator create it with POST /v1/accounts, PUT /_simulator/accounts/{id} or the setting "
        "STRIPE_SIMULATOR_ACCOUNTS.",
        status=403,
        code="account_invalid",
    )


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST", "/v1/accounts", create, "type country email business_type capabilities metadata expand"
    ),
    operation("GET", "/v1/accounts/{account}", retrieve, "expand"),
    operation("GET", "/v1/account", retrieve_current, "expand"),
)
