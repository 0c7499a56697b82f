"""Collecting with a saved card, off session and on session."""

from __future__ import annotations

import pytest
import stripe

from tests.unit.stripe_simulator.simulator import RETURN_URL, Simulator, error_of, off_session, saved_card


def test_charges_a_saved_card_off_session(api: stripe.StripeClient, simulator: Simulator) -> None:
    """Acceptance row 4: 12345 is collected once, at a fee of 388."""
    customer, method = saved_card(api)
    intent = api.v1.payment_intents.create(params=off_session(customer, method))
    assert (intent.status, intent.amount_received) == ("succeeded", 12345)
    charge = api.v1.charges.retrieve(str(intent.latest_charge), params={"expand": ["balance_transaction"]})
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (388, 11957)
    held = simulator.ledger()
    assert (held["charges"], held["charged"], held["fees"]) == (1, 12345, 388)
    assert held["customers"] == {customer: {"charges": 1, "charged": 12345, "failed": 0, "refunded": 0}}


async def test_serves_the_asynchronous_sdk(simulator: Simulator) -> None:
    """The services use the ``*_async`` methods."""
    api = simulator.client()
    customer = await api.v1.customers.create_async(
        params={"name": "Ünïcode & Söhne", "metadata": {"tenant": "t+1"}}
    )
    method = await api.v1.payment_methods.attach_async("pm_card_mastercard", params={"customer": customer.id})
    intent = await api.v1.payment_intents.create_async(params=off_session(customer.id, method.id, 500))
    assert intent.status == "succeeded"
    again = await api.v1.customers.retrieve_async(customer.id)
    assert again.metadata is not None
    assert (again.name, again.metadata["tenant"]) == ("Ünïcode & Söhne", "t+1")


DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline", "try_again_later"),
    ("4000000000009995", "card_declined", "insufficient_funds", "try_again_later"),
    ("4000000000009987", "card_declined", "lost_card", "do_not_try_again"),
    ("4000000000009979", "card_declined", "stolen_card", "do_not_try_again"),
    ("4000000000000069", "expired_card", "expired_card", "confirm_card_data"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
]


@pytest.mark.parametrize(("number", "code", "decline_code", "advice"), DECLINES)
def test_declines_as_the_test_card_says(
    simulator: Simulator, number: str, code: str, decline_code: str, advice: str
) -> None:
    """A declining card fails the payment with its own codes and leaves the intent open for another card."""
    api = simulator.client()
    method = simulator.type_card(number).json()["id"]
    intent = api.v1.payment_intents.create(params={"amount": 2000, "currency": "usd"})
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.confirm(intent.id, params={"payment_method": method, "return_url": RETURN_URL})
    error = caught.value.error
    assert error is not None
    assert (caught.value.http_status, error.code, error.decline_code) == (402, code, decline_code)
    assert error_of(caught.value)["advice_code"] == advice
    after = api.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    assert after.last_payment_error is not None
    assert after.last_payment_error.decline_code == decline_code
    charge = api.v1.charges.list(params={"payment_intent": intent.id}).data[0]
    assert (charge.status, charge.failure_code, charge.paid) == ("failed", code, False)
    assert simulator.ledger()["charged"] == 0


@pytest.mark.parametrize("number", [number for number, *_ in DECLINES])
def test_declining_cards_cannot_be_attached(simulator: Simulator, number: str) -> None:
    """Stripe asks the issuer when a card is saved."""
    api = simulator.client()
    customer = api.v1.customers.create()
    method = simulator.type_card(number).json()["id"]
    with pytest.raises(stripe.CardError):
        api.v1.payment_methods.attach(method, params={"customer": customer.id})
    assert api.v1.payment_methods.list(params={"customer": customer.id}).data == []


def test_card_that_attaches_but_declines(api: stripe.StripeClient, simulator: Simulator) -> None:
    """4000000000000341 can be saved and fails when charged; the error carries the intent to go on with."""
    customer, method = saved_card(api, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.create(params=off_session(customer, method))
    body = error_of(caught.value)
    assert (body["code"], body["decline_code"]) == ("card_declined", "generic_decline")
    assert body["payment_intent"]["status"] == "requires_payment_method"
    assert body["payment_method"]["id"] == method
    assert simulator.ledger()["failed"] == 1


def test_saved_card_goes_bad_and_recovers(api: stripe.StripeClient, simulator: Simulator) -> None:
    """The control API turns a good saved card into one without funds, and back."""
    customer, method = saved_card(api)
    address = f"/_simulator/payment_methods/{method}/behaviour"
    simulator.control.put(address, json={"account": simulator.account, "decline_code": "insufficient_funds"})
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.create(params=off_session(customer, method))
    assert error_of(caught.value)["decline_code"] == "insufficient_funds"
    simulator.control.put(address, json={"account": simulator.account, "decline_code": None})
    assert api.v1.payment_intents.create(params=off_session(customer, method)).status == "succeeded"


def test_authentication_required_off_session_then_paid_on_session(simulator: Simulator) -> None:
    """Acceptance row 13: card 3184 fails off session; the same intent is paid once the customer is there."""
    api = simulator.client()
    customer, method = saved_card(api, "pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as caught:
        api.v1.payment_intents.create(params=off_session(customer, method, 4200))
    body = error_of(caught.value)
    assert (caught.value.http_status, body["code"]) == (402, "authentication_required")
    intent = body["payment_intent"]["id"]
    confirmed = api.v1.payment_intents.confirm(
        intent, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
    )
    assert confirmed.status == "requires_action"
    assert confirmed.next_action is not None
    assert confirmed.next_action.type == "use_stripe_sdk"
    assert simulator.authenticate(intent, passed=True) == "succeeded"
    assert simulator.ledger()["charged"] == 4200


def test_failed_authentication_takes_nothing(simulator: Simulator) -> None:
    """The customer may give up in the 3-D Secure page."""
    api = simulator.client()
    customer, method = saved_card(api, "pm_card_authenticationRequired")
    intent = api.v1.payment_intents.create(
        params={
            "amount": 4200,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "return_url": RETURN_URL,
        }
    )
    assert intent.next_action is not None
    assert intent.next_action.type == "redirect_to_url"
    assert simulator.authenticate(intent.id, passed=False) == "requires_payment_method"
    after = api.v1.payment_intents.retrieve(intent.id)
    assert after.last_payment_error is not None
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert api.v1.charges.list(params={"payment_intent": intent.id}).data == []


def test_authenticated_payment_may_still_be_declined(api: stripe.StripeClient, simulator: Simulator) -> None:
    """Card 3178: 3-D Secure is passed, then the funds are missing; no money, and the reason is on the intent."""
    customer, method = saved_card(api, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    intent = api.v1.payment_intents.create(params={"amount": 4200, "currency": "usd", "customer": customer})
    api.v1.payment_intents.confirm(
        intent.id, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
    )
    assert simulator.authenticate(intent.id, passed=True) == "requires_payment_method"
    after = api.v1.payment_intents.retrieve(intent.id)
    assert after.last_payment_error is not None
    assert after.last_payment_error.decline_code == "insufficient_funds"
    held = simulator.ledger()
    assert (held["charged"], held["failed"]) == (0, 1)


def test_canceled_intent_cannot_be_confirmed_and_a_paid_one_not_canceled(api: stripe.StripeClient) -> None:
    """Acceptance rows 7 and 8: cancel-before-auto-pay depends on both refusals."""
    customer, method = saved_card(api)
    opened = api.v1.payment_intents.create(params={"amount": 10000, "currency": "usd", "customer": customer})
    assert api.v1.payment_intents.cancel(opened.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as late:
        api.v1.payment_intents.confirm(
            opened.id, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
        )
    assert late.value.code == "payment_intent_unexpected_state"
    paid = api.v1.payment_intents.create(params=off_session(customer, method, 10000))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.cancel(paid.id)
    assert (refused.value.http_status, refused.value.code) == (400, "payment_intent_unexpected_state")
    with pytest.raises(stripe.InvalidRequestError, match="already succeeded"):
        api.v1.payment_intents.confirm(
            paid.id, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
        )
    with pytest.raises(stripe.InvalidRequestError, match="amount could not be updated"):
        api.v1.payment_intents.update(paid.id, params={"amount": 5})


def test_new_card_on_session_is_saved_only_when_asked(simulator: Simulator) -> None:
    """``setup_future_usage`` attaches the card after success; without it the card is used up."""
    api = simulator.client()
    customer = api.v1.customers.create().id
    for future, saved in ((None, 0), ("off_session", 1)):
        params: dict[str, object] = {"amount": 700, "currency": "usd", "customer": customer}
        if future:
            params["setup_future_usage"] = future
        intent = api.v1.payment_intents.create(params=params)  # type: ignore[arg-type]
        method = simulator.type_card("4242424242424242").json()["id"]
        api.v1.payment_intents.confirm(
            intent.id, params={"payment_method": method, "use_stripe_sdk": True, "return_url": RETURN_URL}
        )
        assert len(api.v1.payment_methods.list(params={"customer": customer}).data) == saved
        if not future:
            with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
                api.v1.payment_methods.attach(method, params={"customer": customer})


def test_lists_intents_by_customer_and_time_in_pages(api: stripe.StripeClient) -> None:
    """An unknown outcome is resolved by listing: nothing may be missing or repeated across pages."""
    customer, method = saved_card(api)
    other, _ = saved_card(api)
    made = [api.v1.payment_intents.create(params=off_session(customer, method, 100 + i)).id for i in range(7)]
    api.v1.payment_intents.create(params={"amount": 100, "currency": "usd", "customer": other})
    listed = api.v1.payment_intents.list(params={"customer": customer, "limit": 3, "created": {"gte": 1}})
    assert listed.has_more
    assert [intent.id for intent in listed.auto_paging_iter()] == made[::-1]
    assert api.v1.payment_intents.list(params={"customer": customer, "created": {"lt": 1}}).data == []
    newer = api.v1.payment_intents.list(params={"customer": customer, "ending_before": made[2], "limit": 2})
    assert [intent.id for intent in newer.data] == [made[4], made[3]]


def test_detached_default_is_nobodys_default(api: stripe.StripeClient) -> None:
    """Acceptance row 3: detaching the default leaves null, and the method is dead."""
    customer, method = saved_card(api)
    updated = api.v1.customers.update(
        customer, params={"invoice_settings": {"default_payment_method": method}}
    )
    assert updated.invoice_settings is not None
    assert updated.invoice_settings.default_payment_method == method
    api.v1.payment_methods.detach(method)
    after = api.v1.customers.retrieve(customer)
    assert after.invoice_settings is not None
    assert after.invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.create(params=off_session(customer, method))


def test_refuses_another_customers_card(api: stripe.StripeClient) -> None:
    """A method pays only for the customer it is attached to."""
    _, method = saved_card(api)
    other, _ = saved_card(api)
    with pytest.raises(stripe.InvalidRequestError, match="must be attached to the customer"):
        api.v1.payment_intents.create(params=off_session(other, method))
    assert api.v1.payment_intents.list(params={"customer": other}).data == []


def test_deleted_customer_is_a_stub(api: stripe.StripeClient) -> None:
    """A deleted customer still answers, and can do nothing."""
    customer, method = saved_card(api)
    assert api.v1.customers.delete(customer).deleted
    assert api.v1.customers.retrieve(customer).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.payment_intents.create(params=off_session(customer, method))
    assert caught.value.code == "resource_missing"


def test_refunds_never_exceed_the_charge(api: stripe.StripeClient, simulator: Simulator) -> None:
    """Acceptance row 19: 3000 of 10000 back, 7001 refused, 7000 back, then nothing is left."""
    customer, method = saved_card(api)
    intent = api.v1.payment_intents.create(params=off_session(customer, method, 10000))
    first = api.v1.refunds.create(params={"payment_intent": intent.id, "amount": 3000, "reason": "duplicate"})
    assert (first.status, first.amount) == ("succeeded", 3000)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        api.v1.refunds.create(params={"payment_intent": intent.id, "amount": 7001})
    api.v1.refunds.create(params={"charge": str(intent.latest_charge), "amount": 7000})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.refunds.create(params={"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    held = simulator.ledger()
    assert (held["charged"], held["refunded"], held["net"]) == (10000, 10000, -320)
    entries = api.v1.balance_transactions.list(params={"type": "refund"}).data
    assert [entry.amount for entry in entries] == [-7000, -3000]
