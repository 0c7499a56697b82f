"""``Idempotency-Key``: a repeated request gets the first one's answer and changes nothing."""

from typing import Any
from uuid import uuid4

from tests.support.billing_people import FENWICK, MARLOW
from tests.support.fake_services import PROVIDER, TENANT
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.test_changes import PAY

PLANS = "/api/v1/provider/plans"
CHARGES = f"/api/v1/provider/tenants/{FENWICK}/charges"


def _key(gateway: Gateway, key: str, role: str = "provider_admin", **more: Any) -> dict[str, str]:
    return {**gateway.people.header(role, **more), "Idempotency-Key": key}


async def test_a_repeat_gets_the_first_answer(gateway: Gateway) -> None:
    """The service is asked once, the record has one row, and the repeat says what it is."""
    gateway.services.handlers[f"invoicing POST {PROVIDER}/plans"] = lambda _: (201, {"plan_id": str(uuid4())})
    first = await gateway.client.post(PLANS, json={"name": "Plan"}, headers=_key(gateway, "k1"))
    second = await gateway.client.post(PLANS, json={"name": "Plan"}, headers=_key(gateway, "k1"))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(gateway.services.requests) == 1
    assert len(gateway.audit.rows) == 1


async def test_a_refusal_is_repeated_too(gateway: Gateway) -> None:
    """Else a repeat could do what was refused a moment ago."""
    gateway.services.refusals[f"invoicing {TENANT}/charges"] = (409, {"title": "Conflict", "detail": "No."})
    first = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    gateway.services.refusals.clear()
    second = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    assert first.status_code == second.status_code == 409
    assert first.json() == second.json()
    assert len(gateway.services.requests) == 1


async def test_a_key_is_for_one_request(gateway: Gateway) -> None:
    """Another body or path under the same key is a mistake of the sender."""
    gateway.services.handlers[f"invoicing POST {PROVIDER}/plans"] = lambda _: (201, {})
    await gateway.client.post(PLANS, json={"name": "Plan"}, headers=_key(gateway, "k1"))
    other = await gateway.client.post(PLANS, json={"name": "Another"}, headers=_key(gateway, "k1"))
    assert other.status_code == 422
    assert other.json()["type"].endswith("/idempotency-key-reused")
    assert len(gateway.services.requests) == 1


async def test_a_key_belongs_to_its_sender(gateway: Gateway) -> None:
    """The same key of another provider's admin is another key: no answer leaks."""
    gateway.services.handlers[f"invoicing POST {PROVIDER}/plans"] = lambda _: (201, {"plan_id": "ours"})
    await gateway.client.post(PLANS, json={"name": "Plan"}, headers=_key(gateway, "k1"))
    other = await gateway.client.post(
        PLANS, json={"name": "Plan"}, headers=_key(gateway, "k1", provider=MARLOW)
    )
    assert "ours" not in other.text


async def test_a_lost_answer_keeps_the_key_taken(gateway: Gateway) -> None:
    """A charge whose answer was lost may have been made: only a person can tell."""
    gateway.services.answers_lost.add("invoicing")
    first = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    gateway.services.answers_lost.clear()
    second = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    assert (first.status_code, second.status_code) == (503, 409)
    assert second.json()["type"].endswith("/idempotency-key-in-use")
    assert len(gateway.services.requests) == 1


async def test_what_never_arrived_may_be_sent_again(gateway: Gateway) -> None:
    """No connection, nothing done: the same key goes through once the service is back."""
    gateway.services.away.add("invoicing")
    first = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    gateway.services.away.clear()
    gateway.services.handlers[f"invoicing POST {TENANT}/charges"] = lambda _: (201, {})
    second = await gateway.client.post(CHARGES, json={}, headers=_key(gateway, "k1"))
    assert (first.status_code, second.status_code) == (503, 201)


async def test_a_payment_may_be_sent_again_since_payments_knows_it(gateway: Gateway) -> None:
    """Its `request_id` makes two requests one payment, so a lost answer can be asked for again."""
    gateway.services.answers_lost.add("payments")
    header = _key(gateway, "k1", "tenant_admin")
    await gateway.client.post("/api/v1/billing/payments", json=PAY, headers=header)
    gateway.services.answers_lost.clear()
    gateway.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        200,
        {"payment_id": str(uuid4()), "status": "succeeded"},
    )
    again = await gateway.client.post("/api/v1/billing/payments", json=PAY, headers=header)
    assert again.status_code == 200


async def test_a_key_has_a_form(gateway: Gateway) -> None:
    """Too long or with spaces: 422 that says what a key is."""
    for key in ("two words", "x" * 201):
        answer = await gateway.client.post(PLANS, json={}, headers=_key(gateway, key))
        assert answer.status_code == 422
        assert answer.json()["field"] == "Idempotency-Key"
