"""Calls by month: made on demand and once, each leg once whatever month it says, old months moved to files."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from pydantic import SecretStr
from sqlalchemy import text
from typer.testing import CliRunner

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.adapters.work import work_opener
from services.usage.domain.records import Received
from services.usage.entrypoints.commands import add_commands
from services.usage.entrypoints.formats.reading import received_freeswitch
from services.usage.entrypoints.scheduler import provide_months
from services.usage.main import open_tools
from services.usage.settings import ToolSettings
from services.usage.use_cases.archive_month import archive_month
from services.usage.use_cases.record_calls import record_calls
from shared.errors import Invalid, NotFound, Unavailable
from tests.integration.usage.conftest import LATE_WINDOW, NOW, World, make_world
from tests.unit.usage.records import leg, posted

pytestmark = pytest.mark.integration


def one_leg(world: World, uuid: str, answer: datetime, talk_us: int = 60_000_000) -> Received:
    (made,) = received_freeswitch(
        posted(leg(domain=world.domain, uuid=uuid, answer=answer, talk_us=talk_us)), None
    )
    return made


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def stored(world: World, statement: str) -> int:
    async with world.engine.connect() as connection:
        found = await connection.execute(text(statement), {"tenant_id": world.tenant_id})
        return int(found.scalar_one())


CALLS = "SELECT count(*) FROM call WHERE tenant_id = :tenant_id"
COUNTED = "SELECT coalesce(sum(calls), 0) FROM day_total WHERE tenant_id = :tenant_id"


async def test_a_month_is_made_when_its_first_call_comes(world: World) -> None:
    """A call of a month that nobody made ahead is taken, and lies in that month's own table."""
    outcomes = await world.record(one_leg(world, "a", datetime(2021, 7, 31, 23, 59, 59, tzinfo=UTC)))
    assert [one.status for one in outcomes] == ["taken"]
    assert await stored(world, CALLS.replace(" call ", " call_2021_07 ")) == 1


async def test_two_that_meet_a_new_month_at_once_are_both_taken(world: World) -> None:
    """Eight transactions bring the first calls of one month: it is made once, and no call is lost."""
    outcomes = await asyncio.gather(
        *(world.record(one_leg(world, f"m{at}", datetime(2021, 9, 1, 0, at, tzinfo=UTC))) for at in range(8))
    )
    assert [one.status for batch in outcomes for one in batch] == ["taken"] * 8
    assert await stored(world, CALLS) == await stored(world, COUNTED) == 8


async def test_the_same_leg_of_another_month_is_a_conflict(world: World) -> None:
    """A leg repeated with a time in another month is not counted again: its key knows no month (R15)."""
    first = one_leg(world, "twice", datetime(2026, 2, 28, 12, tzinfo=UTC))
    moved = one_leg(world, "twice", datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert [one.status for one in await world.record(first)] == ["taken"]
    again = await world.record(moved, first)
    assert [(one.status, one.reason) for one in again] == [("quarantined", "conflict"), ("repeated", None)]
    assert await stored(world, CALLS) == await stored(world, COUNTED) == 1


async def test_a_race_of_one_leg_with_two_times_counts_it_once(world: World) -> None:
    """Both records of a leg arrive at the same moment, each of another month: exactly one is taken."""
    for attempt in range(10):
        pair = [
            one_leg(world, f"race{attempt}", datetime(2026, month, 15, 12, tzinfo=UTC)) for month in (1, 2)
        ]
        outcomes = await asyncio.gather(*(world.record(one) for one in pair))
        assert sorted(batch[0].status for batch in outcomes) == ["quarantined", "taken"]
    assert await stored(world, CALLS) == await stored(world, COUNTED) == 10


async def test_months_are_made_ahead(world: World) -> None:
    """This month and the next two are there before any call; a second time nothing is made."""
    now = datetime(2031, 12, 9, tzinfo=UTC)
    await provide_months(world.work, now)
    assert await provide_months(world.work, now) == 0
    async with world.work() as work:
        assert {date(2031, 12, 1), date(2032, 1, 1), date(2032, 2, 1)} <= set(await work.months.attached())


async def test_an_old_month_moves_to_a_file(world: World, tmp_path: Path, database_url: str) -> None:
    """The file holds every call of the month; totals stay; what comes for the month later waits and counts nothing."""
    answers = [datetime(2019, 5, 1 + at % 28, 10, tzinfo=UTC) for at in range(40)]
    legs = [one_leg(world, f"old{at}", answer) for at, answer in enumerate(answers)]
    await world.record(*legs, one_leg(world, "younger", datetime(2019, 6, 1, 12, tzinfo=UTC)))
    counted = await stored(world, COUNTED)
    cli = typer.Typer()
    add_commands(cli, lambda: ToolSettings(database_url=SecretStr(database_url)), open_tools)
    command = ["archive", "2019-05", "--to", str(tmp_path)]
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "400"}).invoke, cli, command)
    assert result.exit_code == 0, result.output

    (file,) = files_in(tmp_path)
    table = pq.read_table(file)
    assert f"{file}: 40 calls" in result.output
    assert sorted(table.column("leg_id").to_pylist()) == sorted(f"old{at}" for at in range(40))
    assert sorted(table.column("placed_at").to_pylist()) == sorted(answers)
    assert await stored(world, CALLS) == 1
    assert await stored(world, COUNTED) == counted
    assert (
        await stored(
            world,
            "SELECT count(*) FROM call_key WHERE placed_at < '2019-06-01' AND CAST(:tenant_id AS uuid) IS NOT NULL",
        )
        == 0
    )

    late = await world.record(legs[0], one_leg(world, "new", answers[3]))
    # The leg itself is still known, so that its repeat is told; a new one of that month waits.
    assert [(one.status, one.reason) for one in late] == [
        ("repeated", None),
        ("quarantined", "month_archived"),
    ]
    assert await stored(world, COUNTED) == counted


async def test_a_process_that_knew_the_month_notices_that_it_was_archived(
    world: World, tmp_path: Path
) -> None:
    """Two services share a database: one archives a month that the other has just written to for a second provider."""
    there = datetime(2018, 3, 5, 10, tzinfo=UTC)
    second = make_world(world.engine)
    await second.set_up()
    opener = work_opener(world.engine, world.clock)

    async def record(whose: World, uuid: str) -> str:
        async with opener() as work:
            (outcome,) = await record_calls(
                work,
                PhoneNumbers(),
                whose.provider_id,
                [one_leg(whose, uuid, there)],
                late_window=LATE_WINDOW,
            )
        return outcome.status

    assert await record(world, "before") == "taken"
    async with world.work() as work:
        await archive_month(
            work,
            date(2018, 3, 1),
            tmp_path,
            now=NOW,
            months_kept=24,
            late_window=LATE_WINDOW,
            progress=lambda _: None,
        )
    assert await record(world, "after") == "quarantined"
    with pytest.raises(Unavailable):
        await record(second, "first")
    assert await record(second, "first") == "taken"
    assert await stored(second, CALLS) == await stored(second, COUNTED) == 1


@pytest.mark.parametrize(
    ("month", "months_kept", "why"),
    [(date(2025, 5, 1), 24, "Call History"), (date(2026, 1, 1), 1, "late window")],
)
async def test_a_month_that_is_still_needed_stays(
    world: World, tmp_path: Path, month: date, months_kept: int, why: str
) -> None:
    """Neither a month that tenants still read (R64) nor one that can still be billed (R42) is moved."""
    async with world.work() as work:
        with pytest.raises(Invalid, match=why):
            await archive_month(
                work,
                month,
                tmp_path,
                now=NOW,
                months_kept=months_kept,
                late_window=LATE_WINDOW,
                progress=lambda _: None,
            )


async def test_a_month_without_calls_is_not_found(world: World, tmp_path: Path) -> None:
    """Nothing is written for a month that is not stored here."""
    async with world.work() as work:
        with pytest.raises(NotFound):
            await archive_month(
                work,
                date(2001, 1, 1),
                tmp_path,
                now=NOW,
                months_kept=24,
                late_window=LATE_WINDOW,
                progress=lambda _: None,
            )
    assert files_in(tmp_path) == []


async def test_a_large_batch_and_a_small_one_keep_the_same_rows(world: World) -> None:
    """Many rows are copied, few are sent as arrays: the same record gives the same row either way."""
    second = make_world(world.engine)
    await second.set_up()
    begins = datetime(2026, 3, 5, 10, tzinfo=UTC)
    many = [one_leg(world, f"n{at}", begins, talk_us=1_000_000 * at) for at in range(150)]
    few = [one_leg(second, f"n{at}", begins, talk_us=1_000_000 * at) for at in range(150)]
    await world.record(*many)
    for at in range(0, 150, 50):
        await second.record(*few[at : at + 50])
    columns = (
        "leg_id, started_at, answered_at, ended_at, direction, call_class, talk_ms, hold_ms, billed_seconds,"
        " price_per_minute, connect_fee, segments, charge_cap, charge, chargeable, flags, not_billed"
    )
    rows = []
    async with world.engine.connect() as connection:
        for whose in (world, second):
            found = await connection.execute(
                text(f"SELECT {columns} FROM call WHERE tenant_id = :tenant_id ORDER BY leg_id"),  # noqa: S608
                {"tenant_id": whose.tenant_id},
            )
            rows.append([tuple(row) for row in found])
    assert rows[0] == rows[1]
    assert len(rows[0]) == 150
