"""Faults on demand, seen through the official SDK."""

from __future__ import annotations

import pytest
import stripe

from tests.unit.stripe_simulator.simulator import Simulator, off_session, saved_card

PATH = "/v1/payment_intents"


def test_lost_response_is_recovered_with_the_same_key(simulator: Simulator) -> None:
    """Acceptance row 5: the work was done, the SDK asks again with its key, one charge is the result."""
    api = simulator.client(retries=2)
    customer, method = saved_card(api)
    simulator.fault(kind="drop_response", path=PATH)
    intent = api.v1.payment_intents.create(params=off_session(customer, method))
    assert intent.status == "succeeded"
    assert [line["status"] for line in simulator.requests(PATH)] == [None, 200]
    assert simulator.ledger()["charges"] == 1


def test_lost_response_without_retry_is_a_connection_error(simulator: Simulator) -> None:
    """The caller cannot tell from the answer that the money was taken."""
    api = simulator.client()
    customer, method = saved_card(api)
    simulator.fault(kind="drop_response", path=PATH)
    with pytest.raises(stripe.APIConnectionError):
        api.v1.payment_intents.create(params=off_session(customer, method))
    listed = api.v1.payment_intents.list(params={"customer": customer}).data
    assert [(intent.status, intent.metadata["attempt"]) for intent in listed] == [("succeeded", "1")]


@pytest.mark.parametrize(("kind", "charges"), [("error_before", 0), ("error_after", 1)])
def test_a_500_is_stored_whether_or_not_the_work_was_done(
    simulator: Simulator, kind: str, charges: int
) -> None:
    """Acceptance row 6: the key replays the 500, only the list tells what happened."""
    api = simulator.client()
    customer, method = saved_card(api)
    simulator.fault(kind=kind, path=PATH)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            api.v1.payment_intents.create(
                params=off_session(customer, method),
                options={"idempotency_key": "pay-3"},
            )
        assert caught.value.http_status == 500
    assert len(api.v1.payment_intents.list(params={"customer": customer}).data) == charges
    assert len(api.v1.charges.list(params={"customer": customer}).data) == charges


def test_rate_limit_leaves_the_key_free(simulator: Simulator) -> None:
    """429 means nothing was done: the same key works a moment later."""
    api = simulator.client()
    customer, method = saved_card(api)
    simulator.fault(kind="rate_limit", path=PATH, count=1)
    options = {"idempotency_key": "pay-4"}
    with pytest.raises(stripe.RateLimitError):
        api.v1.payment_intents.create(params=off_session(customer, method), options=options)  # type: ignore[arg-type]
    paid = api.v1.payment_intents.create(params=off_session(customer, method), options=options)  # type: ignore[arg-type]
    assert paid.status == "succeeded"


def test_a_fault_strikes_as_often_as_ordered(simulator: Simulator) -> None:
    """Limited by count, path and account; others are not touched."""
    simulator.fault(kind="error_before", path="/v1/customers", count=2)
    statuses = [simulator.raw("POST", "/v1/customers", {"name": "x"}).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert simulator.raw("GET", PATH).status_code == 200
    faults = simulator.control.get("/_simulator/faults").json()["faults"]
    assert [fault["struck"] for fault in faults] == [2]


def test_misspelt_orders_are_refused(simulator: Simulator) -> None:
    """A fault that would never strike is an error of the test that orders it."""
    for body in ({"kind": "explode"}, {"kind": "delay", "delay": 5}, {"kind": "delay", "count": 0}):
        assert simulator.control.post("/_simulator/faults", json=body).status_code == 422
