"""The service killed at random points while switches post: nothing is lost, nothing counts twice."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from tests.conftest import FreshVhost
from tests.integration.usage.conftest import World
from tests.support.usage_process import INTERNAL, UsageProcess

pytestmark = pytest.mark.integration
BATCHES, RECORDS, CLIENTS, KILLS = 320, 50, 6, 5
# Batches that may follow a life's goal before its end, so that a fast service leaves work for those after it.
AHEAD = 4 * CLIENTS
# March 3, 2026, noon in New York.
BEGINS_MS = 1_772_557_200_000
TRY_AGAIN_SECONDS = 0.05


@dataclass
class Source:
    """What the switches have to say, and what it must come to by a reckoning of its own."""

    batches: list[bytes]
    calls: int
    billed_seconds: int


def source(domain: str, seed: int) -> Source:
    """Calls of a few hours, some never talked; each billed in steps of 6 s, at least one (R1, R3)."""
    chosen = random.Random(seed)
    batches: list[bytes] = []
    billed = 0
    for _ in range(BATCHES):
        records = []
        for _ in range(RECORDS):
            begins = BEGINS_MS + chosen.randrange(6 * 3_600_000)
            talk_ms = chosen.choice([0, 1, 5_999, 6_000, 6_001, chosen.randrange(900_000)])
            billed += -(-talk_ms // 6_000) * 6
            records.append(
                {
                    "id": str(UUID(int=chosen.getrandbits(128))),
                    "tenant": domain,
                    "direction": "outbound",
                    "from": "1001",
                    "to": f"+1212555{chosen.randrange(10_000):04d}",
                    "start_time": f"{begins // 1000}.{begins % 1000:03d}",
                    "end_time": f"{(begins + talk_ms) // 1000}.{(begins + talk_ms) % 1000:03d}",
                }
            )
        batches.append(orjson.dumps(records))
    return Source(batches, BATCHES * RECORDS, billed)


@dataclass
class Switches:
    """Post every batch until it was acknowledged, as switches do: no answer, or a 5xx, is no acknowledgement."""

    url: str
    token: str
    waiting: list[bytes]
    taken: int = 0
    allowed: int = sys.maxsize
    acknowledged: int = 0
    repeats: int = 0
    statuses: set[int] = field(default_factory=set)

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10) as http:
            while self.waiting:
                if self.taken >= self.allowed:
                    await asyncio.sleep(0.005)
                    continue
                self.taken += 1
                body = self.waiting.pop()
                while not await self._posted(http, body):
                    self.repeats += 1
                    await asyncio.sleep(TRY_AGAIN_SECONDS)
                self.acknowledged += 1

    async def _posted(self, http: httpx.AsyncClient, body: bytes) -> bool:
        try:
            answer = await http.post("/v1/cdrs", content=body)
        except httpx.TransportError:
            return False
        self.statuses.add(answer.status_code)
        return answer.status_code in (200, 201)


@asynccontextmanager
async def running(
    world: World, database_url: str, broker_url: str, folder: Path
) -> AsyncIterator[UsageProcess]:
    service = UsageProcess(database_url, broker_url, folder)
    try:
        await service.start()
        yield service
    finally:
        await service.kill()


async def one(world: World, statement: str) -> int:
    async with world.engine.connect() as connection:
        found = await connection.execute(text(statement), {"t": world.tenant_id, "p": world.provider_id})
        return int(found.scalar_one())


async def usage_of_march(service: UsageProcess, world: World) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {INTERNAL}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers) as http:
        answer = await http.get(
            f"/v1/providers/{world.provider_id}/tenants/{world.tenant_id}/usage",
            params={
                "start_date": "2026-03-01",
                "end_date": "2026-04-01",
                "plan_id": str(world.plan_id),
                "plan_version": "1",
            },
        )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_totals_equal_the_source_after_kills_under_load(
    world: World, database_url: str, fresh_vhost: FreshVhost, tmp_path: Path
) -> None:
    """Five SIGKILLs while six clients post 16,000 calls and repeat what was not acknowledged: every total is exact."""
    told = source(world.domain, seed=42)
    chosen = random.Random(7)
    vhost = await fresh_vhost()
    async with running(world, database_url, vhost.broker_url, tmp_path) as service:
        switches = Switches(service.url, service.switch_token(world.provider_id), list(told.batches))
        posting = asyncio.create_task(switches.run())
        kills = 0
        while kills < KILLS and not posting.done():
            # Each life of the service takes some of the batches and is ended in the middle of others.
            goal = switches.acknowledged + chosen.randrange(5, 22)
            switches.allowed = goal + AHEAD
            while switches.acknowledged < goal and not posting.done():
                await asyncio.sleep(chosen.random() * 0.01)
            await service.kill()
            kills += 1
            await service.start()
        switches.allowed = BATCHES
        await asyncio.wait_for(posting, 120)
        shown = await usage_of_march(service, world)

    assert kills == KILLS
    assert switches.repeats >= KILLS
    assert switches.acknowledged == BATCHES
    assert switches.statuses <= {200, 201, 503}
    assert sum(day["calls"] for day in shown["days"]) == told.calls
    assert sum(day["billed_seconds"] for day in shown["days"]) == told.billed_seconds
    assert sum(line["billed_seconds"] for line in shown["minutes"]) == told.billed_seconds
    assert (
        await one(world, "SELECT count(*) FROM call WHERE tenant_id = :t AND CAST(:p AS uuid) IS NOT NULL")
        == told.calls
    )
    assert (
        await one(
            world, "SELECT count(*) FROM call_key WHERE provider_id = :p AND CAST(:t AS uuid) IS NOT NULL"
        )
        == told.calls
    )
    # What is said to others adds up as well: the batches' events tell each call once.
    assert (
        await one(
            world,
            "SELECT sum(CAST(one->>'calls' AS int)) FROM outbox, jsonb_array_elements("
            " convert_from(body, 'UTF8')::jsonb->'data'->'tenants') AS one"
            " WHERE provider_id = :p AND type = 'usage.calls.recorded.v1' AND CAST(one->>'tenant_id' AS uuid) = :t",
        )
        == told.calls
    )
