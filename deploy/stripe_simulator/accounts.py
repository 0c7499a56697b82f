"""Connected accounts. Those that the control API or the settings make are ready; others are after onboarding."""

from __future__ import annotations

import copy
from urllib.parse import urlencode

from deploy.stripe_simulator import events, metadata
from deploy.stripe_simulator.call import Call, Operation, new_id, operation
from deploy.stripe_simulator.errors import Json, StripeRefusal

CURRENCIES = {"US": "usd", "GB": "gbp", "CH": "chf", "CA": "cad", "AU": "aud", "JP": "jpy"}
DEFAULT_CURRENCY = "eur"
LINK_SECONDS = 300


def new_account(call: Call, identifier: str, params: Json, *, ready: bool = True) -> Json:
    """Write a connected account under the platform; one that is not ready takes no charges yet."""
    country = params.get("country", "US")
    account: Json = {
        "id": identifier,
        "object": "account",
        "business_profile": None,
        "business_type": params.get("business_type"),
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": ready,
        "country": country,
        "created": call.now(),
        "default_currency": CURRENCIES.get(country, DEFAULT_CURRENCY),
        "details_submitted": ready,
        "email": params.get("email"),
        "metadata": metadata.merged({}, params.get("metadata", {})),
        "payouts_enabled": ready,
        "settings": None,
        "type": params.get("type", "standard"),
    }
    call.store.insert(call.platform, account)
    return account


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a connected account."""
    if call.account != call.platform:
        raise StripeRefusal("Only a platform can create connected accounts: leave out Stripe-Account.")
    return new_account(call, new_id("acct", 16), params, ready=False)


def onboard(call: Call) -> Json:
    """The owner has told Stripe everything: the account is ready."""
    account = known(call, call.account)
    if account is None:
        raise no_access(call.account)
    before = copy.deepcopy(account)
    account |= {"charges_enabled": True, "details_submitted": True, "payouts_enabled": True}
    call.store.save(call.platform, account)
    events.record(call, "account.updated", account, events.changed(before, account))
    return account


def link(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a link to onboarding: good for a few minutes, with ways back."""
    account = known(call, params["account"])
    if account is None:
        raise no_access(params["account"])
    for name in ("refresh_url", "return_url"):
        if name not in params:
            raise StripeRefusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
    query = urlencode({"account": account["id"], "return_url": params["return_url"]})
    return {
        "object": "account_link",
        "created": call.now(),
        "expires_at": call.now() + LINK_SECONDS,
        "url": f"{call.public_url}/v3/onboarding?{query}",
    }


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


def currency_of(call: Call) -> str:
    """Return the currency of the account a request works in."""
    account = known(call, call.account)
    return str(account["default_currency"]) if account else DEFAULT_CURRENCY


def require_ready(call: Call) -> None:
    """Refuse a charge in an account whose owner has not told Stripe enough yet."""
    account = known(call, call.account)
    if account is not None and not account["charges_enabled"]:
        raise StripeRefusal(
            "Your account cannot currently make live charges. Finish its onboarding first.",
            code="account_invalid",
        )


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
    operation("POST", "/v1/account_links", link, "account type refresh_url return_url collect expand"),
    operation("GET", "/v1/account", retrieve_current, "expand"),
)
