"""Webhooks: stored once, processed in any order, harmless when foreign."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.payments.use_cases.save_method import begin_setup
from services.payments.use_cases.start_payment import start_payment
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


async def outcomes(world: World) -> dict[str, tuple[str | None, str | None]]:
    """By type: what became of the events."""
    async with world.engine.connect() as connection:
        rows = await connection.execute(text("SELECT type, outcome, reason FROM webhook_event"))
        return {row.type: (row.outcome, row.reason) for row in rows}


@pytest.mark.parametrize("newest_first", [True, False])
async def test_events_reversed_and_twice_end_in_the_same_state(world: World, newest_first: bool) -> None:
    """Acceptance row 23: decline, then success of another payment; one posting."""
    invoice_id = await world.issue()
    declined = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    assert declined.client_secret is not None
    await world.confirm(declined.client_secret, "pm_card_chargeDeclined")
    await world.webhooks(times=2, newest_first=newest_first)
    paid = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    assert paid.client_secret is not None
    await world.confirm(paid.client_secret)
    await world.webhooks(times=2, newest_first=newest_first)
    assert await world.states() == ["succeeded", "failed"]
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert (len(await world.events("payment.succeeded")), len(await world.events("payment.failed"))) == (1, 1)


def event(kind: str, found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": f"evt_{kind}", "object": "event", "type": kind, "data": {"object": found}, **more}


async def test_foreign_events_are_kept_and_ignored_with_a_reason(world: World) -> None:
    """Acceptance row 24: an event of another account that names our intent changes nothing."""
    invoice_id = await world.issue()
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    assert begun.client_secret is not None
    await world.confirm(begun.client_secret)
    ours = (await world.intents())[0].to_dict()
    await world.deliver(event("payment_intent.succeeded", ours, account="acct_somebody_else"))
    await world.deliver(event("payment_intent.processing", {"id": "pi_unknown", "metadata": {}}))
    await world.deliver(event("charge.succeeded", {"id": "ch_1"}))
    await world.drain(world.scheduler().webhooks)
    assert await world.states() == ["requires_action"]
    assert await outcomes(world) == {
        "payment_intent.succeeded": (
            "ignored",
            "the event comes from another account than the payment intent",
        ),
        "payment_intent.processing": ("ignored", "the payment intent is none of ours"),
        "charge.succeeded": ("ignored", "events of type charge.succeeded are not used"),
    }


async def test_events_without_an_id_are_failed_and_hold_up_nothing(world: World) -> None:
    """More of them than a batch takes, all older than the event of a real payment, which is settled all the same."""
    for number in range(12):
        await world.deliver({**event("payment_intent.succeeded", {}), "id": f"evt_poison_{number}"})
    await world.deliver(event("setup_intent.succeeded", {"id": 7, "metadata": ours(world)}))
    await world.deliver(event("payment_method.detached", {"id": "pm_\0"}))
    invoice_id = await world.issue()
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    assert begun.client_secret is not None
    await world.confirm(begun.client_secret)
    await world.webhooks()
    assert await world.states() == ["succeeded"]
    async with world.open_work() as work:
        listed = await work.webhooks.newest(100, unfinished=False)
    failed = [(row["state"], row["reason"]) for row in listed if row["state"] != "processed"]
    assert [one for one in failed if one[0] == "failed"] == [("failed", "the event's object has no id")] * 14


def ours(world: World) -> dict[str, str]:
    return {"provider_id": str(world.provider_id), "tenant_id": str(world.tenant_id)}


class Breaking:
    """Stripe's gateway, with a mistake of ours in reading one payment intent."""

    def __init__(self, world: World, intent: str) -> None:
        self._gateway = world.gateway
        self._intent = intent
        self.broken = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    async def read_intent(self, account: str, intent: str) -> Any:
        if intent == self._intent and self.broken:
            raise ZeroDivisionError("a mistake\0")
        return await self._gateway.read_intent(account, intent)


async def test_an_unexpected_error_waits_longer_each_time_and_others_go_on(world: World) -> None:
    """Two payments confirmed; the first cannot be read. The second is settled at once, the first when it can be."""
    for _ in range(2):
        invoice_id = await world.issue()
        begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
        assert begun.client_secret is not None
        await world.confirm(begun.client_secret)
    newest, oldest = await world.intents()
    for intent in (oldest, newest):
        await world.deliver({**event("payment_intent.succeeded", intent.to_dict()), "id": f"evt_{intent.id}"})
    gateway: Any = Breaking(world, oldest.id)
    step = world.scheduler(gateway).webhooks
    started = world.clock.now()
    assert (await step(), await step()) == (1, 0)
    assert await world.states() == ["succeeded", "requires_action"]
    for wait in (1, 2, 4):
        world.clock.forward(timedelta(seconds=wait))
        assert await step() == 0
    async with world.open_work() as work:
        (row,) = await work.webhooks.newest(10, unfinished=True)
        assert (row["tries"], row["state"]) == (4, "waiting")
        assert row["reason"] == "ZeroDivisionError: a mistake\ufffd"
        assert await work.webhooks.waiting(started + timedelta(seconds=14), 10) == []
        assert len(await work.webhooks.waiting(started + timedelta(seconds=15), 10)) == 1
    gateway.broken = False
    world.clock.forward(timedelta(seconds=8))
    assert await step() == 1
    assert await world.states() == ["succeeded", "succeeded"]


async def test_a_method_saved_in_the_browser_arrives_by_webhook_alone(world: World) -> None:
    """The page was closed before it told us: setup_intent.succeeded saves the card, once."""
    made, _ = await begin_setup(world.open_work, world.gateway, world.provider_id, world.tenant_id)
    await world.simulator.client().v1.setup_intents.confirm_async(
        made.intent, {"payment_method": "pm_card_visa"}
    )
    await world.webhooks(times=2)
    assert len(await world.events("method.saved")) == 1


async def test_a_default_detached_at_stripe_ends_auto_pay(world: World) -> None:
    """Acceptance row 3: default null, auto-pay skips, and it is said."""
    await world.save_card()
    await world.save_card("pm_card_mastercard")
    await world.auto_pay()
    async with world.open_work() as work:
        saved = await work.methods.saved(world.tenant_id, world.simulator.account)
    default = next(one for one in saved if one.is_default)
    await world.simulator.client().v1.payment_methods.detach_async(default.facts.stripe_method)
    await world.webhooks(times=2)
    await world.issue()
    await world.collect()
    assert await world.intents() == []
    assert [one["enabled"] for one in await world.events("auto_pay.changed")] == [True, False]
    assert len(await world.events("method.removed")) == 1


async def operator(database_url: str, *arguments: str) -> tuple[int, str]:
    """Runs an operator's command; answers its status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.payments",
        "webhooks",
        *arguments,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "TOLLGATE_DATABASE_URL": database_url, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, written.decode()


async def test_the_operator_sees_events_and_has_them_processed_again(world: World, database_url: str) -> None:
    """An event that came before we knew its intent is ignored; replayed later it changes nothing twice."""
    await world.deliver(event("charge.succeeded", {"id": "ch_1"}))
    await world.drain(world.scheduler().webhooks)
    status, listed = await operator(database_url, "list")
    assert (status, "evt_charge.succeeded" in listed, "are not used" in listed) == (0, True, True)
    assert await operator(database_url, "list", "--waiting") == (0, "No events.\n")
    assert await operator(database_url, "replay", "evt_charge.succeeded") == (
        0,
        "1 will be processed again.\n",
    )
    async with world.open_work() as work:
        assert len(await work.webhooks.waiting(world.clock.now(), 10)) == 1
    assert (await operator(database_url, "replay", "evt_nobody_knows"))[0] == 1
    assert (await operator(database_url, "replay"))[0] == 2
