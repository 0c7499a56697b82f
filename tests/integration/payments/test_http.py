"""The HTTP interface of payments, as the gateway and Stripe see it."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.infra import Servers
from services.payments.main import build
from services.payments.settings import PaymentsSettings
from shared.ids import ProviderId
from tests.integration.payments.world import World
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.integration
INTERNAL = "internal-token-of-the-tests"
OLD, NEW = "whsec_before_rotation", "whsec_after_rotation"


@pytest.fixture
async def http(world: World, database_url: str, servers: Servers) -> AsyncIterator[httpx.AsyncClient]:
    settings = PaymentsSettings.model_validate(
        {
            "database_url": database_url,
            "broker_url": servers.broker_url,
            "http_port": 0,
            "internal_token": INTERNAL,
            "auth_issuer": "https://issuer.example",
            "auth_jwks": "/nowhere.json",
            "stripe_secret_key": SECRET_KEY,
            "stripe_publishable_key": PUBLISHABLE_KEY,
            "stripe_webhook_secret": f"{NEW}, {OLD}",
            "stripe_api_base": world.simulator.url,
        }
    )
    app: FastAPI = build(settings)
    async with httpx.AsyncClient(
        # As over a network: the answer counts, not what was raised behind it.
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://payments",
        headers={"Authorization": f"Bearer {INTERNAL}"},
    ) as client:
        yield client


def at(world: World, path: str) -> str:
    return f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}{path}"


async def told(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_save_a_card_pay_and_read_the_history(world: World, http: httpx.AsyncClient) -> None:
    """The whole way of a tenant: card, default, auto-pay, partial payment, history."""
    setup = await told(await http.post(at(world, "/setup-intents")), 201)
    assert setup["stripe_account"] == world.simulator.account
    intent = setup["client_secret"].split("_secret_")[0]
    early = await told(await http.post(at(world, "/methods"), json={"setup_intent": intent}), 409)
    assert "not confirmed yet" in early["detail"]
    await world.simulator.client().v1.setup_intents.confirm_async(intent, {"payment_method": "pm_card_visa"})
    for _ in range(2):
        method = await told(await http.post(at(world, "/methods"), json={"setup_intent": intent}), 200)
    assert (method["brand"], method["last4"], method["is_default"]) == ("visa", "4242", True)
    invoice_id = await world.issue(10000)
    on = await told(
        await http.put(at(world, "/auto-pay"), json={"enabled": True, "by": "ann@example.com"}), 200
    )
    assert on["open_invoices"][0]["balance"] == {"minor": 10000, "currency": "USD"}
    asked = {
        "invoice_ids": [str(invoice_id)],
        "amount": {"minor": 4000, "currency": "USD"},
        "method_id": method["method_id"],
        "request_id": str(uuid4()),
    }
    paid = await told(await http.post(at(world, "/payments"), json=asked), 200)
    again = await told(await http.post(at(world, "/payments"), json=asked), 200)
    assert (paid["status"], again["payment_id"]) == ("succeeded", paid["payment_id"])
    history = await told(await http.get(at(world, "/payments")), 200)
    (row,) = history["payments"]
    assert (row["status_words"], row["amount"]["minor"], row["method"]["last4"]) == (
        "Succeeded",
        4000,
        "4242",
    )
    assert row["invoices"][0]["invoice_id"] == str(invoice_id)
    gone = await told(await http.delete(at(world, f"/methods/{method['method_id']}")), 200)
    assert (gone["auto_pay_turned_off"], gone["default"]) == (True, None)
    await world.drain(world.scheduler().tidy)
    customer = (await world.intents())[0].customer
    left = await world.simulator.client().v1.payment_methods.list_async({"customer": customer})
    assert left.data == []


async def test_bad_input_is_a_problem_that_names_the_field(world: World, http: httpx.AsyncClient) -> None:
    """Fractions of a cent, text, unknown fields, no method, another provider: 4xx with a sentence."""
    invoice_id = str(await world.issue(10000))
    good: dict[str, Any] = {
        "invoice_ids": [invoice_id],
        "amount": {"minor": 100, "currency": "USD"},
        "new_method": True,
        "request_id": "request-0001",
    }
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"amount": {"minor": 10.5, "currency": "USD"}}, "amount.minor"),
        ({"amount": {"minor": "100", "currency": "USD"}}, "amount.minor"),
        ({"amount": {"minor": 10**15, "currency": "USD"}}, "amount.minor"),
        ({"amount": {"minor": 100, "currency": "usd"}}, "amount.currency"),
        ({"amount": {"minor": -5, "currency": "USD"}}, "amount"),
        ({"amount": {"minor": 1, "currency": "USD"}}, "amount"),
        ({"amount": {"minor": 9953, "currency": "USD"}}, "amount"),
        ({"invoice_ids": []}, "invoice_ids"),
        ({"tip": 1}, "tip"),
        ({"request_id": "x"}, "request_id"),
    ]
    for change, field in wrong:
        problem = await told(await http.post(at(world, "/payments"), json=good | change), 422)
        assert problem["field"] == field
    both = await told(await http.post(at(world, "/payments"), json=good | {"method_id": str(uuid4())}), 422)
    assert "either method_id or new_method" in both["detail"]
    elsewhere = f"/v1/providers/{uuid4()}/tenants/{world.tenant_id}/payments"
    assert (await http.post(elsewhere, json=good)).status_code == 404
    assert (await http.get(elsewhere)).status_code == 404
    bare = await http.get(at(world, "/payments"), headers={"Authorization": "Bearer guess"})
    assert bare.status_code == 401


def signed(body: bytes, *, secret: str = NEW, age: int = 0) -> dict[str, str]:
    stamp = int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}"}


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body whose length is not told beforehand."""
    for _ in range(size // 10**5):
        yield b"x" * 10**5


async def test_only_stripe_now_gets_through_the_webhook(world: World, http: httpx.AsyncClient) -> None:
    """Acceptance row 24: forged, 301 s old, 1 h in the future: 400; both secrets of a rotation hold (R53)."""
    event = {"id": "evt_1", "type": "charge.succeeded", "data": {"object": {"id": "ch_1", "metadata": {}}}}
    body = json.dumps(event).encode()
    url = "/v1/webhooks/stripe"
    for headers in (
        {},
        {"Stripe-Signature": "t=1,v1=00"},
        {"Stripe-Signature": "nonsense"},
        signed(body, secret="whsec_forged_by_anyone"),
        signed(body, secret=""),
        signed(body, age=301),
        signed(body, age=-3600),
        signed(body + b" "),
    ):
        assert (await http.post(url, content=body, headers=headers)).status_code == 400
    assert (await http.post(url, content=b"\xff\x00", headers=signed(b"\xff\x00"))).status_code == 422
    for secret in (NEW, OLD, NEW):
        assert (await http.post(url, content=body, headers=signed(body, secret=secret))).status_code == 200
    too_large = await http.post(url, content=b"x" * 10**7, headers=signed(body))
    assert (too_large.status_code, too_large.json()["status"]) == (413, 413)
    assert (await http.post(url, content=in_pieces(10**7), headers=signed(body))).status_code == 413
    async with world.open_work() as work:
        assert [one.event_id for one in await work.webhooks.waiting(world.clock.now(), 10)] == ["evt_1"]


async def test_stripe_away_is_said_and_nothing_is_lost(world: World, http: httpx.AsyncClient) -> None:
    """A lost answer: unknown, with the sentence that tells people not to pay again."""
    method = await world.save_card()
    invoice_id = await world.issue(10000)
    world.simulator.fault(kind="drop_response", method="POST", path="/v1/payment_intents")
    asked = {
        "invoice_ids": [str(invoice_id)],
        "amount": {"minor": 10000, "currency": "USD"},
        "method_id": str(method),
        "request_id": str(uuid4()),
    }
    paid = await told(await http.post(at(world, "/payments"), json=asked), 200)
    assert paid["status"] == "unknown"
    assert "Don't pay again" in paid["sentence"]
    refused = await told(
        await http.post(at(world, "/payments"), json=asked | {"request_id": str(uuid4())}), 409
    )
    assert refused["type"].endswith("payment-on-its-way")


async def test_an_account_set_before_the_provider_is_known_stays(
    world: World, http: httpx.AsyncClient
) -> None:
    """The event of the new provider may come after its account; a name that is no account is refused."""
    newcomer = ProviderId(uuid4())
    url = f"/v1/providers/{newcomer}/stripe-account"
    await told(await http.put(url, json={"stripe_account": "acct_newcomer1"}), 200)
    async with world.open_work() as work:
        await work.accounts.know(newcomer)
        assert await work.accounts.of(newcomer) == "acct_newcomer1"
    await told(await http.put(url, json={"stripe_account": None}), 200)
    async with world.open_work() as work:
        assert await work.accounts.of(newcomer) == ""
    taken = {"stripe_account": world.simulator.account}
    problem = await told(await http.put(url, json=taken), 409)
    assert problem["type"].endswith("account-taken")
    problem = await told(await http.put(url, json={"stripe_account": "newcomer"}), 422)
    assert problem["field"] == "stripe_account"
