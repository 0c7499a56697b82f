"""Keys and accounts: who may see what."""

from __future__ import annotations

import pytest
import stripe

from tests.unit.stripe_simulator.simulator import SECRET_KEY, Simulator, error_of, saved_card


def test_accounts_do_not_see_each_other(simulator: Simulator) -> None:
    """An object of one account does not exist in another: 404 in a path, 400 in a parameter."""
    api = simulator.client()
    customer, method = saved_card(api)
    platform = stripe.StripeClient(SECRET_KEY, base_addresses={"api": simulator.url}, max_network_retries=0)
    stranger = platform.v1.accounts.create(params={"type": "standard", "country": "DE"})
    assert stranger.default_currency == "eur"
    for foreign in (platform, simulator.client(account=stranger.id)):
        with pytest.raises(stripe.InvalidRequestError) as missing:
            foreign.v1.customers.retrieve(customer)
        assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
        with pytest.raises(stripe.InvalidRequestError) as unfit:
            foreign.v1.payment_intents.create(params={"amount": 500, "currency": "usd", "customer": customer})
        assert (unfit.value.http_status, unfit.value.param) == (400, "customer")
        assert method not in [entry.id for entry in foreign.v1.payment_methods.list().data]


def test_unknown_account_is_refused(simulator: Simulator) -> None:
    """A Stripe-Account that the platform does not have is a permission error."""
    with pytest.raises(stripe.PermissionError) as caught:
        simulator.client(account="acct_nobody").v1.customers.create()
    assert error_of(caught.value)["code"] == "account_invalid"


@pytest.mark.parametrize("key", ["sk_live_123", "pk_live_123", "rk_live_123", "sk_test", "whatever"])
def test_only_test_keys(simulator: Simulator, key: str) -> None:
    """Live keys above all must never be taken."""
    answer = simulator.raw("GET", "/v1/customers", Authorization=f"Bearer {key}")
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert ("refuses live keys" in answer.json()["error"]["message"]) == ("_live_" in key)


def test_application_fee_needs_a_connected_account(simulator: Simulator) -> None:
    """The platform's share is booked as a fee of the connected account; on the platform itself it makes no sense."""
    api = simulator.client()
    customer, method = saved_card(api)
    intent = api.v1.payment_intents.create(
        params={
            "amount": 10000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "off_session": True,
            "application_fee_amount": 250,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    assert intent.application_fee_amount == 250
    assert simulator.ledger()["fees"] == 320 + 250
    platform = stripe.StripeClient(SECRET_KEY, base_addresses={"api": simulator.url}, max_network_retries=0)
    with pytest.raises(stripe.InvalidRequestError, match="application_fee_amount"):
        platform.v1.payment_intents.create(
            params={"amount": 10000, "currency": "usd", "application_fee_amount": 250}
        )
