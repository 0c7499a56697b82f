"""Saving a card: SetupIntents, the card fields' own path, 3-D Secure."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, RETURN_URL, Simulator, off_session


def _open(api: stripe.StripeClient) -> tuple[str, stripe.SetupIntent]:
    customer = api.v1.customers.create().id
    return customer, api.v1.setup_intents.create(params={"customer": customer, "usage": "off_session"})


def _confirm(simulator: Simulator, intent: stripe.SetupIntent, method: str) -> dict[str, object]:
    """Confirm as Stripe.js does: publishable key and client secret."""
    form = {
        "payment_method": method,
        "client_secret": str(intent.client_secret),
        "use_stripe_sdk": "true",
        "return_url": RETURN_URL,
    }
    answer = simulator.raw(
        "POST", f"/v1/setup_intents/{intent.id}/confirm", form, Authorization=f"Bearer {PUBLISHABLE_KEY}"
    )
    body: dict[str, object] = answer.json()
    return body


def test_saves_a_typed_card(api: stripe.StripeClient, simulator: Simulator) -> None:
    """Acceptance row 1: the SetupIntent succeeds and the method is attached, ready for an automatic payment."""
    customer, intent = _open(api)
    method = simulator.type_card("4242 4242 4242 4242").json()["id"]
    assert _confirm(simulator, intent, method)["status"] == "succeeded"
    cards = api.v1.payment_methods.list(params={"customer": customer, "type": "card"}).data
    assert [(card.id, card.card.last4 if card.card else None) for card in cards] == [(method, "4242")]
    assert api.v1.payment_intents.create(params=off_session(customer, method)).status == "succeeded"


def test_card_that_must_be_authenticated_when_saved(api: stripe.StripeClient, simulator: Simulator) -> None:
    """Acceptance row 2: 3155 failed leaves nothing, passed leaves exactly one, which then pays off session."""
    customer, intent = _open(api)
    method = simulator.type_card("4000002500003155").json()["id"]
    assert _confirm(simulator, intent, method)["status"] == "requires_action"
    assert simulator.authenticate(intent.id, passed=False) == "requires_payment_method"
    assert api.v1.payment_methods.list(params={"customer": customer}).data == []
    assert _confirm(simulator, intent, method)["status"] == "requires_action"
    assert simulator.authenticate(intent.id, passed=True) == "succeeded"
    assert len(api.v1.payment_methods.list(params={"customer": customer}).data) == 1
    assert api.v1.payment_intents.create(params=off_session(customer, method)).status == "succeeded"


def test_card_attached_without_authentication_needs_it_later(api: stripe.StripeClient) -> None:
    """3155 attached behind the customer's back is refused off session."""
    customer = api.v1.customers.create().id
    method = api.v1.payment_methods.attach(
        "pm_card_authenticationRequiredOnSetup", params={"customer": customer}
    )
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.create(params=off_session(customer, method.id))
    assert caught.value.code == "authentication_required"


def test_declined_card_is_not_saved(api: stripe.StripeClient, simulator: Simulator) -> None:
    """The SetupIntent asks for another card and says why."""
    customer, intent = _open(api)
    body = _confirm(simulator, intent, simulator.type_card("4000000000009979").json()["id"])
    assert isinstance(body["error"], dict)
    assert body["error"]["decline_code"] == "stolen_card"
    after = api.v1.setup_intents.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_setup_error is not None
    assert api.v1.payment_methods.list(params={"customer": customer}).data == []


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"number": "4242424242424242", "exp_year": "2020"}, "invalid_expiry_year"),
        ({"number": "4242424242424242", "exp_month": "13"}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "cvc": "1"}, "invalid_cvc"),
    ],
)
def test_refuses_a_card_that_cannot_be(simulator: Simulator, card: dict[str, str], code: str) -> None:
    """Typing errors are told by code; numbers that are no test cards are refused."""
    answer = simulator.type_card(**card)
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)


def test_card_numbers_come_only_from_the_card_fields(simulator: Simulator) -> None:
    """Neither a server nor a page of another origin may send a number."""
    form = {
        "type": "card",
        "card[number]": "4242424242424242",
        "card[exp_month]": "1",
        "card[exp_year]": "2034",
    }
    server = simulator.raw("POST", "/v1/payment_methods", form)
    assert (server.status_code, "unsafe" in server.json()["error"]["message"]) == (402, True)
    publishable = f"Bearer {PUBLISHABLE_KEY}"
    page = simulator.raw(
        "POST", "/v1/payment_methods", form, Authorization=publishable, Origin="https://shop.example.com"
    )
    assert page.status_code == 402


def test_client_secret_guards_an_intent(api: stripe.StripeClient, simulator: Simulator) -> None:
    """A publishable key sees an intent only with its secret, and not what is the server's business."""
    intent = api.v1.payment_intents.create(
        params={"amount": 500, "currency": "usd", "metadata": {"invoice": "7"}}
    )
    publishable = f"Bearer {PUBLISHABLE_KEY}"
    address = f"/v1/payment_intents/{intent.id}"
    assert simulator.raw("GET", address, Authorization=publishable).status_code == 400
    wrong = simulator.raw(
        "GET", f"{address}?client_secret={intent.id}_secret_guess", Authorization=publishable
    )
    assert wrong.status_code == 404
    right = simulator.raw("GET", f"{address}?client_secret={intent.client_secret}", Authorization=publishable)
    assert (right.status_code, right.json()["amount"], "metadata" in right.json()) == (200, 500, False)
    assert simulator.raw("GET", "/v1/customers", Authorization=publishable).status_code == 403


def test_confirming_in_the_page_needs_a_return_url_too(
    api: stripe.StripeClient, simulator: Simulator
) -> None:
    """Stripe.js gets the same 400 as a server, for a saved card as well, unless redirects are forbidden."""
    customer = api.v1.customers.create().id
    method = api.v1.payment_methods.attach("pm_card_visa", params={"customer": customer}).id
    for redirects, status in (("always", 400), ("never", 200)):
        intent = api.v1.payment_intents.create(
            params={
                "amount": 500,
                "currency": "usd",
                "customer": customer,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": redirects},
            }
        )
        answer = simulator.raw(
            "POST",
            f"/v1/payment_intents/{intent.id}/confirm",
            {"payment_method": method, "client_secret": str(intent.client_secret), "use_stripe_sdk": "true"},
            Authorization=f"Bearer {PUBLISHABLE_KEY}",
        )
        assert answer.status_code == status, answer.text


def typed_account(simulator: Simulator, **bank: str) -> str:
    """What the stand-in's fields send for a US bank account; answers the payment method."""
    form = {"type": "us_bank_account", "billing_details[name]": "Ann Fenwick"}
    form |= {f"us_bank_account[{name}]": value for name, value in bank.items()}
    answer = simulator.raw(
        "POST", "/v1/payment_methods", form, Authorization=f"Bearer {PUBLISHABLE_KEY}", Origin=simulator.url
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


TYPED = {
    "routing_number": "110000000",
    "account_number": "000123456789",
    "account_holder_type": "individual",
}


def test_a_typed_bank_account_waits_for_its_deposit(simulator: Simulator) -> None:
    """Until the code of the deposit is told nothing is attached and no mandate given; a wrong code may be corrected."""
    api = simulator.client()
    customer = api.v1.customers.create(params={"email": "owner@example.com"}).id
    intent = api.v1.setup_intents.create(params={"customer": customer, "usage": "off_session"})
    confirmed: Any = api.v1.setup_intents.confirm(
        intent.id, params={"payment_method": typed_account(simulator, **TYPED), "return_url": RETURN_URL}
    )
    assert (confirmed.status, confirmed.next_action.type) == ("requires_action", "verify_with_microdeposits")
    assert api.v1.payment_methods.list(params={"customer": customer}).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.setup_intents.verify_microdeposits(intent.id, params={"descriptor_code": "SM99ZZ"})
    assert refused.value.code == "payment_method_microdeposit_verification_descriptor_code_mismatch"
    verified = api.v1.setup_intents.verify_microdeposits(intent.id, params={"descriptor_code": "SM11AA"})
    assert verified.status == "succeeded"
    (method,) = api.v1.payment_methods.list(params={"customer": customer}).data
    assert method.us_bank_account is not None
    assert method.us_bank_account.last4 == "6789"
    paid = api.v1.payment_intents.create(params=off_session(customer, method.id, 5000))
    assert paid.status == "processing"


@pytest.mark.parametrize(("amounts", "code"), [([10, 11], "attempts_exceeded"), ([40, 41], "timeout")])
def test_a_bank_account_that_is_not_verified_is_not_saved(
    simulator: Simulator, amounts: list[int], code: str
) -> None:
    """Too many tries or too late: the intent wants another method, and says why."""
    api = simulator.client()
    customer = api.v1.customers.create(params={"email": "owner@example.com"}).id
    intent = api.v1.setup_intents.create(params={"customer": customer, "usage": "off_session"})
    api.v1.setup_intents.confirm(
        intent.id, params={"payment_method": typed_account(simulator, **TYPED), "return_url": RETURN_URL}
    )
    failed: Any = api.v1.setup_intents.verify_microdeposits(intent.id, params={"amounts": amounts})
    assert failed.status == "requires_payment_method"
    assert failed.last_setup_error.code == f"payment_method_microdeposit_verification_{code}"
    assert api.v1.payment_methods.list(params={"customer": customer}).data == []


def test_an_account_that_the_bank_told_of_is_saved_at_once(simulator: Simulator) -> None:
    """As by Financial Connections."""
    api = simulator.client()
    customer = api.v1.customers.create(params={"email": "owner@example.com"}).id
    intent = api.v1.setup_intents.create(params={"customer": customer, "usage": "off_session"})
    method = typed_account(simulator, financial_connections_account="fca_000222222227")
    done = api.v1.setup_intents.confirm(
        intent.id, params={"payment_method": method, "return_url": RETURN_URL}
    )
    assert done.status == "succeeded"
