"""The HTTP interface over a real database; no broker is needed to answer."""

from typing import Any

import httpx
import pytest

from services.invoicing.main import MIGRATIONS, build
from services.invoicing.settings import InvoicingSettings
from shared.db.migration import migrate
from tests.conftest import FreshDatabase

pytestmark = pytest.mark.integration
TOKEN = "internal-token-for-tests"
PROVIDER: dict[str, Any] = {
    "slug": "kestrel",
    "legal_name": "Kestrel Voice LLC",
    "address": ["120 Pier Street"],
    "currency": "USD",
    "country": "US",
    "time_zone": "America/New_York",
    "locale": "en-US",
    "brand": {"name": "Kestrel Voice", "colour": "#0B5FA5"},
    "billing_email": "billing@kestrel.example",
    "support_phone": "+12125550100",
    "invoice_prefix": "KV",
    "tax": {"name": "New York sales tax", "rate": "8.875"},
}
PLAN: dict[str, Any] = {
    "name": "Professional",
    "billing_model": "flat_rate",
    "currency": "USD",
    "monthly_fee": {"minor": 24900, "currency": "USD"},
    "included": {"extensions": 20, "dids": 5, "minutes": 3000},
    "prices": {"extension": "12", "did": "2.5", "minute": "0.019"},
}


TENANT: dict[str, Any] = {
    "slug": "fenwick",
    "name": "Fenwick Dental Group",
    "opened_on": "2026-10-01",
    "country": "US",
    "time_zone": "America/New_York",
    "locale": "en-US",
    "billing_email": "a@fenwick.example",
    "admin_email": "b@fenwick.example",
    "sip_domain": "fenwick.example",
}


async def _settings(fresh_database: FreshDatabase) -> InvoicingSettings:
    """A migrated database, and no other service to ask."""
    url = await fresh_database("invoicing")
    await migrate(url, MIGRATIONS)
    nowhere = "http://127.0.0.1:9"
    return InvoicingSettings(
        database_url=url,
        broker_url="amqp://127.0.0.1:9/",
        http_port=0,
        internal_token=TOKEN,
        auth_issuer="https://issuer.example",
        auth_jwks="/nowhere.json",
        usage_url=nowhere,
        payments_url=nowhere,
        suspension_url=nowhere,
        notifications_url=nowhere,
    )


async def test_a_provider_a_plan_and_a_tenant_are_made_and_shown(fresh_database: FreshDatabase) -> None:
    """From the provider to the summary; bad input names its field; another provider's tenant is a 404."""
    settings = await _settings(fresh_database)
    transport = httpx.ASGITransport(build(settings))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://invoicing", headers=headers) as client:
        made = await client.post("/v1/providers", json=PROVIDER)
        assert made.status_code == 201, made.text
        base = f"/v1/providers/{made.json()['provider_id']}"
        assert (await client.post("/v1/providers", json=PROVIDER)).status_code == 409
        clock = await client.put(f"{base}/test-clock", json={"now": "2026-10-01T00:00:00-04:00"})
        # Nobody else is there: the clock is not ready before everybody has heard of it.
        assert clock.json()["state"] == "advancing"
        assert any("usage" in sentence for sentence in clock.json()["waiting_for"])
        bad = await client.post(f"{base}/plans", json={**PLAN, "prices": {"minute": "-1"}})
        assert (bad.status_code, bad.json()["field"]) == (422, "prices.minute")
        plan = (await client.post(f"{base}/plans", json=PLAN)).json()
        opened = await client.post(f"{base}/tenants", json={**TENANT, "plan_id": plan["plan_id"]})
        assert opened.status_code == 201, opened.text
        tenant = f"{base}/tenants/{opened.json()['tenant_id']}"
        summary = (await client.get(f"{tenant}/summary")).json()
        assert summary["period"] == {"start_date": "2026-10-01", "end_date": "2026-11-01"}
        # The first fee is on its way: no loop runs in this test.
        assert (summary["status"], summary["next_invoice_on"]) == ("active", "2026-10-01")
        charge = {
            "description": "Setup",
            "amount": {"minor": 1500, "currency": "USD"},
            "on": "2026-10-02",
        }
        assert (await client.post(f"{tenant}/charges", json=charge)).status_code == 201
        assert (await client.get(f"{tenant}/invoices")).json()["invoices"] == []
        assert (await client.get(f"{tenant}/preview")).status_code == 503
        advance = await client.post(f"{base}/test-clock/advance", json={"to": "2026-11-01T06:00:00-04:00"})
        assert (advance.status_code, advance.json()["state"]) == (202, "advancing")
        assert any("usage does not answer" in each for each in advance.json()["waiting_for"])
        other = (await client.post("/v1/providers", json={**PROVIDER, "slug": "other"})).json()
        listed = (await client.get("/v1/providers")).json()["providers"]
        assert sorted(one["slug"] for one in listed) == sorted([PROVIDER["slug"], "other"])
        assert other["provider_id"] in {one["provider_id"] for one in listed}
        stolen = tenant.replace(base, f"/v1/providers/{other['provider_id']}")
        for path in ("", "/summary", "/invoices", "/preview"):
            assert (await client.get(stolen + path)).status_code == 404


async def test_plans_and_tenants_come_in_pages_that_leave_nothing_out(fresh_database: FreshDatabase) -> None:
    """Page by page the same as all at once, in the same order; a cursor that is not ours is refused by name."""
    transport = httpx.ASGITransport(build(await _settings(fresh_database)))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://invoicing", headers=headers) as client:
        made = await client.post("/v1/providers", json=PROVIDER)
        base = f"/v1/providers/{made.json()['provider_id']}"
        await client.put(f"{base}/test-clock", json={"now": "2026-10-01T00:00:00-04:00"})
        plans = [
            (await client.post(f"{base}/plans", json={**PLAN, "name": name})).json()["plan_id"]
            for name in ("Basic", "Plus", "Whole")
        ]
        version = await client.post(
            f"{base}/plans/{plans[0]}/versions", json={**PLAN, "name": "Basic", "valid_from": "2027-01-01"}
        )
        assert version.status_code == 201, version.text
        for number in range(5):
            opened = await client.post(
                f"{base}/tenants",
                json={
                    **TENANT,
                    "slug": f"t{number}",
                    "sip_domain": f"t{number}.example",
                    "plan_id": plans[0],
                },
            )
            assert opened.status_code == 201, opened.text
        for name, count, key in (("plans", 4, "version"), ("tenants", 5, "slug")):
            whole = (await client.get(f"{base}/{name}")).json()
            assert (count, None) == (len(whole[name]), whole["next"])
            assert whole[name] == await _pages(client, f"{base}/{name}", name, 2)
            assert whole[name] == await _pages(client, f"{base}/{name}", name, count)
            assert all(key in one for one in whole[name])
            for cursor in ("zzz", "é", "AAAA", "bm90IG91cnM"):
                refused = await client.get(f"{base}/{name}", params={"cursor": cursor})
                assert (refused.status_code, refused.json().get("field")) == (422, "cursor")
            assert (await client.get(f"{base}/{name}", params={"limit": 0})).status_code == 422


async def _pages(client: httpx.AsyncClient, path: str, name: str, limit: int) -> list[Any]:
    found: list[Any] = []
    asked: dict[str, Any] = {"limit": limit}
    while True:
        page = (await client.get(path, params=asked)).json()
        assert 0 < len(page[name]) <= limit
        found += page[name]
        if page["next"] is None:
            return found
        asked["cursor"] = page["next"]
