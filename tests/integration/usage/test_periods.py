"""Periods are metered at their end and again when something late changes them."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.adapters.work import count_under_way
from services.usage.domain.records import Received
from services.usage.entrypoints.formats.reading import received_freeswitch
from services.usage.entrypoints.scheduler import meter_dirty_periods
from services.usage.use_cases.provision_resources import Provision
from shared.errors import Transient
from shared.events.invoicing import ClockAdvanced, PeriodEnded, PlanPart, TenantChanged, TenantClosed
from shared.ids import PlanId
from tests.integration.usage.conftest import NOW, World, make_world
from tests.unit.usage.records import ANSWER, leg, posted

pytestmark = pytest.mark.integration


def received(world: World, **changed: Any) -> Received:
    (one,) = received_freeswitch(posted(leg(domain=world.domain, **changed)), None)
    return one


def march(world: World) -> PeriodEnded:
    return PeriodEnded(
        provider_id=world.provider_id,
        tenant_id=world.tenant_id,
        start_date=date(2026, 3, 1),
        end_date=date(2026, 4, 1),
        plan_id=world.plan_id,
        plan_version=1,
    )


async def said(world: World, event_type: str = "usage.period.metered.v1") -> list[dict[str, Any]]:
    """Events of a type that this provider's outbox holds, in their order."""
    async with world.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT body FROM outbox WHERE provider_id = :id AND type = :type ORDER BY sequence"),
            {"id": world.provider_id, "type": event_type},
        )
        return [orjson.loads(row.body)["data"] for row in rows]


async def meter_until_done(world: World) -> None:
    while await count_under_way(world.engine, world.provider_id):
        await meter_dirty_periods(world.work)


async def test_a_period_is_metered_when_it_ends(world: World) -> None:
    """Totals, exact charge, peaks and revision 1; heard twice it is said once."""
    await world.provision(
        Provision("extension", "1001", NOW - timedelta(days=60), None),
        Provision("extension", "1002", NOW - timedelta(days=60), NOW - timedelta(days=20)),
        Provision("extension", "1003", NOW - timedelta(days=20), None),
    )
    await world.record(received(world), received(world, talk_us=61_000_000), received(world, answer=None))
    await world.hear(march(world))
    await world.hear(march(world))
    (event,) = await said(world)
    assert (event["revision"], event["extensions_peak"], event["dids_peak"]) == (1, 2, 0)
    (line,) = event["minutes"]
    assert (line["calls"], line["billed_seconds"], line["charged_seconds"]) == (2, 96, 96)
    assert Decimal(line["charge"]) == Decimal("0.032")


async def test_included_minutes_run_out_within_a_day(world: World) -> None:
    """Of 2 minutes included, the calls of the crossing day take what is left in the order of answer (R16)."""
    await world.hear(world.plan(version=2, included_minutes=2, class_prices_per_minute={"toll_free": "0.05"}))
    first = received(world, talk_us=60_000_000)
    second = received(world, talk_us=90_000_000, answer=ANSWER + timedelta(days=1), called="18005550199")
    third = received(world, talk_us=30_000_000, answer=ANSWER + timedelta(days=1, hours=1))
    await world.record(third, second, first)
    await world.hear(march(world).model_copy(update={"plan_version": 2}))
    (event,) = await said(world)
    lines = {one["call_class"]: (one["included_seconds"], Decimal(one["charge"])) for one in event["minutes"]}
    assert lines == {"external": (60, Decimal("0.01")), "toll_free": (60, Decimal("0.025"))}


async def test_a_late_call_makes_a_new_revision(world: World) -> None:
    """A call in an ended period makes it dirty, which a test clock waits for, and revision 2 follows (R42)."""
    await world.record(received(world))
    await world.hear(march(world))
    assert await count_under_way(world.engine, world.provider_id) == 0
    await world.record(received(world))
    assert await count_under_way(world.engine, world.provider_id) == 1
    await meter_until_done(world)
    assert [(one["revision"], one["minutes"][0]["billed_seconds"]) for one in await said(world)] == [
        (1, 30),
        (2, 60),
    ]


async def test_a_repeat_or_another_periods_call_changes_no_revision(world: World) -> None:
    """Only what changes the totals is said again."""
    one = received(world)
    await world.record(one)
    await world.hear(march(world))
    await world.record(one, received(world, answer=NOW - timedelta(hours=1)), received(world, answer=None))
    assert await count_under_way(world.engine, world.provider_id) == 0


async def test_a_number_provisioned_late_meters_the_period_again(world: World) -> None:
    """A peak that turns out higher is said as well."""
    await world.hear(march(world))
    await world.provision(Provision("did", "+12125550100", NOW - timedelta(days=20), None))
    await meter_until_done(world)
    assert [(one["revision"], one["dids_peak"]) for one in await said(world)] == [(1, 0), (2, 1)]


async def test_a_period_of_an_unknown_tenant_or_plan_waits(engine: AsyncEngine) -> None:
    """Events come in any order: the retry ladder brings it back, and nothing is kept meanwhile."""
    world = make_world(engine)
    with pytest.raises(Transient):
        await world.hear(march(world))
    await world.hear(world.tenant())
    with pytest.raises(Transient):
        await world.hear(march(world))
    await world.hear(world.plan())
    await world.hear(march(world))
    assert [one["revision"] for one in await said(world)] == [1]


async def test_the_newest_fact_about_a_tenant_wins_in_any_order(world: World) -> None:
    """An older event that comes later changes nothing; the plan in force is that of the call's day (R8)."""
    await world.hear(world.plan(version=2, minimum_seconds=60, increment_seconds=60))
    changed = {"plan_version": 2, "plan_from": date(2026, 3, 10), "account_codes": ("new",)}
    newer = TenantChanged.model_validate(world.tenant(**changed).model_dump())
    await world.hear(newer, time=NOW + timedelta(hours=1))
    await world.hear(world.tenant(account_codes=("old",)), time=NOW - timedelta(hours=1))
    before = received(world, answer=ANSWER - timedelta(days=1))
    await world.record(before, received(world, answer=ANSWER))
    change, whole = date(2026, 3, 10), march(world)
    parts = (
        PlanPart(start_date=whole.start_date, end_date=change, plan_id=world.plan_id, plan_version=1),
        PlanPart(start_date=change, end_date=whole.end_date, plan_id=world.plan_id, plan_version=2),
    )
    await world.hear(whole.model_copy(update={"plan_version": 2, "parts": parts}))
    (event,) = await said(world)
    assert [(one["plan_version"], one["billed_seconds"]) for one in event["minutes"]] == [(1, 30), (2, 60)]
    async with world.work() as work:
        found = await work.directory.look_up(
            world.provider_id, 0, domains=[], account_codes=["new", "old"], tenant_ids=[], dids=[]
        )
    assert found.account_codes == {"new": world.tenant_id}


async def test_calls_after_the_closing_day_are_not_billed(world: World) -> None:
    """The day of closing itself is (R23)."""
    await world.hear(
        TenantClosed(provider_id=world.provider_id, tenant_id=world.tenant_id, closed_on=date(2026, 3, 10))
    )
    await world.record(received(world), received(world, answer=ANSWER + timedelta(days=1)))
    await world.hear(march(world))
    assert (await said(world))[0]["minutes"][0]["calls"] == 1


async def test_totals_do_not_depend_on_the_order_of_arrival(engine: AsyncEngine) -> None:
    """The same records shuffled, repeated and cut into other batches, around the period's end: the same totals."""
    chosen = random.Random(7)
    documents: list[dict[str, Any]] = [
        {
            "talk_us": chosen.randrange(0, 200_000_000),
            "answer": ANSWER + timedelta(minutes=chosen.randrange(0, 9 * 1440)),
            "uuid": f"leg-{at}",
            "called": chosen.choice(["+12125550147", "18005550199", "911"]),
        }
        for at in range(60)
    ]
    results = []
    plan_id = PlanId(uuid4())
    for seed in range(4):
        order = random.Random(seed)
        world = make_world(engine)
        world.plan_id = plan_id
        await world.hear(ClockAdvanced(provider_id=world.provider_id, now=NOW))
        await world.hear(world.plan(included_minutes=20))
        await world.hear(world.tenant())
        sent = [received(world, **one) for one in documents] + [
            received(world, **one) for one in order.sample(documents, 20)
        ]
        order.shuffle(sent)
        ends_at = order.randrange(len(sent))
        while sent:
            size = order.randrange(1, 15)
            await world.record(*sent[:size])
            del sent[:size]
            if len(sent) <= ends_at:
                await world.hear(march(world))
        await meter_until_done(world)
        results.append((await said(world))[-1]["minutes"])
    assert results[1:] == results[:-1]
    assert sum(line["calls"] for line in results[0]) == sum(one["talk_us"] >= 1000 for one in documents)


async def test_one_batch_says_once_what_it_added(world: World) -> None:
    """One event a provider and batch, with new calls only."""
    one = received(world)
    await world.record(one, received(world), one)
    await world.record(one)
    (event,) = await said(world, "usage.calls.recorded.v1")
    assert [(t["tenant_id"], t["calls"], t["billed_seconds"]) for t in event["tenants"]] == [
        (str(world.tenant_id), 2, 60)
    ]
