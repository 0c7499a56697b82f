"""What Stripe would refuse is refused; what is answered has Stripe's shape."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import stripe

from deploy.stripe_simulator.contract import RESOURCES, Contract
from deploy.stripe_simulator.operations import OPERATIONS
from tests.unit.stripe_simulator.simulator import RETURN_URL, Simulator, off_session, saved_card

PAYMENT = {"amount": "1000", "currency": "usd"}
REFUSED: list[tuple[str, dict[str, str], str | None, str | None]] = [
    ("/v1/payment_intents", PAYMENT | {"amout": "1"}, "parameter_unknown", "amout"),
    (
        "/v1/payment_intents",
        PAYMENT | {"shipping[address][zip]": "1"},
        "parameter_unknown",
        "shipping[address][zip]",
    ),
    (
        "/v1/payment_intents",
        PAYMENT | {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[redirects]": "x"},
        "parameter_unknown",
        "automatic_payment_methods[redirects]",
    ),
    ("/v1/payment_intents", {"currency": "usd"}, "parameter_missing", "amount"),
    ("/v1/payment_intents", PAYMENT | {"amount": "12.50"}, "parameter_invalid_integer", "amount"),
    ("/v1/payment_intents", PAYMENT | {"amount": "-1"}, "parameter_invalid_integer", "amount"),
    ("/v1/payment_intents", PAYMENT | {"amount": "49"}, "amount_too_small", "amount"),
    ("/v1/payment_intents", PAYMENT | {"confirm": "yes"}, None, "confirm"),
    ("/v1/payment_intents", PAYMENT | {"setup_future_usage": "sometimes"}, None, "setup_future_usage"),
    ("/v1/payment_intents", PAYMENT | {"off_session": "true"}, None, "off_session"),
    ("/v1/payment_intents", PAYMENT | {"customer": "cus_gone"}, "resource_missing", "customer"),
    (
        "/v1/payment_intents",
        PAYMENT | {"payment_method_types[0]": "card"},
        "payment_method_types_no_longer_supported",
        "payment_method_types",
    ),
    (
        "/v1/setup_intents",
        {"payment_method_types[]": "card"},
        "payment_method_types_no_longer_supported",
        "payment_method_types",
    ),
    (
        "/v1/payment_intents",
        PAYMENT | {"allowed_payment_method_types[]": "card", "automatic_payment_methods[enabled]": "true"},
        None,
        "allowed_payment_method_types",
    ),
    (
        "/v1/payment_intents",
        PAYMENT | {"confirm": "true", "payment_method": "pm_card_visa"},
        None,
        "return_url",
    ),
    ("/v1/payment_intents", PAYMENT | {"capture_method": "manual"}, "simulator_unsupported", None),
    ("/v1/payment_intents", PAYMENT | {"transfer_group": "g"}, "simulator_unsupported", None),
    ("/v1/refunds", {"amount": "5"}, None, None),
    ("/v1/customers", {"metadata": "text"}, None, "metadata"),
    ("/v1/customers", {"email[x]": "1"}, None, "email"),
]


@pytest.mark.parametrize(("path", "form", "code", "param"), REFUSED)
def test_refuses_as_stripe_does(
    simulator: Simulator, path: str, form: dict[str, str], code: str | None, param: str | None
) -> None:
    """Each fault is named by its parameter, and nothing is made."""
    answer = simulator.raw("POST", path, form)
    error = answer.json()["error"]
    assert answer.status_code == 400, error
    assert (error.get("code"), error.get("param")) == (code, param), error
    assert error["type"] == "invalid_request_error"
    if path == "/v1/payment_intents":
        assert simulator.raw("GET", path).json()["data"] == []


def test_accepts_allowed_payment_method_types(simulator: Simulator) -> None:
    """The parameter that replaced ``payment_method_types``."""
    form = PAYMENT | {"allowed_payment_method_types[0]": "card"}
    body = simulator.raw("POST", "/v1/payment_intents", form).json()
    assert (body["payment_method_types"], body["automatic_payment_methods"]) == (["card"], None)


def test_answers_have_stripes_shape(simulator: Simulator) -> None:
    """Every kind of object the simulator makes, taken from the wire, passes Stripe's response schema."""
    contract = Contract((operation.method, operation.path) for operation in OPERATIONS)
    bodies = {body.get("object", "error"): body for body in _one_of_each(simulator)}
    made = {f"deleted_{name}" if body.get("deleted") else name for name, body in bodies.items()}
    assert made | {"deleted_customer"} >= set(RESOURCES)
    for name, body in bodies.items():
        assert contract.violations(body) == [], name


def test_a_wrong_answer_is_noticed() -> None:
    """The check of answers can fail: a text where Stripe sends a number is a violation."""
    contract = Contract((operation.method, operation.path) for operation in OPERATIONS)
    charge = contract.template("charge") | {"object": "charge", "amount": "12"}
    assert any("charge.amount" in violation for violation in contract.violations(charge))


def _one_of_each(simulator: Simulator) -> list[dict[str, Any]]:
    api = simulator.client()
    customer, method = saved_card(api)
    intent = api.v1.payment_intents.create(params=off_session(customer, method, 900))
    setup = api.v1.setup_intents.create(params={"customer": customer})
    refund = api.v1.refunds.create(params={"payment_intent": intent.id, "amount": 100})
    declined = saved_card(api, "pm_card_chargeCustomerFail")
    refused = simulator.raw(
        "POST",
        "/v1/payment_intents",
        PAYMENT
        | {
            "customer": declined[0],
            "payment_method": declined[1],
            "confirm": "true",
            "use_stripe_sdk": "true",
            "return_url": RETURN_URL,
        },
    )
    owner, bank = saved_card(api, "pm_usBankAccount_dispute")
    saved = api.v1.setup_intents.create(
        params={"customer": owner, "payment_method": bank, "confirm": True, "return_url": RETURN_URL}
    )
    debit = api.v1.payment_intents.create(params=off_session(owner, bank, 5000))
    assert debit.status == "processing"
    simulator.pass_bank_days(5)
    simulator.pass_bank_days(21)
    dispute = api.v1.disputes.list(params={"payment_intent": debit.id}).data[0]
    api.v1.payment_intents.create(params=off_session(customer, method, 50000))
    simulator.told("POST", "/_simulator/payouts", currency="usd")
    payout = api.v1.payouts.list().data[0]
    link = simulator.raw(
        "POST",
        "/v1/account_links",
        {
            "account": simulator.account,
            "type": "account_onboarding",
            "refresh_url": RETURN_URL,
            "return_url": RETURN_URL,
        },
        Stripe_Account="acct_1SimulatorPlatform",
    ).json()
    event = api.v1.events.list(params={"type": "payment_intent.payment_failed"}).data[0]
    entry = api.v1.balance_transactions.list().data[0]
    paths = [
        f"/v1/customers/{customer}",
        f"/v1/payment_methods/{method}",
        f"/v1/payment_intents/{intent.id}",
        f"/v1/setup_intents/{setup.id}",
        f"/v1/charges/{intent.latest_charge}",
        f"/v1/refunds/{refund.id}",
        f"/v1/events/{event.id}",
        f"/v1/balance_transactions/{entry.id}",
        f"/v1/accounts/{simulator.account}",
        f"/v1/disputes/{dispute.id}",
        f"/v1/payouts/{payout.id}",
        f"/v1/mandates/{saved.mandate}",
    ]
    answers: list[httpx.Response] = [simulator.raw("GET", path) for path in paths]
    deleted = simulator.raw("DELETE", f"/v1/customers/{declined[0]}").json()
    assert deleted == {"id": declined[0], "object": "customer", "deleted": True}
    assert refused.status_code == 402
    return [answer.raise_for_status().json() for answer in answers] + [refused.json(), link]


def test_expands_what_it_is_asked_to(api: stripe.StripeClient) -> None:
    """Expansion goes through lists and several levels, and refuses what is no reference."""
    customer, method = saved_card(api)
    api.v1.payment_intents.create(params=off_session(customer, method))
    listed = api.v1.payment_intents.list(
        params={"customer": customer, "expand": ["data.latest_charge.balance_transaction", "data.customer"]}
    )
    intent = json.loads(str(listed.data[0]))
    assert intent["latest_charge"]["balance_transaction"]["fee"] == 388
    assert intent["customer"]["email"] == "owner@example.com"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        api.v1.payment_intents.list(params={"customer": customer, "expand": ["data.amount"]})


def test_unserved_address_says_so(simulator: Simulator) -> None:
    """An operation that Stripe has and the simulator lacks is a clear 404."""
    answer = simulator.raw("GET", "/v1/subscriptions")
    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/subscriptions)" in answer.json()["error"]["message"]


def test_refuses_versions_it_does_not_speak(simulator: Simulator) -> None:
    """Before endive other parameters were allowed: better refuse than pretend."""
    answer = simulator.raw("GET", "/v1/customers", Stripe_Version="2024-06-20")
    assert (answer.status_code, "2024-06-20" in answer.json()["error"]["message"]) == (400, True)
