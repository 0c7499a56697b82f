"""On the whole service: presets, what-if, exports, switches that are told, the gate's own health, lost events."""

import json
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.suspension.adapters.push_sender import PushSender
from services.suspension.adapters.push_target import PushTargets, networks
from services.suspension.adapters.switches import keep_outcomes, take_pushes
from services.suspension.domain.account import Invoice, Stage
from services.suspension.entrypoints.pushing import Pusher, SwitchKey, waits_for_memory
from services.suspension.use_cases.foresee_suspensions import foresee_suspensions
from services.suspension.use_cases.ports import Outcome, Push, Said, Switch
from shared.events import invoicing
from tests.integration.suspension.conftest import Desk
from tests.integration.suspension.test_ladder_on_postgres import _begin, _stage, _walk
from tests.integration.suspension.test_service import INTERNAL, Running, running, service, until
from tests.unit.suspension.builders import PROVIDER, TENANT, invoice_event, make_invoice, on_day

pytestmark = pytest.mark.integration
__all__ = ["running", "service"]


async def test_nobody_is_barred_while_invoicing_is_away_nor_against_its_word(desk: Desk) -> None:
    """The step stays due for the test clock; back again, invoicing's word decides; a lost payment is put right."""
    await _begin(desk)
    await _walk(desk, 13)
    desk.truth.away = True
    await desk.move_to(on_day(14))
    assert await _stage(desk) is Stage.NOTICE
    desk.truth.away = False
    desk.truth.says = []
    desk.clock.at = desk.clock.now() + timedelta(seconds=3)
    await desk.settle()
    assert await _stage(desk) is Stage.NONE
    types = [event["type"] for event in await desk.emitted()]
    assert "suspension.tenant.suspended.v1" not in types
    assert [row["action"] for row in await desk.rows("SELECT action FROM audit ORDER BY audit_id")][-1] in (
        "corrected",
        "stage changed",
    )


async def test_a_lost_payment_ends_a_suspension(desk: Desk) -> None:
    """Asked again while barred; twice changes nothing more."""
    await _begin(desk)
    await _walk(desk, 14)
    assert await _stage(desk) is Stage.BOTH_BARRED
    desk.truth.says = []
    await desk.settle()
    assert await _stage(desk) is Stage.BOTH_BARRED
    desk.clock.at = desk.clock.now() + timedelta(seconds=121)
    await desk.settle()
    assert await _stage(desk) is Stage.NONE
    before = len(await desk.emitted())
    desk.clock.at = desk.clock.now() + timedelta(seconds=121)
    await desk.settle()
    assert len(await desk.emitted()) == before


async def test_an_answer_older_than_a_change_is_asked_for_again(desk: Desk) -> None:
    """Invoicing was asked, then the payment came: the old answer bars nobody."""
    await _begin(desk)
    await _walk(desk, 13)
    answers: list[list[Invoice]] = [[make_invoice("KV-1")], []]

    async def ask(*_: object) -> Said:
        """The payment comes between the reading and the arrival of the first answer."""
        await desk.send(invoice_event(invoicing.InvoicePaid, paid=10_000))
        return Said(answers.pop(0), [])

    desk.truth.ask = ask  # type: ignore[method-assign,assignment]
    await desk.move_to(on_day(14))
    assert await _stage(desk) is Stage.NONE


async def test_what_if_reads_the_real_tables(desk: Desk) -> None:
    """Twelve days past due: in two days."""
    await _begin(desk)
    await _walk(desk, 12)
    async with desk.work() as work:
        (found,) = await foresee_suspensions(work, PROVIDER, 7)
        assert (found.tenant_id, found.at, found.reminded) == (TENANT, on_day(14), 5)
        assert await foresee_suspensions(work, PROVIDER, 1) == []


async def test_a_change_is_queued_for_each_switch_and_told_with_retries(desk: Desk) -> None:
    """In the transaction of the change; a failure waits; a second replica takes nothing twice."""
    desk.clock.at = datetime.now(UTC)
    async with desk.work() as work:
        for name in ("edge-1", "edge-2"):
            url = "http://127.0.0.1:9000/RPC"
            await work.switches.keep(Switch(PROVIDER, name, "kamailio_jsonrpc", url, "a-secret-of-sixteen"))
    await _begin(desk)
    up = False

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"result": "ok"}) if up else httpx.Response(503)

    async def take(limit: int, busy: Collection[SwitchKey]) -> list[Push]:
        return await take_pushes(desk.engine, desk.clock.now(), limit, busy)

    async def keep(outcomes: list[Outcome]) -> None:
        await keep_outcomes(desk.engine, outcomes)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        sender = PushSender(client, PushTargets(networks("127.0.0.0/8")))
        follows = waits_for_memory(lambda push: push.stage)
        pusher = Pusher(take, sender.send, follows, keep, desk.clock.now)
        queued = await desk.rows("SELECT * FROM push")
        assert queued
        assert await take(50, [(PROVIDER, "edge-1"), (PROVIDER, "edge-2")]) == []
        assert await pusher.step() == len(queued)
        await pusher.idle()
        assert await pusher.step() == 0
        up = True
        desk.clock.at = desk.clock.now() + timedelta(seconds=1)
        assert await pusher.step() == len(queued)
        await pusher.idle()
        rows = await desk.rows("SELECT * FROM push")
        assert all(row["delivered_at"] and row["last_error"] is None for row in rows)
        assert {row["switch_name"] for row in rows} == {"edge-1", "edge-2"}
        desk.clock.at = desk.clock.now() + timedelta(seconds=2)
        assert await pusher.step() == len(queued)
        await pusher.idle()
        assert not [row for row in await desk.rows("SELECT * FROM push") if row["next_attempt_at"]]


async def test_routes_for_policies_switches_and_exports(running: Running) -> None:
    """A preset fills what is left out; bad holidays are refused; secrets are shown once; the trail comes whole."""
    await running.publish(running.opened(), on_day(-14))

    async def known() -> bool:
        return (await running.ask()).status_code == 200

    await until(known)
    policy = await running.client.put(
        running.policy, json={"jurisdiction": "EU", "grace_days": 50}, headers=INTERNAL
    )
    shown = policy.json()
    assert (shown["grace_days"], shown["outbound_after_days"], shown["quiet_weekends"]) == (50, 14, True)
    wrong = await running.client.put(running.policy, json={"holidays": "US-ATLANTIS"}, headers=INTERNAL)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "holidays")
    root = f"/v1/providers/{running.provider_id}"
    presets = (await running.client.get(f"{root}/policy-presets", headers=INTERNAL)).json()
    assert set(presets) == {"US", "EU", "UK"}
    body = {"kind": "webhook", "url": "https://8.8.8.8/hook"}
    made = (await running.client.put(f"{root}/switches/pbx", json=body, headers=INTERNAL)).json()
    assert made["secret"].startswith("whsec_")
    again = (await running.client.put(f"{root}/switches/pbx", json=body, headers=INTERNAL)).json()
    assert again["secret"] is None
    inside = await running.client.put(
        f"{root}/switches/pbx", json={**body, "url": "http://169.254.169.254/"}, headers=INTERNAL
    )
    assert (inside.status_code, inside.json()["field"]) == (422, "url")
    assert (await running.client.get(f"{root}/switches/other", headers=INTERNAL)).status_code == 404
    assert (await running.client.delete(f"{root}/switches/pbx", headers=INTERNAL)).status_code == 204
    promise = {"reason": "=cmd()", "by": "pat"}
    assert (
        await running.client.post(f"{running.root}/hold", json=promise, headers=INTERNAL)
    ).status_code == 200
    lines = (
        await running.client.get(f"{running.root}/audit/export?format=ndjson", headers=INTERNAL)
    ).text.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["hold"]
    table = (await running.client.get(f"{running.root}/audit/export", headers=INTERNAL)).text
    assert "'=cmd()" in table
    whole = (await running.client.get(f"{root}/audit/export?format=ndjson", headers=INTERNAL)).text
    assert "switch registered" in whole
    nothing = await running.client.post(
        f"{running.root}/limits/release", json={"reason": "r", "by": "pat"}, headers=INTERNAL
    )
    assert nothing.status_code == 409
    what_if = (await running.client.get(f"{root}/what-if", headers=INTERNAL)).json()
    assert what_if == {"days": 7, "tenants": []}
    assert (await running.client.get("/health/gate")).json()["status"] == "following"
