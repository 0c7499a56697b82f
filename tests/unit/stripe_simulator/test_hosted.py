"""What browsers load: under a strict policy, without inline code, card fields with labels."""

from __future__ import annotations

import re

import pytest
import stripe

from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, RETURN_URL, Simulator, saved_card


@pytest.mark.parametrize("path", ["/v3/", "/v3", "/endive/stripe.js"])
def test_script_is_served_where_stripe_js_is(simulator: Simulator, path: str) -> None:
    """A script for other origins, which does what Stripe.js is called for."""
    answer = simulator.control.get(path)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    for name in (
        "confirmPayment",
        "confirmSetup",
        "confirmCardPayment",
        "handleNextAction",
        "retrieveSetupIntent",
    ):
        assert f"{name}(" in answer.text


@pytest.mark.parametrize("path", ["/v3/elements", "/v3/challenge", "/v3/microdeposits"])
def test_framed_pages_hold_no_inline_code(simulator: Simulator, path: str) -> None:
    """Their own policy is strict, and what they load is there."""
    answer = simulator.control.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", answer.text)
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', answer.text):
        assert simulator.control.get(asset).status_code == 200, asset


def test_every_field_has_a_label(simulator: Simulator) -> None:
    """A screen reader and a browser test find the fields by name."""
    page = simulator.control.get("/v3/elements").text
    labels = dict(re.findall(r'<label for="(\w+)">([^<]+)</label>', page))
    inputs = re.findall(r'<(?:input|select) id="(\w+)"', page)
    assert labels == {
        "number": "Card number",
        "expiry": "Expiration date",
        "cvc": "CVC",
        "postal": "Postal code",
        "holder": "Full name",
        "bank": "Bank account",
        "routing": "Routing number",
        "account": "Account number",
        "debtor": "Name of the account's holder",
        "iban": "IBAN",
    }
    assert sorted(inputs) == sorted(labels)


def test_challenge_page_finishes_with_the_client_secret(
    api: stripe.StripeClient, simulator: Simulator
) -> None:
    """The page's own request charges; a guessed secret does nothing."""
    customer, method = saved_card(api, "pm_card_authenticationRequired")
    intent = api.v1.payment_intents.create(
        params={
            "amount": 800,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "use_stripe_sdk": True,
            "return_url": RETURN_URL,
        }
    )
    done = {
        "publishable_key": PUBLISHABLE_KEY,
        "account": simulator.account,
        "intent": intent.id,
        "passed": True,
    }
    guessed = simulator.control.post("/v3/authentications", json=done | {"client_secret": "guess"})
    assert guessed.status_code == 404
    answer = simulator.control.post(
        "/v3/authentications", json=done | {"client_secret": intent.client_secret}
    )
    assert answer.json() == {"id": intent.id, "status": "succeeded"}
    again = simulator.control.post("/v3/authentications", json=done | {"client_secret": intent.client_secret})
    assert again.status_code == 400
    assert simulator.ledger()["charged"] == 800
