"""The ladder on real PostgreSQL: from first reminder to restored service, and nothing twice."""

import asyncio
from datetime import timedelta

import pytest

from services.suspension.adapters.work import own_work
from services.suspension.domain.account import Stage
from shared.events import invoicing
from tests.integration.suspension.conftest import Desk
from tests.unit.suspension.builders import (
    PROVIDER,
    TENANT,
    invoice_event,
    on_day,
    opened,
    provider_changed,
)

pytestmark = pytest.mark.integration


async def _stage(desk: Desk) -> Stage:
    async with desk.work() as work:
        row = await work.standings.get(TENANT)
    assert row is not None
    return row.stage


async def _begin(desk: Desk) -> None:
    await desk.send(invoicing.ClockAdvanced(provider_id=PROVIDER, now=on_day(-14, 9)))
    await desk.send(provider_changed())
    await desk.send(opened())
    await desk.send(invoice_event())


async def _walk(desk: Desk, until_day: int) -> None:
    """Moves the clock as invoicing does: to each due instant on the way."""
    target = on_day(until_day)
    while True:
        under_way, next_at = await own_work(desk.engine, PROVIDER, desk.clock.now())
        assert under_way == 0
        if next_at is None or next_at > target:
            break
        await desk.move_to(next_at)
    await desk.move_to(target)


async def test_plays_from_first_reminder_to_restored_service(desk: Desk) -> None:
    """Five reminders on their days, suspended on day 14, restored by the payment; each step announced once."""
    await _begin(desk)
    await _walk(desk, 16)
    assert await _stage(desk) is Stage.BOTH_BARRED
    await desk.send(invoice_event(invoicing.InvoicePaid, paid=10_000))
    assert await _stage(desk) is Stage.NONE
    steps = [(e["type"], e.get("day"), e.get("suspends_on")) for e in await desk.emitted()]
    assert steps == [
        *(("suspension.reminder.due.v1", day, "2026-03-29") for day in (-3, 0, 3, 7, 12)),
        ("suspension.tenant.suspended.v1", None, None),
        ("suspension.tenant.restored.v1", None, None),
    ]
    suspended = (await desk.emitted())[5]
    assert suspended["since"] == "2026-03-29T04:00:00Z"
    assert suspended["invoices"][0]["balance_minor"] == 10_000


async def test_two_sweeps_at_once_change_nothing_more(desk: Desk) -> None:
    """Replicas that sweep the same due tenants announce every step once."""
    await _begin(desk)
    await _walk(desk, 12)
    before = len(await desk.emitted())
    await desk.send(invoicing.ClockAdvanced(provider_id=PROVIDER, now=on_day(14)))
    done = await asyncio.gather(*(desk.sweep() for _ in range(4)))
    assert sum(done) == 1
    confirmed = await asyncio.gather(*(desk.confirm() for _ in range(4)))
    assert sum(confirmed) == 1
    assert [e["type"] for e in (await desk.emitted())[before:]] == ["suspension.tenant.suspended.v1"]
    assert await desk.sweep() == 0


async def test_audit_answers_who_was_told_when(desk: Desk) -> None:
    """The trail of a suspension names the invoices and the reminders that came before it."""
    await _begin(desk)
    await _walk(desk, 14)
    async with desk.work() as work:
        trail = await work.audit.of_tenant(TENANT, 100)
    assert [entry.action for entry in trail] == [
        "suspended",
        "reminded",
        "reminded",
        "reminded",
        "stage changed",
        "reminded",
        "reminded",
    ]
    told = [reminder["day"] for reminder in trail[0].details["reminders"]]
    assert sorted(told) == [-3, 0, 3, 7, 12]
    assert trail[0].at == on_day(14)
    assert trail[0].details["invoices"][0]["number"] == "KV-1"


async def test_next_due_instant_is_told_to_the_test_clock(desk: Desk) -> None:
    """Progress names the tenants due now, else the earliest step to come."""
    await _begin(desk)
    assert await own_work(desk.engine, PROVIDER, desk.clock.now()) == (0, on_day(-3))
    await desk.send(invoicing.ClockAdvanced(provider_id=PROVIDER, now=on_day(-3)))
    assert (await own_work(desk.engine, PROVIDER, desk.clock.now()))[0] == 1
    await desk.sweep()
    assert await own_work(desk.engine, PROVIDER, desk.clock.now()) == (0, on_day(0))


async def test_sweep_late_by_weeks_reminds_before_it_suspends(desk: Desk) -> None:
    """A service that slept past the whole ladder tells the tenant first, and suspends a day later (R46)."""
    await _begin(desk)
    await desk.move_to(on_day(30, 1))
    assert await _stage(desk) is Stage.NOTICE
    assert [(e["type"], e["day"]) for e in await desk.emitted()] == [("suspension.reminder.due.v1", 30)]
    assert (await desk.emitted())[0]["suspends_on"] == "2026-04-15"
    await desk.move_to(on_day(31))
    assert await _stage(desk) is Stage.BOTH_BARRED


async def test_real_time_provider_is_swept_by_real_time(desk: Desk) -> None:
    """A provider without a test clock follows the machine's time."""
    desk.clock.at = on_day(-14, 9)
    await desk.send(opened())
    await desk.send(invoice_event())
    desk.clock.at = on_day(0) - timedelta(seconds=1)
    assert await desk.sweep() == 1  # the reminder of day -3, late by some days: skipped
    assert await desk.emitted() == []
    desk.clock.at = on_day(0)
    assert await desk.sweep() == 1
    assert [e["day"] for e in await desk.emitted()] == [0]
