"""What a process remembers of a directory is never older than what its transaction would read."""

from datetime import date

import pytest

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.adapters.work import work_opener
from services.usage.domain.records import Outcome, Received
from services.usage.use_cases.ports import OpenWork
from services.usage.use_cases.provision_resources import Provision, release_resource
from services.usage.use_cases.record_legs import record_received
from shared.events.invoicing import TenantClosed
from tests.integration.usage.conftest import LATE_WINDOW, NOW, World
from tests.integration.usage.test_periods import received
from tests.unit.usage.records import ANSWER

pytestmark = pytest.mark.integration


async def record(opener: OpenWork, world: World, *records: Received) -> list[Outcome]:
    """By the one process that the opener stands for; ``world`` acts as another one."""
    async with opener() as work:
        return await record_received(
            work, PhoneNumbers(), world.provider_id, records, late_window=LATE_WINDOW
        )


async def not_billed(world: World) -> list[str | None]:
    async with world.work() as work:
        rows = await work.fetch(
            "SELECT not_billed FROM call WHERE tenant_id = :t ORDER BY received_at, not_billed NULLS FIRST",
            t=world.tenant_id,
        )
    return [row["not_billed"] for row in rows]


async def test_a_tenant_closed_elsewhere_is_closed_here_at_once(world: World) -> None:
    """The plan, the zone and the closing day are remembered under a version that counts up with each of them."""
    opener = work_opener(world.engine, world.clock)
    assert (await record(opener, world, received(world)))[0].status == "taken"
    await world.hear(
        TenantClosed(provider_id=world.provider_id, tenant_id=world.tenant_id, closed_on=date(2026, 1, 2))
    )
    assert (await record(opener, world, received(world)))[0].status == "taken"
    assert sorted(map(str, await not_billed(world))) == ["None", "after_close"]


async def test_a_domain_moved_elsewhere_is_looked_up_anew(world: World) -> None:
    """Both that a name has a tenant and that it has none are forgotten."""
    opener = work_opener(world.engine, world.clock)
    assert (await record(opener, world, received(world)))[0].status == "taken"
    await world.hear(world.tenant(sip_domain="moved.example"), time=NOW.replace(hour=13))
    assert (await record(opener, world, received(world)))[0].reason == "unknown_tenant"
    await world.hear(world.tenant(), time=NOW.replace(hour=14))
    assert (await record(opener, world, received(world)))[0].status == "taken"


async def test_numbers_provisioned_and_released_elsewhere_are_seen(world: World) -> None:
    """A batch names the values; that a value was nobody's is remembered too, until the version counts up."""
    opener = work_opener(world.engine, world.clock)

    async def extension_is_held() -> bool:
        async with opener() as work:
            version, _ = await work.directory.state(world.provider_id)
            found = await work.directory.own_resources(
                world.provider_id, version, {world.tenant_id: {"1001", "1002"}}
            )
        return any(one.valid_to is None for one in found[world.tenant_id].get("1001", ()))

    assert not await extension_is_held()
    await world.provision(Provision("extension", "1001", ANSWER, None))
    assert await extension_is_held()
    async with world.work() as work:
        await release_resource(
            work, PhoneNumbers(), world.provider_id, world.tenant_id, "extension", "1001", None
        )
    assert not await extension_is_held()


async def test_what_was_rolled_back_is_not_remembered(world: World) -> None:
    """A transaction reads its own changes, and nobody else does: the next version may say something else."""
    opener = work_opener(world.engine, world.clock)
    with pytest.raises(ZeroDivisionError):
        async with opener() as work:
            await work.directory.close_tenant(world.provider_id, world.tenant_id, date(2026, 1, 2))
            await work.directory.changed(world.provider_id)
            version, _ = await work.directory.state(world.provider_id)
            _, found = await work.directory.tenants_now(world.provider_id, version, [world.tenant_id])
            assert found[world.tenant_id].closed_on == date(2026, 1, 2)
            raise ZeroDivisionError
    async with world.work() as work:
        await work.directory.changed(world.provider_id)
    assert (await record(opener, world, received(world)))[0].status == "taken"
    assert await not_billed(world) == [None]
