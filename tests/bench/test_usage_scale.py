"""Usage alone on its own servers: batches over HTTP, many stored calls, closing periods, a long import."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from services.usage.main import MIGRATIONS
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.events.invoicing import PeriodEnded
from tests.bench.figures import Figures
from tests.bench.http_load import Load, post_all, request_bytes
from tests.bench.usage_rows import RECORDS_A_BODY, add_rollups, bodies, copy_rate, documents, store_calls
from tests.integration.usage.conftest import World, make_world
from tests.support.infrastructure import Databases, Vhosts
from tests.support.usage_process import INTERNAL, ROOT, UsageProcess

MIB = 1024 * 1024
# Rounds of some seconds, so that their ends, where connections run dry, weigh little.
ROUNDS, BODIES_A_ROUND, WARM_UP = 3, 120, 20
DOCUMENTS_A_ROUND = 4_000
# A farm of switches, each with a connection or a few; the discarding server is asked by as many.
SWITCH_CONNECTIONS = 128
# A body of this size whose route does not exist is received whole and answered 404.
TAKEN, DISCARDED = "/v1/cdrs/freeswitch", "/v1/cdrs/no-such-switch"
# The sizes take half an hour to store on two cores: BENCH_STORED=1000000,20000000 BENCH_IMPORT=1000000.
FEW_STORED, MANY_STORED = (int(one) for one in os.environ.get("BENCH_STORED", "100000,2000000").split(","))
IMPORTED = int(os.environ.get("BENCH_IMPORT", "100000"))
CLOSED_SMALL, CLOSED_LARGE = 1_000, int(os.environ.get("BENCH_CLOSED", "300000"))


@dataclass
class Alone:
    """A usage process with a database of its own."""

    url: str
    service: UsageProcess
    world: World

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.service.pid)

    def requests(self, count: int, seed: int) -> list[bytes]:
        token = self.service.switch_token(self.world.provider_id)
        return [
            request_bytes(self.service.url, "/v1/cdrs", token, body)
            for body in bodies(self.world.domain, count, seed)
        ]

    async def calls_shown(self) -> int:
        """How many calls the tenant's usage of March holds."""
        path = (
            f"{self.service.url}/v1/providers/{self.world.provider_id}/tenants/{self.world.tenant_id}/usage"
        )
        asked = {"start_date": "2026-03-01", "end_date": "2026-04-01", "plan_version": "1"}
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {INTERNAL}"}, timeout=30) as http:
            answer = await http.get(path, params={**asked, "plan_id": str(self.world.plan_id)})
        assert answer.status_code == 200, answer.text
        return sum(int(day["calls"]) for day in answer.json()["days"])


@pytest.fixture
async def alone(databases: Databases, vhosts: Vhosts, tmp_path: Path) -> AsyncIterator[Alone]:
    url = await databases.create("usage")
    await migrate(url, MIGRATIONS)
    engine = make_engine(url)
    world = make_world(engine)
    await world.set_up()
    vhost = await vhosts.create()
    service = UsageProcess(url, vhost.broker_url, tmp_path)
    try:
        await service.start()
        yield Alone(url, service, world)
    finally:
        await service.stop()
        await engine.dispose()
        await databases.drop(url)


def _records(load: Load) -> float:
    return load.per_second * RECORDS_A_BODY


async def test_batches_of_our_json(alone: Alone, figures: Figures) -> None:
    """Every call is durable, rated, counted and visible; the same rows by bare COPY are the baseline, in turns."""
    total = WARM_UP + ROUNDS * BODIES_A_ROUND
    requests = alone.requests(total, seed=1)
    assert (await post_all(alone.service.url, requests[:WARM_UP], alone.process)).statuses == {201: WARM_UP}
    ours: list[Load] = []
    bare: list[float] = []
    lags: list[float] = []
    for at in range(ROUNDS):
        begins = WARM_UP + at * BODIES_A_ROUND
        ours.append(
            await post_all(alone.service.url, requests[begins : begins + BODIES_A_ROUND], alone.process)
        )
        assert ours[-1].statuses == {201: BODIES_A_ROUND}
        begun = time.monotonic()
        assert await alone.calls_shown() == (begins + BODIES_A_ROUND) * RECORDS_A_BODY
        lags.append(time.monotonic() - begun)
        bare.append(await copy_rate(alone.url, alone.world))
    ratios = [_records(mine) / theirs for mine, theirs in zip(ours, bare, strict=True)]
    cores = statistics.median(load.server_ms * load.per_second / 1000 for load in ours)
    figures.add(
        "our JSON, 500 a request, to visible in the rollups",
        f"{statistics.median(map(_records, ours)):.0f} calls/s",
        beside=f"{cores:.2f} cores of the service; usage read {max(lags):.2f} s after the last answer",
    )
    figures.add("the same rows by COPY and ON CONFLICT", f"{statistics.median(bare):.0f} rows/s")
    figures.add("ratio of the two", f"{statistics.median(ratios):.2f}", goal=">= 0.35")


async def test_single_documents(alone: Alone, figures: Figures) -> None:
    """Every document is taken and counted once; the same server throws the same bodies away, in turns."""
    token = alone.service.switch_token(alone.world.provider_id)
    bodies = documents(alone.world.domain, (ROUNDS + 1) * DOCUMENTS_A_ROUND, seed=5)
    taken, discarded = (
        [request_bytes(alone.service.url, path, token, body) for body in bodies]
        for path in (TAKEN, DISCARDED)
    )
    kept: list[Load] = []
    thrown: list[Load] = []
    for begins in range(0, len(bodies), DOCUMENTS_A_ROUND):
        part = slice(begins, begins + DOCUMENTS_A_ROUND)
        for path_requests, loads in ((discarded, thrown), (taken, kept)):
            load = await post_all(
                alone.service.url, path_requests[part], alone.process, connections=SWITCH_CONNECTIONS
            )
            loads.append(load)
        assert thrown[-1].statuses == {404: DOCUMENTS_A_ROUND}
        assert kept[-1].statuses == {201: DOCUMENTS_A_ROUND}
    assert await alone.calls_shown() == len(bodies)
    # The first round warms up.
    pairs = list(zip(kept, thrown, strict=True))[1:]
    for name, loads in (("taken", kept[1:]), ("discarded (404)", thrown[1:])):
        figures.add(
            f"FreeSWITCH documents of 12 kB {name}, usage alone, {SWITCH_CONNECTIONS} connections",
            f"{statistics.median(load.per_second for load in loads):.0f}/s",
            beside=f"CPU a document: service {statistics.median(load.server_ms for load in loads):.2f} ms",
        )
    ratio = statistics.median(mine.per_second / theirs.per_second for mine, theirs in pairs)
    figures.add("ratio of the two", f"{ratio:.2f}", goal=">= 0.5")


async def test_cost_with_many_calls_stored(alone: Alone, figures: Figures) -> None:
    """The same requests into a store of few and of twenty times as many calls, spread over twenty months."""
    start, end = datetime(2024, 9, 1, tzinfo=UTC), datetime(2026, 3, 17, tzinfo=UTC)
    rates: list[float] = []
    cpu: list[float] = []
    for seed, (stored, wanted) in enumerate(((0, FEW_STORED), (FEW_STORED, MANY_STORED))):
        await store_calls(alone.url, alone.world, start, end, wanted - stored)
        requests = alone.requests(WARM_UP + BODIES_A_ROUND, seed=10 + seed)
        await post_all(alone.service.url, requests[:WARM_UP], alone.process)
        load = await post_all(alone.service.url, requests[WARM_UP:], alone.process)
        assert load.statuses == {201: BODIES_A_ROUND}
        rates.append(_records(load))
        cpu.append(load.server_ms / RECORDS_A_BODY * 1000)
    figures.add(
        f"cost of a call with {MANY_STORED:,} stored, to that with {FEW_STORED:,}",
        f"{rates[0] / rates[1]:.2f} in time, {cpu[1] / cpu[0]:.2f} in CPU of the service",
        goal="<= 1.2",
        beside=f"{rates[0]:.0f} and {rates[1]:.0f} calls/s",
    )


async def _close(url: str, world: World, calls: int) -> float:
    """Seconds from the period's end to its totals in the outbox."""
    await store_calls(
        url, world, datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), calls
    )
    await add_rollups(url, world)
    ended = PeriodEnded.model_validate(
        {
            "provider_id": world.provider_id,
            "tenant_id": world.tenant_id,
            "start_date": date(2026, 3, 1),
            "end_date": date(2026, 4, 1),
            "plan_id": world.plan_id,
            "plan_version": 1,
        }
    )
    begun = time.monotonic()
    await world.hear(ended)
    taken = time.monotonic() - begun
    connection = await asyncpg.connect(url)
    try:
        kept = await connection.fetchval(
            "SELECT sum((line->>'calls')::int) FROM period_revision, jsonb_array_elements(lines) AS line"
            " WHERE tenant_id = $1",
            world.tenant_id,
        )
    finally:
        await connection.close()
    assert kept == calls
    return taken


async def test_closing_a_period(alone: Alone, figures: Figures) -> None:
    """A period of a thousand calls and one of very many take the same: totals are read, not calls."""
    worlds = [make_world(alone.world.engine) for _ in range(4)]
    for world in worlds:
        await world.set_up()
    await _close(alone.url, worlds[0], 100)
    small = [
        await _close(alone.url, worlds[1], CLOSED_SMALL),
        await _close(alone.url, worlds[2], CLOSED_SMALL),
    ]
    large = await _close(alone.url, worlds[3], CLOSED_LARGE)
    figures.add(
        f"closing a period of {CLOSED_LARGE:,} calls, to one of {CLOSED_SMALL:,}",
        f"{large / min(small):.2f}",
        goal="<= 2",
        beside=f"{large * 1000:.0f} and {min(small) * 1000:.0f} ms",
    )


async def test_memory_of_a_long_import(alone: Alone, figures: Figures, tmp_path: Path) -> None:
    """The importing process holds as much at the end as at the beginning, and every record is taken."""
    file = tmp_path / "history.ndjson"
    count = IMPORTED // RECORDS_A_BODY
    with file.open("wb") as out:
        for at in range(count):
            (body,) = bodies(alone.world.domain, 1, seed=1_000 + at)
            out.write(body[1:-1].replace(b"},{", b"}\n{") + b"\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.usage", "import", str(file)),
        *("--provider", str(alone.world.provider_id), "--format", "own"),
        cwd=ROOT,
        env={**os.environ, "TOLLGATE_DATABASE_URL": alone.url},
        stdout=asyncio.subprocess.DEVNULL,
    )
    seen: list[float] = []
    begun = time.monotonic()
    watched = psutil.Process(process.pid)
    waiting = asyncio.create_task(process.wait())
    while not waiting.done():
        try:
            seen.append(watched.memory_info().rss / MIB)
        except psutil.NoSuchProcess:
            break
        await asyncio.sleep(0.5)
    assert await waiting == 0
    taken = time.monotonic() - begun
    assert await alone.calls_shown() == count * RECORDS_A_BODY
    settled = seen[len(seen) // 4 :]
    figures.add(
        f"memory of an import of {IMPORTED:,} records",
        f"at most {max(seen):.0f} MiB",
        goal="< 200 MiB, flat",
        beside=f"from {settled[0]:.0f} to {settled[-1]:.0f} MiB after its first quarter; {IMPORTED / taken:.0f} records/s",
    )
