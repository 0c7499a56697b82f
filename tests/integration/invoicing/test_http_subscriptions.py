"""Plans, versions, coupons and subscription changes over HTTP, with usage's figures given."""

from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import Span
from services.invoicing.domain.totals import Totals
from services.invoicing.entrypoints.http_catalogue import catalogue_router
from services.invoicing.entrypoints.http_subscriptions import subscriptions_router
from shared.http import problems
from shared.ids import PlanId
from tests.integration.invoicing.conftest import Stage
from tests.integration.invoicing.test_http import PLAN, PROVIDER
from tests.integration.invoicing.test_month import rows, step

pytestmark = pytest.mark.integration


class GivenUsage:
    async def totals(self, tenant: Tenant, span: Span, plan_id: PlanId, plan_version: int) -> Totals:
        return Totals(0, 22, 5, ())


def client_of(stage: Stage) -> httpx.AsyncClient:
    async def internal() -> None:
        return None

    app = FastAPI()
    problems.install(app)
    app.include_router(catalogue_router(stage.open_work, internal, lambda: None))
    app.include_router(subscriptions_router(stage.open_work, internal, GivenUsage(), lambda: None))
    base = f"http://invoicing/v1/providers/{stage.provider.provider_id}/"
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


async def test_a_dry_run_shows_before_and_after_and_keeps_nothing(stage: Stage) -> None:
    """Upgrade, add-on and end; then the upgrade for good, and who made it."""
    tenant = await stage.tenant("fenwick")
    await step(stage)
    async with client_of(stage) as client:
        large = (
            await client.post(
                "plans", json={**PLAN, "name": "L", "monthly_fee": {"minor": 49900, "currency": "USD"}}
            )
        ).json()
        path = f"tenants/{tenant.tenant_id}"
        body = {"plan_id": large["plan_id"], "when": "now", "by": "ann"}
        dry = (await client.post(f"{path}/plan-change?dry_run=true", json=body)).json()
        # From the first day on: all of the old fee back, all of the new one, and the next one is dearer, too.
        assert (dry["effective_on"], dry["dry_run"]) == ("2026-10-01", True)
        assert dry["after"]["subtotal"]["minor"] - dry["before"]["subtotal"]["minor"] == 2 * 25000
        end = (await client.post(f"{path}/cancel?dry_run=true", json={"when": "now"})).json()
        assert (end["effective_on"], end["after"]["total"]["minor"]) == ("2026-10-02", 0)
        # 30 of 31 days come back; the day that was used had two extensions above the included.
        assert end["after"]["credit_left"]["minor"] == 24900 - 803 - 77
        assert (await client.get(f"{path}/subscription")).json()["ends_on"] is None
        assert len((await client.get(f"{path}/changes")).json()["changes"]) == 1
        done = await client.post(f"{path}/plan-change", json=body)
        assert done.json() == {"effective_on": "2026-10-01", "dry_run": False}
        shown = (await client.get(f"{path}/subscription")).json()
        assert (shown["plan"]["name"], shown["plan"]["interval"], shown["planned"]) == ("L", "month", [])
        changes = (await client.get(f"{path}/changes")).json()["changes"]
        assert [(one["what"], one["by"]) for one in changes] == [
            ("plan changed", "ann"),
            ("opened", "provider"),
        ]


RICH: dict[str, Any] = {
    **PLAN,
    "name": "Rich",
    "tiers": {
        "minute": {
            "mode": "graduated",
            "steps": [{"up_to": 100, "unit_price": "0.02"}, {"unit_price": "0.01"}],
        }
    },
    "add_ons": [{"code": "rec", "name": "Recording", "price": "3"}],
    "setup_fee": {"minor": 5000, "currency": "USD"},
    "trial_days": 14,
    "spend_limit": {"minor": 100000, "currency": "USD"},
    "bundles": [{"bundle": "eu", "classes": ["mobile"], "minutes": 60}],
}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"currency": "XXX"}, "currency"),
    ({"monthly_fee": {"minor": 1, "currency": "EUR"}}, "monthly_fee.currency"),
    ({"prices": {"minute": "99999999999"}}, "prices.minute"),
    ({"tiers": {"did": {"mode": "volume", "steps": [{"up_to": 5, "unit_price": "1"}]}}}, "tiers.did"),
    ({"yearly_fee": {"minor": 1, "currency": "USD"}}, "yearly_fee"),
]


async def test_plans_versions_and_coupons(stage: Stage) -> None:
    """What is given is shown and told to usage; what cannot be names its field."""
    async with client_of(stage) as client:
        made = await client.post("plans", json=RICH)
        assert made.status_code == 201, made.text
        plan_id = made.json()["plan_id"]
        (shown,) = [one for one in (await client.get("plans")).json()["plans"] if one["plan_id"] == plan_id]
        assert (shown["setup_fee"]["minor"], shown["trial_days"], shown["add_ons"][0]["code"]) == (
            5000,
            14,
            "rec",
        )
        told = await rows(
            stage,
            "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' FROM outbox"
            " WHERE type = 'invoicing.plan.changed.v1' ORDER BY sequence DESC LIMIT 1",
        )
        assert told[0][0]["spend_limit_minor"] == 100000  # type: ignore[index]
        assert told[0][0]["bundles"][0]["classes"] == ["mobile"]  # type: ignore[index]
        for more, field in WRONG:
            bad = await client.post("plans", json={**PLAN, "name": "Wrong", **more})
            assert (bad.status_code, bad.json()["field"]) == (422, field)
            assert bad.headers["content-type"] == "application/problem+json"
        version = {**RICH, "valid_from": "2026-11-01", "setup_fee": None}
        assert (await client.post(f"plans/{plan_id}/versions", json=version)).json()["version"] == 2
        assert (await client.post(f"plans/{plan_id}/versions", json=version)).status_code == 409
        coupon = {"code": "HELLO", "name": "Hello", "percent": "25", "periods": 3}
        assert (await client.post("coupons", json=coupon)).status_code == 201
        bad = await client.post("coupons", json={**coupon, "code": "B", "percent": "101"})
        assert (bad.status_code, bad.json()["field"]) == (422, "percent")
        assert [one["code"] for one in (await client.get("coupons")).json()["coupons"]] == ["HELLO"]
        run = await client.get("runs", params={"first": "2026-11-01", "after": "2026-12-01"})
        assert run.json()["total"] == 0
        for name, value in (("time_zone", "Factory"), ("time_zone", "localtime"), ("country", "XX")):
            bad = await client.post(
                "http://invoicing/v1/providers", json={**PROVIDER, "slug": "odd", name: value}
            )
            assert (bad.status_code, bad.json()["field"]) == (422, name)


async def test_a_backdated_change_is_a_problem_that_says_what_to_do(stage: Stage) -> None:
    """And an unknown plan, a closed tenant's change, another provider's tenant."""
    tenant = await stage.tenant("fenwick")
    async with client_of(stage) as client:
        path = f"tenants/{tenant.tenant_id}/plan-change"
        body = {"plan_id": str(stage.plan.plan_id), "when": date(2026, 9, 1).isoformat()}
        bad = await client.post(path, json=body)
        assert (bad.status_code, bad.json()["field"]) == (409, "when")
        assert "credit note" in bad.json()["detail"]
        assert (await client.post(path, json={"plan_id": str(tenant.tenant_id)})).status_code == 404
        assert (await client.post(path, json={**body, "when": "some day"})).status_code == 422
