"""Bank debits, disputes, refunds that fail later, payouts and onboarding, on the banks' own clock."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.unit.stripe_simulator.simulator import RETURN_URL, Simulator, eventually, off_session, saved_card


def bank_account(api: stripe.StripeClient, token: str) -> tuple[str, str]:
    """A customer with a bank account saved by a SetupIntent, which gives the mandate."""
    customer = api.v1.customers.create(params={"email": "owner@example.com"})
    intent = api.v1.setup_intents.create(
        params={"customer": customer.id, "payment_method": token, "confirm": True, "return_url": RETURN_URL}
    )
    assert intent.status == "succeeded"
    return customer.id, str(intent.payment_method)


def test_a_debit_takes_bank_days_and_then_pays(simulator: Simulator) -> None:
    """Processing is not paid: nothing is in the balance until the bank has settled."""
    api = simulator.client()
    intent = api.v1.payment_intents.create(
        params=off_session(*bank_account(api, "pm_usBankAccount_success"), 5000)
    )
    assert (intent.status, intent.amount_received) == ("processing", 0)
    simulator.pass_bank_days(3)
    assert api.v1.payment_intents.retrieve(intent.id).status == "processing"
    simulator.pass_bank_days(1.1)
    paid = api.v1.payment_intents.retrieve(intent.id)
    assert (paid.status, paid.amount_received) == ("succeeded", 5000)
    assert simulator.ledger()["net"] == 5000 - 40


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_usBankAccount_insufficientFunds", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "account_closed"),
        ("pm_usBankAccount_noAccount", "no_account"),
        ("pm_usBankAccount_debitNotAuthorized", "debit_not_authorized"),
    ],
)
def test_a_debit_may_fail(simulator: Simulator, token: str, code: str) -> None:
    """The intent asks for another method and says why; no money moved."""
    api = simulator.client()
    intent = api.v1.payment_intents.create(params=off_session(*bank_account(api, token), 6000))
    simulator.pass_bank_days(5)
    failed: Any = api.v1.payment_intents.retrieve(intent.id)
    assert (failed.status, failed.last_payment_error.code) == ("requires_payment_method", code)
    assert simulator.ledger()["charged"] == 0


def test_a_returned_debit_is_a_lost_dispute_and_ends_the_mandate(simulator: Simulator) -> None:
    """Twenty days after success; a new debit of the same account is refused."""
    api = simulator.client()
    owner = bank_account(api, "pm_usBankAccount_dispute")
    intent = api.v1.payment_intents.create(params=off_session(*owner, 5000))
    simulator.pass_bank_days(5)
    assert api.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    simulator.pass_bank_days(20)
    (dispute,) = api.v1.disputes.list(params={"payment_intent": intent.id}).data
    assert (dispute.status, dispute.amount) == ("lost", 5000)
    with pytest.raises(stripe.InvalidRequestError, match="closed"):
        api.v1.disputes.update(dispute.id, params={"evidence": {"uncategorized_text": "winning_evidence"}})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_intents.create(params=off_session(*owner, 5000))
    assert refused.value.code == "payment_intent_mandate_invalid"


@pytest.mark.parametrize(
    ("evidence", "status", "net"), [("winning_evidence", "won", -1500), ("losing_evidence", "lost", -4000)]
)
def test_evidence_decides_a_dispute(simulator: Simulator, evidence: str, status: str, net: int) -> None:
    """2500 is withdrawn with a fee of 1500; won gives the 2500 back. No refund meanwhile."""
    api = simulator.client()
    api.v1.payment_intents.create(params=off_session(*saved_card(api, "pm_card_createDispute"), 2500))
    (dispute,) = api.v1.disputes.list().data
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"charge": str(dispute.charge), "amount": 100})
    assert refused.value.code == "charge_disputed"
    decided = api.v1.disputes.update(dispute.id, params={"evidence": {"uncategorized_text": evidence}})
    assert decided.status == status
    assert sum(entry.net for entry in decided.balance_transactions) == net


def test_a_refund_may_fail_days_later(simulator: Simulator) -> None:
    """It succeeded; then the bank sends it back and the balance has it again."""
    api = simulator.client()
    intent = api.v1.payment_intents.create(params=off_session(*saved_card(api, "pm_card_refundFail"), 3000))
    refund = api.v1.refunds.create(params={"payment_intent": intent.id})
    assert refund.status == "succeeded"
    simulator.pass_bank_days(7)
    failed = api.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert simulator.ledger()["refunded"] == 0
    assert "refund.failed" in [event.type for event in api.v1.events.list().data]


def test_a_pending_refund_settles(simulator: Simulator) -> None:
    """Days later it is done."""
    api = simulator.client()
    intent = api.v1.payment_intents.create(
        params=off_session(*saved_card(api, "pm_card_pendingRefund"), 3000)
    )
    refund = api.v1.refunds.create(params={"payment_intent": intent.id})
    assert refund.status == "pending"
    simulator.pass_bank_days(6)
    assert api.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_payout_is_the_sum_of_its_entries(simulator: Simulator) -> None:
    """What a bookkeeper ties to the bank statement; the next payout begins with nothing."""
    api = simulator.client()
    owner = saved_card(api)
    intent = api.v1.payment_intents.create(params=off_session(*owner, 12345))
    api.v1.refunds.create(params={"payment_intent": intent.id, "amount": 1000})
    payout = simulator.told("POST", "/_simulator/payouts", currency="usd")
    entries = api.v1.balance_transactions.list(params={"payout": payout["id"], "limit": 100}).data
    assert payout["amount"] == 12345 - 388 - 1000
    assert sum(entry.net for entry in entries if entry.type != "payout") == payout["amount"]
    assert sum(entry.net for entry in entries) == 0
    with pytest.raises(httpx.HTTPStatusError):
        simulator.told("POST", "/_simulator/payouts", currency="usd")


def test_an_account_takes_charges_after_its_onboarding(simulator: Simulator) -> None:
    """The link's page completes it and sends its visitor back."""
    platform = simulator.client(account="acct_1SimulatorPlatform")
    account = platform.v1.accounts.create(params={"type": "standard", "country": "US"})
    api = simulator.client(account=account.id)
    owner = saved_card(api)
    with pytest.raises(stripe.InvalidRequestError, match="onboarding"):
        api.v1.payment_intents.create(params=off_session(*owner))
    link = platform.v1.account_links.create(
        params={
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": RETURN_URL,
            "return_url": RETURN_URL,
        }
    )
    answer = httpx.get(link.url, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    assert api.v1.payment_intents.create(params=off_session(*owner)).status == "succeeded"


def test_a_reordered_webhook_is_overtaken(simulator: Simulator, receiver: Any) -> None:
    """The first event waits; the second arrives before it."""
    endpoint = f"we_{simulator.account}"
    simulator.control.put(
        f"/_simulator/webhook_endpoints/{endpoint}",
        json={
            "url": receiver.url,
            "secret": "whsec_for_tests",
            "accounts": [simulator.account],
            "enabled_events": ["customer.created", "payment_method.attached"],
        },
    ).raise_for_status()
    simulator.fault(kind="reorder_webhook", path="customer.created", delay_ms=400)
    saved_card(simulator.client())
    eventually(lambda: len(receiver.types()) == 2)
    simulator.control.delete(f"/_simulator/webhook_endpoints/{endpoint}")
    assert receiver.types() == ["payment_method.attached", "customer.created"]


@pytest.mark.parametrize(("currency", "amount"), [("kwd", 5124), ("isk", 550), ("ugx", 12345)])
def test_amounts_must_end_as_the_currency_wants(simulator: Simulator, currency: str, amount: int) -> None:
    """Three decimals end in 0; króna and shilling are counted in hundredths that are 00."""
    with pytest.raises(stripe.InvalidRequestError, match="multiple"):
        simulator.client().v1.payment_intents.create(params={"amount": amount, "currency": currency})
