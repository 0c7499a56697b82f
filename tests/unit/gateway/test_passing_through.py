"""Files that pass through the gateway unread: rate decks in, exports and documents out."""

import httpx

from tests.support.billing_people import FENWICK, KESTREL
from tests.support.fake_services import OPEN_INVOICE, PROVIDER, TENANT
from tests.unit.gateway.conftest import Gateway

DECK = "/api/v1/provider/decks/standard"
CSV = b"prefix,destination\r\n49,Germany\r\n"


async def test_a_deck_reaches_usage_as_it_is(gateway: Gateway) -> None:
    """Bytes, type and parameters are the sender's; the change is written down."""
    header = {**gateway.people.header("provider_admin"), "Content-Type": "text/csv; charset=utf-8"}
    gateway.services.raw[f"usage POST {PROVIDER}/decks/standard"] = httpx.Response(200, json={"added": 1})
    answer = await gateway.client.post(f"{DECK}?dry_run=true", content=CSV, headers=header)
    assert (answer.status_code, answer.json()) == (200, {"added": 1})
    [asked] = gateway.services.requests
    assert asked.content == CSV
    assert asked.headers["content-type"] == "text/csv; charset=utf-8"
    assert asked.url.params["dry_run"] == "true"
    assert [row.change.route for row in gateway.audit.rows] == ["/api/v1/provider/decks/{name}"]


async def test_a_deck_may_be_large_and_other_bodies_may_not(gateway: Gateway) -> None:
    """Two mebibytes are a deck, and too much for a plan."""
    header = {**gateway.people.header("provider_admin"), "Content-Type": "text/csv"}
    large = CSV * 70_000
    gateway.services.raw[f"usage POST {PROVIDER}/decks/standard"] = httpx.Response(201, json={})
    assert (await gateway.client.post(DECK, content=large, headers=header)).status_code == 201
    plan = await gateway.client.post("/api/v1/provider/plans", content=large, headers=header)
    assert plan.status_code == 413


async def test_a_deck_must_say_what_it_is(gateway: Gateway) -> None:
    """JSON for a CSV, or nothing at all: refused before usage is asked."""
    header = gateway.people.header("provider_admin")
    wrong = await gateway.client.post(DECK, json={"prefix": "49"}, headers=header)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "Content-Type")
    empty = await gateway.client.post(DECK, headers={**header, "Content-Type": "text/csv"})
    assert (empty.status_code, empty.json()["field"]) == (422, "body")
    assert gateway.services.requests == []


async def test_an_export_comes_as_a_file(gateway: Gateway) -> None:
    """Type and name are the service's, only the tenant's own calls are asked for, and nothing may be cached."""
    key = f"usage GET {TENANT}/calls/export"
    gateway.services.raw[key] = httpx.Response(
        200,
        content=b"call_id\r\n1\r\n",
        headers={
            "content-type": "text/csv; charset=utf-8",
            "content-disposition": 'attachment; filename="c.csv"',
        },
    )
    answer = await gateway.client.get(
        "/api/v1/billing/calls/export?format=csv&class=international",
        headers=gateway.people.header("tenant_admin"),
    )
    assert answer.content == b"call_id\r\n1\r\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="c.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert dict(gateway.services.requests[0].url.params) == {"format": "csv", "class": "international"}


async def test_a_refused_export_is_a_problem_document(gateway: Gateway) -> None:
    """Not a file with an error inside."""
    gateway.services.raw[f"usage GET {TENANT}/calls/export"] = httpx.Response(
        422, json={"title": "Invalid input", "detail": "from is after to.", "field": "from"}
    )
    answer = await gateway.client.get(
        "/api/v1/billing/calls/export", headers=gateway.people.header("tenant_admin")
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "from")
    assert "content-disposition" not in answer.headers


async def test_documents_are_asked_for_the_tokens_tenant(gateway: Gateway) -> None:
    """An electronic invoice by its form; another form is no form."""
    gateway.services.raw[f"invoicing GET {TENANT}/invoices/{OPEN_INVOICE}/documents/ubl"] = httpx.Response(
        200, content=b"<Invoice/>", headers={"content-type": "application/xml"}
    )
    header = gateway.people.header("tenant_admin")
    base = f"/api/v1/billing/invoices/{OPEN_INVOICE}/documents"
    assert (await gateway.client.get(f"{base}/ubl", headers=header)).content == b"<Invoice/>"
    assert (await gateway.client.get(f"{base}/exe", headers=header)).status_code == 422


async def test_who_decides_is_said_in_the_query_of_a_request_without_body(gateway: Gateway) -> None:
    """A `by` of the sender is refused; the token's person is sent."""
    header = gateway.people.header("provider_admin")
    path = f"/api/v1/provider/tenants/{FENWICK}/policy"
    await gateway.client.delete(f"{path}?reason=agreed", headers=header)
    [asked] = gateway.services.requests
    assert dict(asked.url.params) == {"reason": "agreed", "by": "Dana Ruiz (provider_admin)"}
    assert asked.url.path == f"/v1/providers/{KESTREL}/tenants/{FENWICK}/policy"
    assert (await gateway.client.delete(f"{path}?by=me", headers=header)).status_code == 422
