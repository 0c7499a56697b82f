"""Changing requests: written down, sent on once, refused as the service refuses."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.gateway.main import build
from tests.support.billing_people import FENWICK, KESTREL, gateway_settings
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import OPEN_INVOICE, PROVIDER, TENANT, VISA, FakeServices
from tests.unit.gateway.conftest import Gateway

PAY = {
    "invoice_ids": [str(OPEN_INVOICE)],
    "amount": {"minor": 10000, "currency": "USD"},
    "method_id": str(VISA),
    "request_id": "request-0001",
}


async def test_a_payment_is_written_down_with_who_what_and_outcome(gateway: Gateway) -> None:
    """The row names person, route, ids and the answer's status; no card, no secret."""
    gateway.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        200,
        {"payment_id": str(uuid4()), "status": "succeeded"},
    )
    answer = await gateway.client.post(
        "/api/v1/billing/payments", json=PAY, headers=gateway.people.header("tenant_admin")
    )
    assert answer.status_code == 200, answer.text
    [row] = gateway.audit.rows
    assert row.change.route == "/api/v1/billing/payments"
    assert (row.change.provider_id, row.change.tenant_id) == (KESTREL, FENWICK)
    assert row.change.name == "Dana Ruiz"
    assert str(OPEN_INVOICE) == row.change.targets["invoice_ids"]
    assert row.change.targets["amount"] == "10000 USD"
    assert row.outcome == 200


async def test_a_refusal_passes_through_and_is_written_down(gateway: Gateway) -> None:
    """The service's problem document reaches the caller as it is (R52), and the row bears its status."""
    problem = {
        "type": "https://tollgate.example/problems/conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "The balance is $178.95; pay that or less.",
        "field": "amount",
    }
    gateway.services.refusals[f"payments {TENANT}/payments"] = (409, problem)
    answer = await gateway.client.post(
        "/api/v1/billing/payments", json=PAY, headers=gateway.people.header("tenant_admin")
    )
    assert answer.status_code == 409
    assert problem == answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert [row.outcome for row in gateway.audit.rows] == [409]


async def test_a_change_is_never_sent_twice(gateway: Gateway) -> None:
    """A connection that breaks may have carried the request: only reading is repeated."""
    gateway.services.away.add("payments")
    header = gateway.people.header("tenant_admin")
    answer = await gateway.client.post("/api/v1/billing/payments", json=PAY, headers=header)
    assert answer.status_code == 503
    assert len([one for one in gateway.services.requests if one.method == "POST"]) == 1
    assert [row.outcome for row in gateway.audit.rows] == [503]


async def test_nothing_is_changed_that_cannot_be_written_down(gateway: Gateway) -> None:
    """Without the record the service is not asked."""
    services = FakeServices()
    app = build(
        gateway_settings(gateway.people),
        transport=services,
        open_work=lambda: FakeWork(FakeAuditLog(), broken=True),
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        answer = await client.put(
            "/api/v1/billing/auto-pay",
            json={"enabled": True},
            headers=gateway.people.header("tenant_admin"),
        )
    assert answer.status_code == 503
    assert services.requests == []


async def test_who_decides_is_said_by_the_token(gateway: Gateway) -> None:
    """A body cannot put a decision into somebody else's name."""
    heard: list[Any] = []

    def suspend(body: Any) -> tuple[int, Any]:
        heard.append(body)
        return 200, {}

    gateway.services.handlers[f"suspension POST {TENANT}/suspend"] = suspend
    await gateway.client.post(
        f"/api/v1/provider/tenants/{FENWICK}/suspend",
        json={"reason": "fraud", "by": "the president"},
        headers=gateway.people.header("provider_admin"),
    )
    assert heard == [{"reason": "fraud", "by": "Dana Ruiz (provider_admin)"}]


async def test_unknown_fields_and_wrong_amounts_are_refused_by_name(gateway: Gateway) -> None:
    """422 names the field; no service is asked and nothing is recorded."""
    header = gateway.people.header("tenant_admin")
    for changed, field in (
        ({"amount": {"minor": 0, "currency": "USD"}}, "amount.minor"),
        ({"amount": {"minor": 1.5, "currency": "USD"}}, "amount.minor"),
        ({"currency": "USD"}, "currency"),
        ({"invoice_ids": []}, "invoice_ids"),
        ({"method_id": "mine"}, "method_id"),
    ):
        answer = await gateway.client.post(
            "/api/v1/billing/payments", json={**PAY, **changed}, headers=header
        )
        assert answer.status_code == 422, changed
        assert field == answer.json()["field"]
    assert gateway.services.requests == []
    assert gateway.audit.rows == []


async def test_changes_can_be_read_page_by_page(gateway: Gateway) -> None:
    """A provider's admin reads what was changed, newest first, and nothing of other providers."""
    gateway.services.handlers[f"invoicing POST {PROVIDER}/plans"] = lambda _: (201, {"plan_id": "x"})
    header = gateway.people.header("provider_admin")
    for _ in range(3):
        await gateway.client.post("/api/v1/provider/plans", json={"name": "Plan"}, headers=header)
    first = (await gateway.client.get("/api/v1/provider/changes?limit=2", headers=header)).json()
    rest = (
        await gateway.client.get(f"/api/v1/provider/changes?cursor={first['next']}", headers=header)
    ).json()
    assert (len(first["changes"]), len(rest["changes"]), rest["next"]) == (2, 1, None)
    ids = [row["change_id"] for row in first["changes"] + rest["changes"]]
    assert sorted(ids, reverse=True) == ids
    other = gateway.people.header("provider_admin", provider=FENWICK)
    assert (await gateway.client.get("/api/v1/provider/changes", headers=other)).json()["changes"] == []


async def test_a_pdf_passes_through(gateway: Gateway) -> None:
    """Bytes and type are the service's; the browser must not keep a copy."""
    answer = await gateway.client.get(
        f"/api/v1/billing/invoices/{OPEN_INVOICE}/pdf", headers=gateway.people.header("tenant_admin")
    )
    assert answer.content == b"%PDF-1.7 test"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_tenant_pays_towards_its_plan(gateway: Gateway) -> None:
    """Payments names the plan's invoices itself; the plan is written down as the target."""
    heard: list[Any] = []

    def pay(body: Any) -> tuple[int, Any]:
        heard.append(body)
        return 200, {"payment_id": str(uuid4()), "status": "succeeded"}

    gateway.services.handlers[f"payments POST {TENANT}/payments"] = pay
    plan = str(uuid4())
    asked = {name: value for name, value in PAY.items() if name != "invoice_ids"} | {"payment_plan_id": plan}
    header = gateway.people.header("tenant_admin")
    answer = await gateway.client.post("/api/v1/billing/payments", json=asked, headers=header)
    assert answer.status_code == 200, answer.text
    assert [(one["payment_plan_id"], "invoice_ids" in one) for one in heard] == [(plan, False)]
    assert gateway.audit.rows[0].change.targets["payment_plan_id"] == plan
    for wrong in (PAY | {"payment_plan_id": plan}, asked | {"payment_plan_id": None}):
        answer = await gateway.client.post("/api/v1/billing/payments", json=wrong, headers=header)
        assert (answer.status_code, "payment_plan_id" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("minor", ["1000", True, 1000.5, 0, -1, None])
async def test_an_amount_is_a_whole_number_and_nothing_that_looks_like_one(
    gateway: Gateway, minor: object
) -> None:
    """A text or a truth value is a mistake of the program that sent it: no money is moved by guessing."""
    answer = await gateway.client.post(
        "/api/v1/billing/payments",
        json=PAY | {"amount": {"minor": minor, "currency": "USD"}},
        headers=gateway.people.header("tenant_admin"),
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "amount.minor")
    assert gateway.services.requests == []


async def test_consent_is_a_truth_value_and_nothing_that_looks_like_one(gateway: Gateway) -> None:
    answer = await gateway.client.put(
        "/api/v1/billing/auto-pay",
        json={"enabled": "no"},
        headers=gateway.people.header("tenant_admin"),
    )
    assert answer.status_code == 422
    assert gateway.services.requests == []
