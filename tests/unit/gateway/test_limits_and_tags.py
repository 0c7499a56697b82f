"""Rate limits, ETags and cross-origin rules of the public API."""

import httpx

from services.gateway.main import build
from tests.support.billing_people import MARLOW, People, gateway_settings
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import FakeServices
from tests.unit.gateway.conftest import Gateway

INVOICES = "/api/v1/billing/invoices"
PORTAL = "https://portal.example"


def _client(people: People, **settings: object) -> httpx.AsyncClient:
    app = build(
        gateway_settings(people, **settings),
        transport=FakeServices(),
        open_work=lambda: FakeWork(FakeAuditLog()),
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://gateway.test"
    )


async def test_one_person_has_so_many_requests_a_minute(people: People) -> None:
    """The eleventh is a 429 that says how long to wait; another person is not touched."""
    async with _client(people, requests_per_minute=10) as client:
        header = people.header("provider_admin")
        answers = [await client.get("/api/v1/provider", headers=header) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        other = await client.get("/api/v1/provider", headers=people.header("provider_admin", provider=MARLOW))
        assert other.status_code != 429


async def test_what_is_known_already_is_not_sent_again(gateway: Gateway) -> None:
    """The tag stands for the bytes: the same again is a 304 without a body, a change is a new tag."""
    header = gateway.people.header("tenant_admin")
    first = await gateway.client.get(INVOICES, headers=header)
    tag = first.headers["etag"]
    same = await gateway.client.get(INVOICES, headers={**header, "If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    for key in gateway.services.answers:
        if key.endswith("/invoices"):
            gateway.services.answers[key] = {"invoices": [], "next": None}
    changed = await gateway.client.get(INVOICES, headers={**header, "If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_refusals_and_changes_have_no_tag(gateway: Gateway) -> None:
    """Only what was read well can be known."""
    header = gateway.people.header("tenant_user")
    refused = await gateway.client.get(INVOICES, headers=header)
    assert refused.status_code == 403
    assert "etag" not in refused.headers


async def test_only_the_portals_pages_may_call(people: People) -> None:
    """A preflight from the portal names what it may send; from elsewhere it is refused."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with _client(people, portal_origins=PORTAL) as client:
        own = await client.options("/api/v1/billing/payments", headers={"Origin": PORTAL, **asked})
        assert own.headers["access-control-allow-origin"] == PORTAL
        assert "Idempotency-Key" in own.headers["access-control-allow-headers"]
        foreign = await client.options(
            "/api/v1/billing/payments", headers={"Origin": "https://evil.example", **asked}
        )
        assert "access-control-allow-origin" not in foreign.headers
    async with _client(people) as client:
        closed = await client.options("/api/v1/billing/payments", headers={"Origin": PORTAL, **asked})
        assert "access-control-allow-origin" not in closed.headers
