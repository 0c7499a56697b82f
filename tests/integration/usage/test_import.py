"""Files that a switch left behind."""

import asyncio
import contextlib
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.entrypoints import importing
from services.usage.entrypoints.commands import add_commands
from services.usage.entrypoints.file_pieces import detect_format
from services.usage.entrypoints.importing import ImportOptions, import_file
from services.usage.main import open_tools
from services.usage.settings import ToolSettings
from services.usage.use_cases.ports import ImportedSoFar
from shared.errors import Invalid
from shared.ids import ProviderId, new_id
from tests.integration.usage.conftest import LATE_WINDOW, World
from tests.unit.usage.records import leg, posted

pytestmark = pytest.mark.integration


def rows(world: World, count: int) -> str:
    return "".join(
        f'"acct-{world.domain}","1001","12125550147","internal","","PJSIP/{at}","PJSIP/t{at}","Dial","",'
        f'"2026-03-05 10:00:00","2026-03-05 10:00:05","2026-03-05 10:01:00",60,55,"ANSWERED","DOC","1.{at}",""\n'
        for at in range(count)
    )


async def take(world: World, path: Path, reached: list[int] | None = None) -> ImportedSoFar:
    seen = [] if reached is None else reached
    options = ImportOptions(world.provider_id, "auto", {"switch": "pbx1", "time_zone": "UTC"}, LATE_WINDOW)
    return await import_file(world.work, PhoneNumbers(), path, options, lambda done, _: seen.append(done))


async def test_a_stopped_import_goes_on_where_it_stopped(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the second transaction: nothing is lost, counted twice or read again."""
    monkeypatch.setattr(importing, "RECORDS_A_TRANSACTION", 10)
    path = tmp_path / "Master.csv"
    path.write_text(rows(world, 45))

    class Killed(Exception):
        pass

    class Reached(list[int]):
        def append(self, done_bytes: int) -> None:
            super().append(done_bytes)
            if len(self) == 3:
                raise Killed

    stopped = Reached()
    with pytest.raises(Killed):
        await take(world, path, stopped)
    again: list[int] = []
    done = await take(world, path, again)
    assert again[0] == stopped[-1] > 0
    assert (done.taken, done.repeated, done.quarantined) == (45, 0, 0)
    async with world.work() as work:
        (total,) = await work.calls.day_totals(world.tenant_id, date(2026, 3, 1), date(2026, 4, 1))
    assert (total.calls, total.billed_seconds) == (45, 45 * 60)


async def test_an_import_stopped_at_a_stray_quote_goes_on_behind_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after every transaction, wherever it ends: each good row once, the bad one kept."""
    monkeypatch.setattr(importing, "RECORDS_A_TRANSACTION", 2)
    lines = rows(world, 9).splitlines(keepends=True)
    lines[3] = lines[3].replace("Dial", 'Di"al')
    path = tmp_path / "Master.csv"
    path.write_text("".join(lines))

    class Killed(Exception):
        pass

    class Steps(list[int]):
        def append(self, done_bytes: int) -> None:
            super().append(done_bytes)
            if len(self) == 2 and done_bytes < path.stat().st_size:
                raise Killed

    done = None
    while done is None:
        with contextlib.suppress(Killed):
            done = await take(world, path, Steps())
    assert (done.taken, done.repeated, done.quarantined) == (8, 0, 1)


async def test_the_same_records_in_another_file_are_repeats(world: World, tmp_path: Path) -> None:
    """A file copied and longer: the old rows are repeats, the new ones are taken, a broken one is kept."""
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(rows(world, 5))
    second.write_text(rows(world, 7) + '"cut off')
    await take(world, first)
    done = await take(world, second)
    assert (done.taken, done.repeated, done.quarantined) == (2, 5, 1)


async def test_freeswitch_files_are_detected_in_every_form(world: World, tmp_path: Path) -> None:
    """A document as mod_json_cdr leaves it in its error folder, a posted body, and lines of documents."""
    whole, body, lines = tmp_path / "a.cdr.json", tmp_path / "b.cdr", tmp_path / "c.ndjson"
    documents = [posted(leg(domain=world.domain)) for _ in range(4)]
    whole.write_bytes(documents[0])
    body.write_bytes(b"cdr=" + documents[1])
    lines.write_bytes(b"\n".join(documents[2:]) + b"\n")
    assert [detect_format(path) for path in (whole, body, lines)] == ["freeswitch"] * 3
    taken = [(await take(world, path)).taken for path in (whole, body, lines)]
    assert taken == [1, 1, 2]


async def test_an_unknown_provider_is_refused(world: World, tmp_path: Path) -> None:
    """A mistyped --provider must not fill a quarantine that nobody looks at."""
    path = tmp_path / "a.csv"
    path.write_text(rows(world, 1))
    with pytest.raises(Invalid):
        await take(replace(world, provider_id=ProviderId(new_id())), path)


async def test_one_file_that_is_no_record_file_stops_no_other(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """The others are taken, the wrong one is named; what waits is listed with an id that can be copied."""
    good, archive = tmp_path / "b.csv", tmp_path / "a.tgz"
    good.write_text(rows(world, 2) + '"torn","row"\n')
    archive.write_bytes(bytes(range(256)) * 20)
    cli = typer.Typer()
    settings = ToolSettings(database_url=SecretStr(database_url))
    add_commands(cli, lambda: settings, open_tools)
    tool = CliRunner(env={"COLUMNS": "80"})
    provider = ["--provider", str(world.provider_id)]
    done = await asyncio.to_thread(tool.invoke, cli, ["import", str(archive), str(good), *provider])
    assert done.exit_code == 1
    assert "a.tgz: The file is no text" in done.output
    assert re.search(r"b\.csv\W+2\W+0\W+1\W", done.output)
    async with world.work() as work:
        (waits,) = await work.quarantine.listed(world.provider_id, state="waiting", after=None, limit=10)
    listed = await asyncio.to_thread(tool.invoke, cli, ["quarantine", "list", *provider])
    assert str(waits.quarantine_id) in listed.output
