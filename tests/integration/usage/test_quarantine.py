"""What cannot be placed waits, and is taken when it can be."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
import typer
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.adapters.work import count_under_way
from services.usage.entrypoints.commands import add_commands
from services.usage.entrypoints.formats.reading import read_record
from services.usage.entrypoints.scheduler import replay_step
from services.usage.main import open_tools
from services.usage.settings import ToolSettings
from services.usage.use_cases.ports import QuarantinedRecord
from services.usage.use_cases.provision_resources import Provision
from services.usage.use_cases.replay_quarantine import replay_chosen
from shared.errors import NotFound
from shared.events.invoicing import ClockAdvanced
from tests.integration.usage.conftest import LATE_WINDOW, NOW, World, make_world
from tests.integration.usage.test_periods import received

pytestmark = pytest.mark.integration


async def waiting(world: World) -> list[QuarantinedRecord]:
    async with world.work() as work:
        return await work.quarantine.listed(world.provider_id, state="waiting", after=None, limit=100)


async def replay_until_done(world: World) -> None:
    while await count_under_way(world.engine, world.provider_id):
        await replay_step(world.work, PhoneNumbers(), read_record, late_window=LATE_WINDOW)


async def test_a_record_of_an_unknown_tenant_is_taken_when_the_tenant_opens(engine: AsyncEngine) -> None:
    """By itself, in whatever order tenant and plan become known; a test clock waits for it."""
    world = make_world(engine)
    await world.hear(ClockAdvanced(provider_id=world.provider_id, now=NOW))
    await world.record(received(world), received(world))
    assert [one.reason for one in await waiting(world)] == ["unknown_tenant"] * 2
    assert await count_under_way(engine, world.provider_id) == 0
    await world.hear(world.tenant())
    await replay_until_done(world)
    assert [one.reason for one in await waiting(world)] == ["unknown_plan"] * 2
    await world.hear(world.plan())
    await replay_until_done(world)
    assert await waiting(world) == []
    async with world.work() as work:
        totals = await work.calls.day_totals(world.tenant_id, NOW.date() - timedelta(days=60), NOW.date())
    assert [(one.calls, one.billed_calls, one.billed_seconds) for one in totals] == [(2, 2, 60)]


async def test_a_record_is_taken_when_its_did_is_provisioned(world: World) -> None:
    """The number alone places it."""
    foreign = received(world, called="+12125550188", caller="+442079460123")
    one = foreign.__class__(
        "freeswitch", foreign.raw.replace(world.domain.encode(), b"sip.carrier.example"), foreign.record
    )
    record = read_record("freeswitch", one.raw, {})
    await world.record(one.__class__("freeswitch", one.raw, record))
    assert len(await waiting(world)) == 1
    await world.provision(Provision("did", "+12125550188", NOW - timedelta(days=60), None))
    await replay_until_done(world)
    assert await waiting(world) == []


async def test_a_call_over_a_day_waits_for_the_operator(world: World) -> None:
    """It is billed only after somebody has looked (R14)."""
    await world.record(received(world, talk_us=24 * 3600 * 1_000_000 + 1000, answer=NOW - timedelta(days=3)))
    (one,) = await waiting(world)
    assert one.reason == "over_24_hours"
    for accepted, status in ((False, "quarantined"), (True, "taken")):
        async with world.work() as work:
            outcomes = await replay_chosen(
                work,
                PhoneNumbers(),
                read_record,
                world.provider_id,
                [one.quarantine_id],
                late_window=LATE_WINDOW,
                accepted=accepted,
            )
        assert [outcome.status for outcome in outcomes] == [status]
    assert await waiting(world) == []


async def test_the_command_says_how_to_accept_a_long_call(world: World, database_url: str) -> None:
    """With its own option, in the list and for one record; and the option does what is said."""
    await world.record(received(world, talk_us=25 * 3600 * 1_000_000, answer=NOW - timedelta(days=3)))
    (one,) = await waiting(world)
    cli = typer.Typer()
    add_commands(cli, lambda: ToolSettings(database_url=SecretStr(database_url)), open_tools)

    async def said(*arguments: str) -> str:
        provider = ("--provider", str(world.provider_id))
        command = ["quarantine", *arguments, *provider]
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "400"}).invoke, cli, command)
        assert result.exit_code == 0, result.output
        return result.output

    advice = "The call is over 24 hours long; look at it, then replay it with --accept, or leave it."
    assert advice in await said("list")
    assert f"detail:   {advice}" in await said("show", str(one.quarantine_id))
    assert "1 taken" in await said("replay", str(one.quarantine_id), "--accept")


async def test_only_what_waits_can_be_replayed(world: World) -> None:
    """An unknown id is refused."""
    async with world.work() as work:
        with pytest.raises(NotFound):
            await replay_chosen(
                work, PhoneNumbers(), read_record, world.provider_id, [uuid4()], late_window=LATE_WINDOW
            )
