"""Idempotency keys: one effect per key, whatever the answer was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import stripe

from tests.unit.stripe_simulator.simulator import Simulator, off_session, saved_card

PAYMENT = {"amount": "1000", "currency": "usd"}


def test_same_key_same_result(api: stripe.StripeClient, simulator: Simulator) -> None:
    """The second request is answered from the first: one intent, one charge."""
    customer, method = saved_card(api)
    params, options = off_session(customer, method), {"idempotency_key": "pay-1"}
    first = api.v1.payment_intents.create(params=params, options=options)  # type: ignore[arg-type]
    second = api.v1.payment_intents.create(params=params, options=options)  # type: ignore[arg-type]
    assert first.id == second.id
    assert second.last_response is not None
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert simulator.ledger()["charges"] == 1
    assert [line["replayed"] for line in simulator.requests("/v1/payment_intents")] == [False, True]


def test_a_decline_is_replayed(api: stripe.StripeClient, simulator: Simulator) -> None:
    """A stored 402 stays a 402 even when the card would work by now: a new try needs a new key."""
    customer, method = saved_card(api, "pm_card_chargeCustomerFail")
    params, options = off_session(customer, method), {"idempotency_key": "pay-2"}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            api.v1.payment_intents.create(params=params, options=options)  # type: ignore[arg-type]
    assert simulator.ledger()["failed"] == 1


def test_same_key_other_parameters(simulator: Simulator) -> None:
    """A key stands for one request: other parameters and other endpoints are refused."""
    simulator.raw("POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="k").raise_for_status()
    for path, form in (
        ("/v1/payment_intents", PAYMENT | {"amount": "2000"}),
        ("/v1/customers", {"name": "x"}),
    ):
        answer = simulator.raw("POST", path, form, Idempotency_Key="k")
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")


def test_parameter_order_does_not_matter(simulator: Simulator) -> None:
    """The same parameters in another order are the same request."""
    first = simulator.raw("POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="k").json()
    turned = dict(reversed(PAYMENT.items()))
    assert simulator.raw("POST", "/v1/payment_intents", turned, Idempotency_Key="k").json() == first


def test_key_in_flight_conflicts(simulator: Simulator) -> None:
    """Two at once with one key: one works, the other gets 409 and may come again."""
    simulator.fault(kind="delay", delay_ms=400, path="/v1/payment_intents")

    def send(_: int) -> httpx.Response:
        return simulator.raw("POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="busy")

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, range(2)), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["error"]["code"] == "idempotency_key_in_use"
    assert send(0).json() == answers[0].json()
    assert len(simulator.raw("GET", "/v1/payment_intents").json()["data"]) == 1


def test_refused_parameters_leave_the_key_free(simulator: Simulator) -> None:
    """Nothing was executed, so nothing is stored."""
    assert (
        simulator.raw("POST", "/v1/payment_intents", {"amount": "x"}, Idempotency_Key="k").status_code == 400
    )
    assert simulator.raw("POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="k").status_code == 200


def test_keys_belong_to_an_account(simulator: Simulator) -> None:
    """The same key in another account is another request."""
    other = f"{simulator.account}x"
    simulator.control.put(f"/_simulator/accounts/{other}", json={}).raise_for_status()
    here = simulator.raw("POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="k").json()
    there = simulator.raw(
        "POST", "/v1/payment_intents", PAYMENT, Idempotency_Key="k", Stripe_Account=other
    ).json()
    assert here["id"] != there["id"]
