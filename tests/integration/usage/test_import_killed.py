"""An import that is killed at any point loses nothing and counts nothing twice."""

import asyncio
import gzip
import json
import os
import random
import signal
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.integration.usage.conftest import World

pytestmark = pytest.mark.integration
BEGIN = 1_773_154_800


def write_source(world: World, path: Path, chance: random.Random) -> None:
    """Lines of our own: good ones, some sent twice, some of nobody, some broken, some with other contents."""
    lines = []
    for at in range(6000):
        record = {
            "id": f"k{at}",
            "tenant": world.domain if chance.random() > 0.02 else "nobody.example",
            "from": "1001",
            "to": "+12125550147",
            "start_time": BEGIN + at,
            "end_time": BEGIN + at + chance.randrange(1, 400) + chance.random(),
        }
        line = json.dumps(record)
        lines.append(line if chance.random() > 0.01 else line[: len(line) // 2])
        if chance.random() < 0.05:
            lines.append(lines[-1])
        if chance.random() < 0.01:
            lines.append(json.dumps(record | {"end_time": BEGIN + at + 4000}))
    path.write_bytes(gzip.compress("\n".join(lines).encode()))


def counted_independently(world: World, path: Path) -> tuple[int, int]:
    """(Calls, billed seconds) straight from the file: the first readable record of each id, in steps of 6 s."""
    first: dict[str, int] = {}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record["tenant"] == world.domain and record["id"] not in first:
            milliseconds = int(
                (round(record["end_time"] * 1_000_000) - record["start_time"] * 1_000_000) // 1000
            )
            first[record["id"]] = -(-milliseconds // 6000) * 6
    return len(first), sum(first.values())


async def run_import(world: World, database_url: str, path: Path, kill_after: float | None) -> int:
    """One run of the real command; killed with SIGKILL after some seconds."""
    command = [
        sys.executable,
        "-m",
        "services.usage",
        "import",
        str(path),
        "--provider",
        str(world.provider_id),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "TOLLGATE_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await asyncio.wait_for(asyncio.shield(process.wait()), kill_after)
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
    output, _ = await process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), output.decode()
    return process.returncode


async def test_killed_at_random_points_it_equals_the_file(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Killed and started again until it gets through: calls and seconds are those counted from the file itself."""
    chance = random.Random(20260310)
    path = tmp_path / "history.ndjson.gz"
    write_source(world, path, chance)
    kills = 0
    while await run_import(world, database_url, path, 0.7 + 0.6 * chance.random() + 0.3 * kills) != 0:
        kills += 1
        assert kills < 40
    async with world.work() as work:
        totals = await work.calls.day_totals(world.tenant_id, date(2026, 3, 1), date(2026, 4, 1))
    found = (sum(one.calls for one in totals), sum(one.billed_seconds for one in totals))
    assert found == counted_independently(world, path)
    assert kills > 0
