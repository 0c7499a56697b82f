"""Several usage processes on one database and broker share the work; one killed under load costs nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from services.usage.main import MIGRATIONS
from shared.db.engine import make_engine
from shared.db.migration import migrate
from tests.conftest import FreshDatabase, FreshVhost
from tests.integration.usage.conftest import World, make_world
from tests.integration.usage.test_killed_under_load import (
    BATCHES,
    RECORDS,
    Switches,
    one,
    running,
    source,
    usage_of_march,
)
from tests.support.usage_process import UsageProcess

pytestmark = pytest.mark.integration
WAIT_SECONDS = 60.0


@asynccontextmanager
async def replicas(
    count: int, url: str, broker_url: str, folder: Path
) -> AsyncIterator[tuple[World, list[UsageProcess]]]:
    await migrate(url, MIGRATIONS)
    engine = make_engine(url)
    world = make_world(engine)
    await world.set_up()
    try:
        async with AsyncExitStack() as stack:
            yield (
                world,
                [
                    await stack.enter_async_context(running(world, url, broker_url, folder / str(at)))
                    for at in range(count)
                ],
            )
    finally:
        await engine.dispose()


def shared_out(services: list[UsageProcess], world: World, waiting: list[bytes]) -> list[Switches]:
    """Switches that post to each replica, from one pile."""
    return [Switches(service.url, service.switch_token(world.provider_id), waiting) for service in services]


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a condition; generous, since it says nothing about speed."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if await look():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not become true")


@pytest.mark.parametrize("count", [2, 3])
async def test_replicas_share_the_work_and_one_is_killed(
    count: int, fresh_database: FreshDatabase, fresh_vhost: FreshVhost, tmp_path: Path
) -> None:
    """Every replica takes some of the batches; the calls of the killed one are taken by others, and once."""
    url, vhost = await fresh_database("usage"), await fresh_vhost()
    async with replicas(count, url, vhost.broker_url, tmp_path) as (world, services):
        told = source(world.domain, seed=count)
        waiting = list(told.batches)
        switches = shared_out(services, world, waiting)
        posting = [asyncio.create_task(one.run()) for one in switches]
        await eventually(lambda: _all_took(switches))
        assert waiting, "there is load left when the first one dies"
        await services[0].kill()
        posting[0].cancel()
        await asyncio.gather(posting[0], return_exceptions=True)
        await asyncio.wait_for(asyncio.gather(*posting[1:]), 120)
        # Whatever the killed one had answered or not: its switches send everything once more to a neighbour.
        token = services[1].switch_token(world.provider_id)
        again = Switches(services[1].url, token, list(told.batches))
        await asyncio.wait_for(again.run(), 120)
        shown = await usage_of_march(services[1], world)
        assert sum(day["calls"] for day in shown["days"]) == told.calls
        assert sum(day["billed_seconds"] for day in shown["days"]) == told.billed_seconds
        assert sum(line["billed_seconds"] for line in shown["minutes"]) == told.billed_seconds
        kept = "SELECT count(*) FROM call WHERE tenant_id = :t AND CAST(:p AS uuid) IS NOT NULL"
        assert await one(world, kept) == told.calls
        assert all(one.acknowledged for one in switches)
        assert again.acknowledged == BATCHES


async def _all_took(switches: list[Switches]) -> bool:
    return all(one.acknowledged >= 2 for one in switches)


async def test_usage_is_complete_soon_after_a_call_has_arrived(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost, tmp_path: Path
) -> None:
    """What one replica took is in what the other one shows, as of an instant that is not before the arrival."""
    url, vhost = await fresh_database("usage"), await fresh_vhost()
    async with replicas(2, url, vhost.broker_url, tmp_path) as (world, services):
        told = source(world.domain, seed=9)
        for at in range(3):
            part = list(told.batches[at * 5 : at * 5 + 5])
            token = services[at % 2].switch_token(world.provider_id)
            await Switches(services[at % 2].url, token, part).run()
            taken = (at + 1) * 5 * RECORDS

            async def complete(wanted: int = taken) -> bool:
                shown = await usage_of_march(services[1], world)
                # The provider's own clock, which stands still here.
                assert datetime.fromisoformat(shown["as_of"]) == world.clock.now()
                return sum(int(day["calls"]) for day in shown["days"]) == wanted

            await eventually(complete)
