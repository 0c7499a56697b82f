"""The guide's section "Suspended state", with telephones: from the first reminder to the restored call.

The provider's test clock begins four weeks before today, so that the calls, which have real stamps, fall into it.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.demo import deeds, observe
from deploy.demo.cast import BILLING, PROVIDER, Stage, StagedProvider, StagedTenant, advance
from deploy.demo.scenario import GOOD, KESTREL, TEAM, ProviderSpec, TenantSpec
from deploy.local.stack import Stack
from tests.sip.tools import RPC_SECRET, Edge, Played, answering, inbound, outbound, running_edge

pytestmark = [pytest.mark.journey, pytest.mark.sip]
GRACE_DAYS, TERMS_DAYS = 14, 14
FAR = "+14155550123"
ZONE = ZoneInfo(KESTREL.time_zone)


@dataclass(frozen=True)
class RecentProvider(ProviderSpec):
    """A provider whose tenants opened so long ago that the first invoice bars them today."""

    opened_on: date = date(2026, 1, 1)

    def tenant_body(self, tenant: TenantSpec, plan_id: str) -> dict[str, Any]:
        anchored = {"opened_on": self.opened_on.isoformat(), "anchor_day": min(self.opened_on.day, 28)}
        return {**super().tenant_body(tenant, plan_id), **anchored}


@dataclass(frozen=True)
class Scene:
    stage: Stage
    provider: StagedProvider
    late: StagedTenant
    paying: StagedTenant
    edge: Edge
    opened_on: date

    async def clock_to(self, day: int, hour: int = 9) -> None:
        """Day of the ladder of the first invoice, at an hour of the tenant's."""
        on = self.opened_on + timedelta(days=TERMS_DAYS + day)
        at = datetime.combine(on, clock_time(hour), ZONE).astimezone(UTC)
        await advance([self.provider], {self.provider.spec.slug: at})

    async def standing(self, tenant: StagedTenant | None = None) -> Any:
        who = tenant or self.late
        return await self.provider.admin.get(f"{PROVIDER}/tenants/{who.tenant_id}/standing")

    async def call(self, tenant: StagedTenant, number: str = FAR, **values: Any) -> Played:
        return await asyncio.to_thread(outbound, self.edge, tenant.spec.sip_domain, number, **values)

    async def is_called(self, tenant: StagedTenant, **values: Any) -> Played:
        did = tenant.spec.dids[0]
        return await asyncio.to_thread(inbound, self.edge, tenant.spec.sip_domain, did, **values)


def _spec(opened_on: date) -> RecentProvider:
    mark = uuid.uuid4().hex[:8]

    def tenant(name: str, number: int) -> TenantSpec:
        return TenantSpec(
            f"{name}-{mark}", name.title(), TEAM, 2, (f"+1212555{number}",), 0.0, KESTREL.address
        )

    fields = {name: getattr(KESTREL, name) for name in ProviderSpec.__dataclass_fields__}
    fields |= {
        "slug": f"edge-{mark}",
        # A Stripe account collects for one provider only.
        "stripe_account": f"acct_edge{mark}",
        "starts": datetime.combine(opened_on, clock_time(1), ZONE),
        "tenants": (tenant("late", 7001), replace(tenant("paying", 7002), card=GOOD)),
    }
    return RecentProvider(**fields, opened_on=opened_on)


@pytest.fixture
async def scene(stack: Stack, tmp_path: Path) -> AsyncIterator[Scene]:
    """Two tenants, one of which pays; an edge that asks, and is told."""
    opened_on = datetime.now(ZONE).date() - timedelta(days=TERMS_DAYS + GRACE_DAYS)
    spec = _spec(opened_on)
    stage = Stage(stack.endpoints_file, (spec,))
    try:
        await stage.set()
        provider = stage.providers[spec.slug]
        late, paying = provider.tenants.values()
        await deeds.save_card(stage, paying, GOOD)
        with (
            running_edge(
                tmp_path / "edge",
                gate_url=f"{stage.services['suspension']}/v1/call-policy",
                cdr_url=f"{stage.services['usage']}/v1/cdrs",
                token=provider.switch_token,
            ) as edge,
            answering(edge, edge.carrier_port),
            answering(edge, edge.switch_port),
        ):
            body = {"kind": "kamailio_jsonrpc", "url": edge.rpc_url, "secret": RPC_SECRET}
            await provider.admin.put(f"{PROVIDER}/switches/edge-1", body)
            yield Scene(stage, provider, late, paying, edge, opened_on)
    finally:
        await stage.close()


def _passes(played: Played) -> None:
    assert played.ok, played.errors


async def _billed(scene: Scene, tenant: StagedTenant, number: str) -> Any:
    """The call as the tenant's Billing page lists it."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        listed = await tenant.admin.get(f"{BILLING}/calls", params={"number": number})
        if listed["calls"]:
            return listed["calls"][0]
        await asyncio.sleep(0.1)
    raise AssertionError(f"the call to {number} is not on the page")


async def test_from_the_first_reminder_to_the_restored_call(scene: Scene) -> None:
    """Reminded, told what comes, suspended; refused, announced, emergencies through; paid, and the next call passes."""
    late, paying = scene.late, scene.paying
    await scene.clock_to(-3)
    _passes(await scene.call(late, "+14155550199", talk_ms=1000))
    first = await scene.standing()
    steps = {(step["kind"], step["day"]): step["state"] for step in first["steps"]}
    assert (steps["reminder", -3], steps["both_barred", 14]) == ("done", "coming")
    suspends_on = scene.opened_on + timedelta(days=TERMS_DAYS + GRACE_DAYS)
    assert first["suspends_on"] == suspends_on.isoformat()
    foreseen = await scene.provider.admin.get(f"{PROVIDER}/what-if", params={"days": 18})
    assert [one["tenant_id"] for one in foreseen["tenants"]] == [late.tenant_id]
    soon = await scene.provider.admin.get(f"{PROVIDER}/what-if", params={"days": 7})
    assert soon["tenants"] == []

    await scene.clock_to(13, hour=23)
    _passes(await scene.call(late))
    assert not (await scene.standing())["suspended"]

    await scene.clock_to(14)
    standing = await scene.standing()
    assert (standing["stage"], standing["cause"]) == ("both_barred", "unpaid")
    # Told of the change: nobody waits for a cached answer to end.
    _passes(await scene.call(late, code=403))
    _passes(await scene.is_called(late, code=480))
    for number in ("911", "112"):
        _passes(await scene.call(late, number))
    _passes(await scene.is_called(late))
    _passes(await scene.call(paying))
    overview = await late.admin.get(f"{BILLING}/overview")
    assert overview["subscription"]["status"] == "Suspended"
    number = (await observe.invoices_of(late))[-1]["number"]
    reminders = await observe.mail_about(scene.stage, late, "reminder", str(number))
    assert len(reminders) == 5

    owed = standing["overdue_invoices"]
    payment = await deeds.pay_now(
        scene.stage, late, [one["invoice_id"] for one in owed], standing["owed"]["minor"], GOOD
    )
    assert payment["status"].lower() == "succeeded"
    await deeds.wait_for_policy(scene.provider, late, "outbound", FAR, "allow")
    await _told(scene)
    _passes(await scene.call(late, talk_ms=500))
    _passes(await scene.is_called(late))
    assert (await scene.standing())["stage"] == "none"
    assert len(await observe.mail_about(scene.stage, late, "restored")) == 1
    call = await _billed(scene, late, "+14155550199")
    # A second of talk, billed in steps of six; the ringing before it is not.
    assert (call["direction"], call["billed_seconds"]) == ("outbound", 6)
    trail = await scene.provider.admin.get(f"{PROVIDER}/tenants/{late.tenant_id}/audit")
    actions = [one["action"] for one in reversed(trail["entries"])]
    assert actions.count("reminded") == 5
    assert actions.index("reminded") < actions.index("suspended") < actions.index("restored")


async def _told(scene: Scene) -> None:
    """Until the edge has been told of the newest change."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        pushes = (await scene.provider.admin.get(f"{PROVIDER}/switches/edge-1"))["pushes"]
        if pushes and all(one["delivered_at"] for one in pushes):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the edge was not told")


async def test_who_promised_to_pay_is_left_alone_until_then(scene: Scene) -> None:
    """The last answer also holds while the service is down; 911 does not even notice."""
    late = scene.late
    await scene.clock_to(13)
    now = datetime.fromisoformat((await scene.standing())["as_of"])
    promise = {"reason": "will pay by wire", "until": (now + timedelta(days=3)).isoformat()}
    await scene.provider.admin.post(f"{PROVIDER}/tenants/{late.tenant_id}/promise", promise)
    await scene.clock_to(15)
    _passes(await scene.call(late))
    assert (await scene.standing())["stage"] == "none"
