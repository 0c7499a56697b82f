"""Both legs of calls come in any order and any batches, and give the same calls and totals."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.domain.records import Received
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from services.usage.use_cases.ports import IntakeOptions
from services.usage.use_cases.provision_resources import Provision
from shared.ids import TenantId
from tests.integration.usage.conftest import NOW, World, make_world
from tests.integration.usage.test_quarantine import replay_until_done, waiting
from tests.unit.usage.records import posted
from tests.unit.usage.switch_legs import Leg, forwarded, inbound, outbound, transferred

pytestmark = pytest.mark.integration
DID = "+12125550100"
FROM = NOW - timedelta(days=80)


def received(leg: Leg) -> Received:
    raw = posted(leg.document())
    return Received("freeswitch", raw, read_freeswitch(raw))


async def a_world(engine: AsyncEngine) -> World:
    world = make_world(engine)
    await world.set_up()
    await world.provision(Provision("did", DID, FROM, None))
    return world


async def state(world: World) -> dict[str, Any]:
    """Calls with what they bill, day totals, and what waits: all that an order could change."""
    async with world.work() as work:
        rows = await work.connection.execute(
            text(
                "SELECT leg_id, direction, from_number, to_number, call_class, talk_ms, hold_ms, billed_seconds"
                " FROM call WHERE provider_id = :provider_id ORDER BY leg_id"
            ),
            {"provider_id": world.provider_id},
        )
        calls = [tuple(row) for row in rows]
        totals = await work.calls.day_totals(world.tenant_id, date(2026, 3, 1), date(2026, 4, 1))
    return {
        "calls": calls,
        "totals": [replace_day for replace_day in totals if replace_day.calls],
        "waiting": sorted(
            (one.reason, json.loads(one.raw)["variables"]["uuid"]) for one in await waiting(world)
        ),
    }


def every_leg(domain: str) -> list[Leg]:
    lost = Leg("lost-b", False, True, "+493012345678", "+33140000000", "", 0.0, 7.0)
    return [
        *outbound("o", domain, holds=((10.0, 30.0),)),
        *inbound("i", DID, domain, talk=50.0, holds=((3.0, 9.0),)),
        *transferred("t", DID, domain),
        *forwarded("f", DID, domain),
        lost,
    ]


async def test_legs_become_calls_with_talk_of_the_trunk_and_hold_of_the_phone(engine: AsyncEngine) -> None:
    """What each of them bills, by hand: 40 s, 44 s, 85 s and, forwarded, 60.5 s, in steps of 6; one leg is nobody's."""
    world = await a_world(engine)
    await world.record(*map(received, every_leg(world.domain)))
    found = await state(world)
    assert [(call[0], call[1], call[7]) for call in found["calls"]] == [
        ("f-b", "outbound", 66),
        ("i-a", "inbound", 48),
        ("o-b", "outbound", 42),
        ("t-a", "inbound", 90),
    ]
    assert found["waiting"] == [("unknown_tenant", "lost-b")]
    assert sum(total.billed_seconds for total in found["totals"]) == 66 + 48 + 42 + 90


@given(
    order=st.permutations(range(12)), cuts=st.sets(st.integers(1, 11), max_size=11), again=st.integers(0, 11)
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_order_and_the_batches_do_not_matter(
    engine: AsyncEngine, order: Sequence[int], cuts: set[int], again: int
) -> None:
    """Any permutation in any split, one leg sent twice: the calls and totals of one batch in order."""
    one, other = await a_world(engine), await a_world(engine)
    await one.record(*map(received, every_leg(one.domain)))
    legs = every_leg(other.domain)
    assert len(legs) == 12
    ordered = [received(legs[at]) for at in order]
    begins = [0, *sorted(cuts), len(ordered)]
    for begin, end in itertools.pairwise(begins):
        await other.record(*ordered[begin:end])
    await other.record(ordered[again])
    assert await state(other) == await state(one)


async def test_a_repeat_changes_nothing_and_other_contents_conflict(engine: AsyncEngine) -> None:
    """R15 holds for legs: the first one is billed, the other waits."""
    world = await a_world(engine)
    a, b = outbound("o", world.domain)
    assert [one.status for one in await world.record(received(a), received(b))] == ["taken", "taken"]
    before = await state(world)
    assert [one.status for one in await world.record(received(b), received(a))] == ["repeated"] * 2
    assert await state(world) == before
    longer = replace(b, ended=90.0)
    (outcome,) = await world.record(received(longer))
    assert (outcome.status, outcome.reason) == ("quarantined", "conflict")
    after = await state(world)
    assert (after["calls"], after["totals"]) == (before["calls"], before["totals"])


async def test_two_replicas_that_get_one_leg_each_make_one_call(engine: AsyncEngine) -> None:
    """Forty calls, the legs of each at the same moment in two transactions: forty calls, each with its hold."""
    world = await a_world(engine)
    calls = [outbound(f"r{at}", world.domain, holds=((1.0, 7.0),)) for at in range(40)]
    for a, b in calls:
        await asyncio.gather(world.record(received(a)), world.record(received(b)))
    found = await state(world)
    assert [call[0] for call in found["calls"]] == sorted(f"r{at}-b" for at in range(40))
    assert {call[7] for call in found["calls"]} == {54}
    assert [(total.calls, total.billed_seconds) for total in found["totals"]] == [(40, 40 * 54)]


async def test_a_leg_that_waits_is_placed_by_the_other_leg(engine: AsyncEngine) -> None:
    """The carrier's leg knows no tenant; with the phone's leg both are done, and the quarantine is empty."""
    world = await a_world(engine)
    a, b = outbound("o", world.domain)
    b.caller = "anonymous"
    assert (await world.record(received(b)))[0].status == "quarantined"
    assert (await state(world))["waiting"] == [("unknown_tenant", "o-b")]
    assert (await world.record(received(a)))[0].status == "taken"
    found = await state(world)
    assert (len(found["calls"]), found["waiting"]) == (1, [])


async def test_legs_that_wait_are_taken_when_the_tenant_opens(engine: AsyncEngine) -> None:
    """Replayed one by one or together: one call."""
    world = make_world(engine)
    await world.hear(world.plan())
    legs = outbound("o", world.domain)
    for leg in legs:
        assert (await world.record(received(leg)))[0].reason == "unknown_tenant"
    await world.hear(world.provider())
    await world.hear(world.tenant())
    await replay_until_done(world)
    found = await state(world)
    assert ([call[0] for call in found["calls"]], found["waiting"]) == (["o-b"], [])


async def test_a_leg_that_comes_after_the_period_ended_makes_it_dirty(engine: AsyncEngine) -> None:
    """Hold comes with the second leg: the period is metered again, by the difference."""
    from tests.integration.usage.test_periods import march, said

    world = await a_world(engine)
    a, *phones = inbound("i", DID, world.domain, holds=((10.0, 40.0),))
    await world.record(received(a))
    await world.hear(march(world))
    await world.record(*map(received, phones))
    async with world.work() as work:
        dirty = await work.periods.dirty(100)
    assert (world.tenant_id, date(2026, 3, 1)) in dirty
    first = (await said(world))[0]
    assert first["minutes"][0]["billed_seconds"] == 60
    assert (await state(world))["calls"][0][7] == 30


async def between(engine: AsyncEngine, option: str | None) -> list[tuple[str, str, int]]:
    """A call from a tenant's phone to another tenant's DID, both legs logged, each phone with a hold of its own."""
    world = await a_world(engine)
    second = world.tenant(
        tenant_id=TenantId(uuid4()), slug="birch", sip_domain=f"birch-{world.domain}", account_codes=()
    )
    await world.hear(second)
    there = replace(world, tenant_id=second.tenant_id)
    await there.provision(Provision("did", "+12125550177", FROM, None))
    if option:
        async with world.work() as work:
            await work.mapping.choose(world.provider_id, IntakeOptions(between_tenants=option))  # type: ignore[arg-type]
    a = Leg(
        "x-a",
        True,
        False,
        "1001",
        "2125550177",
        world.domain,
        0.0,
        60.0,
        ((0.0, 10.0),),
        {"bridge_uuid": "x-b"},
    )
    b = Leg(
        "x-b",
        False,
        False,
        "+12125550100",
        "2001",
        f"birch-{world.domain}",
        0.0,
        60.0,
        ((5.0, 35.0),),
        {"originator": "x-a"},
    )
    for leg in (b, a):
        await world.record(received(leg))
    async with world.work() as work:
        rows = await work.connection.execute(
            text("SELECT tenant_id, direction, billed_seconds FROM call WHERE provider_id = :provider_id"),
            {"provider_id": world.provider_id},
        )
        names = {world.tenant_id: "alder", second.tenant_id: "birch"}
        return sorted((names[row.tenant_id], row.direction, row.billed_seconds) for row in rows)


@pytest.mark.parametrize(
    ("option", "billed"),
    [
        (None, [("alder", "outbound", 54), ("birch", "inbound", 30)]),
        ("caller", [("alder", "outbound", 54)]),
        ("called", [("birch", "inbound", 30)]),
    ],
)
async def test_a_call_between_two_tenants_bills_both_as_configured(
    engine: AsyncEngine, option: str | None, billed: list[tuple[str, str, int]]
) -> None:
    """Each with the hold of its own phone; the option leaves one side out."""
    assert await between(engine, option) == billed


async def test_a_trunk_names_the_tenant_when_nothing_else_does(engine: AsyncEngine) -> None:
    """Last in the order; taken by itself when the trunk is mapped."""
    world = await a_world(engine)
    leg = Leg("k-b", False, True, "anonymous", "+33140000000", "", 0.0, 7.0)
    assert (await world.record(received(leg)))[0].reason == "unknown_tenant"
    async with world.work() as work:
        await work.mapping.keep_trunk(world.provider_id, "carrier", world.tenant_id)
        await work.directory.changed(world.provider_id)
    await replay_until_done(world)
    assert [call[7] for call in (await state(world))["calls"]] == [12]


async def test_old_legs_are_forgotten_and_their_calls_stay(engine: AsyncEngine) -> None:
    """After the late window nothing can join them any more; what still waits is kept."""
    world = await a_world(engine)
    await world.record(*map(received, every_leg(world.domain)))
    before = await state(world)
    async with world.work() as work:
        await work.legs.prune(NOW + timedelta(days=1), 1_000_000)
    async with world.work() as work:
        left = await work.connection.execute(
            text("SELECT count(*) FROM leg WHERE provider_id = :provider_id"),
            {"provider_id": world.provider_id},
        )
        assert left.scalar_one() == 1
    assert await state(world) == before
