"""Whatever the order, and whatever happens beside it: the same lines. And the commands of rating."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import typer
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from services.usage.entrypoints.commands import add_commands
from services.usage.entrypoints.scheduler import re_rating_step
from services.usage.main import open_tools
from services.usage.settings import ToolSettings
from services.usage.use_cases.re_rate_periods import ask_re_rating
from shared.events.invoicing import ClockAdvanced
from shared.ids import PlanId
from tests.integration.usage.conftest import NOW, Api, World, make_world
from tests.integration.usage.test_periods import meter_until_done, said
from tests.integration.usage.test_rating import DECK, MARCH_10, by_deck, call, march_by, upload

pytestmark = pytest.mark.integration

NUMBERS = ["+12125550147", "+442071234567", "+447123456789", "911"]
BUNDLES = (
    {"bundle": "uk", "classes": ("international", "mobile"), "minutes": 9},
    {"bundle": "own", "classes": ("national",), "minutes": 2, "per_extension": True, "pooled": False},
)


def documents(chosen: random.Random, count: int) -> list[dict[str, Any]]:
    return [
        {
            "number": chosen.choice(NUMBERS),
            "seconds": chosen.randrange(0, 200),
            "at": MARCH_10 + timedelta(minutes=chosen.randrange(0, 9 * 1440)),
            "id": f"leg-{position}",
        }
        for position in range(count)
    ]


async def deck_by_command(database_url: str, world: World, folder: Path, content: str = DECK) -> str:
    """Uploads by the command line."""
    file = folder / "deck.csv"
    file.write_text(content)
    cli = typer.Typer()
    add_commands(cli, lambda: ToolSettings(database_url=SecretStr(database_url)), open_tools)
    words = ["deck", "upload", str(file), "--provider", str(world.provider_id), "--effective", "2026-01-01"]
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "300"}).invoke, cli, words)
    return result.output


async def test_lines_do_not_depend_on_order_plan_or_re_rating(
    engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    """Shuffled batches; the plan told before or after the calls; a re-rating that changes nothing in between."""
    plan_id = PlanId(uuid4())
    sent = documents(random.Random(3), 40)
    results = []
    for seed in range(3):
        order = random.Random(seed)
        world = make_world(engine)
        world.plan_id = plan_id
        await world.hear(ClockAdvanced(provider_id=world.provider_id, now=NOW))
        await world.hear(world.provider())
        await world.hear(world.plan())
        await world.hear(world.tenant())
        assert "Taken as version 1" in await deck_by_command(database_url, world, tmp_path)
        records = [call(world, **one) for one in sent]
        order.shuffle(records)
        early, late = (records, []) if seed == 0 else (records[:20], records[20:])
        if seed == 0:
            await by_deck(world, bundles=BUNDLES)
        await world.record(*early[:15])
        await world.record(*early[15:], *early[:5])
        if seed != 0:
            await by_deck(world, bundles=BUNDLES)
        await world.hear(march_by(world))
        if seed == 1:
            async with world.work() as work:
                period = {"start": MARCH_10.date(), "end": NOW.date(), "reason": "Nothing is wrong"}
                await ask_re_rating(work, world.provider_id, tenant_id=None, **period)  # type: ignore[arg-type]
            await re_rating_step(world.work)
        for position in range(0, len(late), 7):
            await world.record(*late[position : position + 7])
        await meter_until_done(world)
        results.append((await said(world))[-1]["minutes"])
    assert len(results[0]) > 4
    assert sum(one["included_seconds"] for one in results[0]) > 0
    assert results[1:] == results[:-1]


async def test_calls_that_come_while_a_period_is_rated_again_are_counted_once(world: World, api: Api) -> None:
    """Recording, re-rating and metering at one time: the rollup is what the calls are, and the last revision has all."""
    await upload(api, world)
    await by_deck(world, included_minutes=5)
    sent = documents(random.Random(9), 60)
    await world.record(*(call(world, **one) for one in sent[:30]))
    await world.hear(march_by(world))
    await upload(api, world, DECK.replace("0.05,0.10,60,60", "0.07,0.10,30,6"))
    async with world.work() as work:
        await ask_re_rating(
            work,
            world.provider_id,
            tenant_id=world.tenant_id,
            start=MARCH_10.date(),
            end=NOW.date(),
            reason="Wrong price",
        )
    late = [call(world, **one) for one in sent[30:]]
    await asyncio.gather(
        re_rating_step(world.work),
        *(world.record(*late[at : at + 3], *late[:at]) for at in range(0, len(late), 3)),
        re_rating_step(world.work),
    )
    await meter_until_done(world)
    event = (await said(world))[-1]
    async with world.engine.connect() as connection:
        (calls,) = await connection.execute(
            text(
                "SELECT count(*), sum(billed_seconds) FROM call WHERE tenant_id = :t AND billed_seconds > 0"
            ),
            {"t": world.tenant_id},
        )
        (days,) = await connection.execute(
            text("SELECT sum(calls), sum(billed_seconds) FROM day_line WHERE tenant_id = :t"),
            {"t": world.tenant_id},
        )
        prices = await connection.execute(
            text(
                "SELECT DISTINCT price_per_minute FROM call WHERE tenant_id = :t AND destination = 'United Kingdom'"
                " AND billed_seconds > 0"
            ),
            {"t": world.tenant_id},
        )
        assert [str(row.price_per_minute) for row in prices] == ["0.070000"]
    assert tuple(calls) == tuple(days)
    minutes = [one for one in event["minutes"] if one["kind"] == "minutes"]
    assert sum(one["billed_seconds"] for one in minutes) == calls[1]


async def test_the_commands_refuse_a_wrong_deck_by_line(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """No traceback: line, field, what to do; and nothing is taken."""
    said_back = await deck_by_command(database_url, world, tmp_path, DECK + "x,y,mobile,1,,,,,,,\n")
    assert "line 6, prefix" in said_back
    assert "Nothing of the deck was taken." in said_back
