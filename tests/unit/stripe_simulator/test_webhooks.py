"""Events and their delivery."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
import stripe

from deploy.stripe_simulator.call import API_VERSION
from tests.unit.stripe_simulator.receiver import SECRET, Receiver
from tests.unit.stripe_simulator.simulator import RETURN_URL, Simulator, eventually, off_session, saved_card


@pytest.fixture
def endpoint(simulator: Simulator, receiver: Receiver) -> Iterator[str]:
    """The receiver registered for this test's account only."""
    address = f"/_simulator/webhook_endpoints/we_{simulator.account}"
    body = {"url": receiver.url, "secret": SECRET, "accounts": [simulator.account]}
    simulator.control.put(address, json=body).raise_for_status()
    yield address
    simulator.control.delete(address).raise_for_status()
    simulator.control.post("/_simulator/webhooks/release", json={}).raise_for_status()


def test_signed_events_of_a_payment(simulator: Simulator, receiver: Receiver, endpoint: str) -> None:
    """Each event verifies with the official SDK and names account, version and request."""
    api = simulator.client()
    customer, method = saved_card(api)
    options = {"idempotency_key": "pay-9"}
    intent = api.v1.payment_intents.create(params=off_session(customer, method), options=options)  # type: ignore[arg-type]
    kinds = {
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    }
    eventually(lambda: kinds <= set(receiver.types()))
    events = [
        stripe.Webhook.construct_event(entry.body, entry.signature, SECRET) for entry in receiver.received
    ]
    assert {event.account for event in events} == {simulator.account}
    assert {event.api_version for event in events} == {API_VERSION}
    paid = next(event for event in events if event.type == "payment_intent.succeeded")
    assert (paid.data.object["id"], paid.data.object["amount_received"]) == (intent.id, 12345)
    assert paid.request.idempotency_key == "pay-9"
    with pytest.raises(stripe.SignatureVerificationError):
        first = receiver.received[0]
        stripe.Webhook.construct_event(first.body + b" ", first.signature, SECRET)


def test_retries_until_the_receiver_takes_it(simulator: Simulator, receiver: Receiver, endpoint: str) -> None:
    """A receiver that answers 500 gets the event again, and then it counts as delivered."""
    receiver.failures = 2
    customer = simulator.client().v1.customers.create()
    eventually(lambda: receiver.received)
    assert receiver.refused == 2
    api = simulator.client()
    eventually(lambda: api.v1.events.list(params={"delivery_success": True}).data)
    event = api.v1.events.list(params={"type": "customer.created"}).data[0]
    assert (event.data.object["id"], event.pending_webhooks) == (customer.id, 0)


def test_survives_a_receiver_that_is_down(simulator: Simulator, endpoint: str) -> None:
    """While nobody listens events stay pending, are listed as undelivered, and arrive once somebody does."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}/webhooks"
    body = {"url": nowhere, "secret": SECRET, "accounts": [simulator.account]}
    simulator.control.put(endpoint, json=body).raise_for_status()
    api = simulator.client()
    api.v1.customers.create()

    def attempts() -> bool:
        rows = simulator.control.get("/_simulator/deliveries", params={"state": "pending"}).json()[
            "deliveries"
        ]
        return any(row["account"] == simulator.account and row["attempts"] >= 2 for row in rows)

    eventually(attempts)
    assert [event.type for event in api.v1.events.list(params={"delivery_success": False}).data] == [
        "customer.created"
    ]
    listener = Receiver()
    listener.start()
    try:
        body["url"] = listener.url
        simulator.control.put(endpoint, json=body).raise_for_status()
        eventually(lambda: listener.types() == ["customer.created"])
    finally:
        listener.stop()


def test_held_events_come_out_newest_first(simulator: Simulator, receiver: Receiver, endpoint: str) -> None:
    """Acceptance row 23 needs events in the wrong order."""
    simulator.control.post("/_simulator/webhooks/hold").raise_for_status()
    api = simulator.client()
    customer, _ = saved_card(api)
    api.v1.customers.delete(customer)
    assert receiver.received == []
    simulator.control.post("/_simulator/webhooks/release", json={"newest_first": True}).raise_for_status()
    expected = ["customer.created", "payment_method.attached", "payment_method.detached", "customer.deleted"]
    eventually(lambda: len(receiver.received) == len(expected))
    assert receiver.types() == expected[::-1]


def test_duplicates_on_demand(simulator: Simulator, receiver: Receiver, endpoint: str) -> None:
    """The same event, twice, under one identifier."""
    simulator.fault(kind="duplicate_webhook", path="customer.created")
    simulator.client().v1.customers.create()
    eventually(lambda: len(receiver.received) == 2)
    assert len({entry.event["id"] for entry in receiver.received}) == 1


def test_lists_events_by_type(api: stripe.StripeClient) -> None:
    """Missed events are fetched from the list, by one type, several, or a group."""
    customer, _ = saved_card(api)
    api.v1.customers.update(customer, params={"name": "New"})
    several = api.v1.events.list(params={"types": ["customer.created", "payment_method.attached"]})
    assert [event.type for event in several.data] == ["payment_method.attached", "customer.created"]
    group = api.v1.events.list(params={"type": "customer.*"})
    assert [event.type for event in group.data] == ["customer.updated", "customer.created"]
    assert json.loads(str(group.data[0].data))["previous_attributes"] == {"name": None}


def test_every_turn_of_a_payment_is_told(api: stripe.StripeClient, simulator: Simulator) -> None:
    """The services follow payments by events: none of these may be missing or out of its place."""
    customer, method = saved_card(api, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError):
        api.v1.payment_intents.create(params=off_session(customer, method, 700))
    failed = api.v1.payment_intents.list(params={"customer": customer}).data[0].id
    api.v1.payment_intents.confirm(
        failed, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
    )
    simulator.authenticate(failed, passed=True)
    api.v1.refunds.create(params={"payment_intent": failed, "amount": 100})
    api.v1.payment_intents.cancel(api.v1.payment_intents.create(params={"amount": 900, "currency": "usd"}).id)
    setup = api.v1.setup_intents.create(params={"customer": customer, "payment_method": "pm_card_visa"})
    api.v1.setup_intents.confirm(setup.id, params={"use_stripe_sdk": True, "return_url": RETURN_URL})
    told = [event.type for event in api.v1.events.list(params={"limit": 100}).data][::-1]
    assert told == [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
        "payment_intent.created",
        "payment_intent.canceled",
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
    ]
