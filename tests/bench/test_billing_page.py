"""The Billing page's data through the gateway: a tenant with 24 invoices and 50,000 calls, 50 requests a second."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psutil

from tests.bench.billing_page_cast import CALLS, INVOICES, PageStage, billed_tenant
from tests.bench.conftest import Running, service_process
from tests.bench.figures import Figures, percentile

RATE = 50
SECONDS = 20
WARM_UP_SECONDS = 3
ALONE = 40
GOAL_MS, GOAL_SHARE_MS, GOAL_RATIO = 80, 10, 1.5
ANSWERING = ("gateway", "invoicing", "usage", "payments", "suspension")


@dataclass
class Answered:
    """Milliseconds from when a request was due until its last byte was read."""

    taken_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    late_ms: float = 0.0


class Connections:
    """Kept-alive connections with as little work as can be: the client shares the machine."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._address = parts.hostname, parts.port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._opened: list[asyncio.StreamWriter] = []

    async def get(self, target: str, token: str) -> tuple[int, bytes]:
        reader, writer = self._kept() or await self._open()
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(one for one in fields if one.lower().startswith("content-length:"))
        body = await reader.readexactly(int(length.split(":", 1)[1]))
        self._free.append((reader, writer))
        return int(status.split(" ", 2)[1]), body

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The one used last; those that the server closed after 5 s without a question are left."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
        return None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self._address)
        self._opened.append(writer)
        return reader, writer

    def close(self) -> None:
        for writer in self._opened:
            writer.close()


async def _at_rate(connections: Connections, target: str, tokens: list[str], seconds: float) -> Answered:
    """Sends at fixed instants, whatever the answers do: a slow answer delays nobody's question."""
    answered = Answered()
    begun = time.perf_counter()

    async def ask(number: int) -> None:
        due = begun + number / RATE
        await asyncio.sleep(due - time.perf_counter())
        answered.late_ms = max(answered.late_ms, (time.perf_counter() - due) * 1000)
        status, _ = await connections.get(target, tokens[number % len(tokens)])
        answered.statuses[status] += 1
        answered.taken_ms.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(ask(number) for number in range(int(RATE * seconds))))
    return answered


async def _measured(gateway: str, target: str, tokens: list[str], seconds: float) -> Answered:
    """Over connections of its own: the server closes those that were idle for 5 s."""
    connections = Connections(gateway)
    try:
        return await _at_rate(connections, target, tokens, seconds)
    finally:
        connections.close()


async def _alone(client: httpx.AsyncClient, url: str, token: str) -> float:
    """The median of reads one after the other, milliseconds."""
    taken = []
    for _ in range(ALONE):
        begun = time.perf_counter()
        answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        taken.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, answer.text
    return percentile(taken, 50)


async def _services_alone(stage: PageStage, internal: str) -> dict[str, float]:
    """Each call that the page is made of, by itself."""
    services = stage.stage.services
    path = f"/v1/providers/{stage.provider.provider_id}/tenants/{stage.tenant.tenant_id}"
    async with httpx.AsyncClient(trust_env=False) as client:
        summary = (
            await client.get(
                f"{services['invoicing']}{path}/summary", headers={"Authorization": f"Bearer {internal}"}
            )
        ).json()
        period = summary["period"]
        asked = (
            f"start_date={period['start_date']}&end_date={period['end_date']}"
            f"&plan_id={summary['plan_id']}&plan_version={summary['plan_version']}"
        )
        calls = {
            "invoicing preview": f"{services['invoicing']}{path}/preview",
            "invoicing summary": f"{services['invoicing']}{path}/summary",
            "invoicing invoices": f"{services['invoicing']}{path}/invoices?limit=12",
            "usage": f"{services['usage']}{path}/usage?{asked}",
            "payments": f"{services['payments']}{path}/payments?limit=10",
            "methods": f"{services['payments']}{path}/methods",
            "standing": f"{services['suspension']}{path}/standing",
        }
        return {name: await _alone(client, url, internal) for name, url in calls.items()}


def _cpu_seconds(processes: dict[str, psutil.Process]) -> dict[str, float]:
    return {name: sum(one.cpu_times()[:2]) for name, one in processes.items()}


async def test_the_page_at_50_requests_a_second(running: Running, figures: Figures) -> None:
    """Every answer is 200 and holds all sections; what it took stands beside what the slowest service takes alone."""
    processes = {name: service_process(running.stack, name) for name in ANSWERING}
    internal = processes["gateway"].environ()["TOLLGATE_INTERNAL_TOKEN"].split(",")[0].strip()
    async with billed_tenant(running.stack.endpoints_file) as stage:
        gateway = stage.stage.services["gateway"]
        target = "/api/v1/billing/overview"
        await _measured(gateway, target, stage.tokens, WARM_UP_SECONDS)
        async with httpx.AsyncClient(trust_env=False) as client:
            page_ms = await _alone(client, gateway + target, stage.tokens[0])
        services_ms = await _services_alone(stage, internal)
        before = _cpu_seconds(processes)
        answered = await _measured(gateway, target, stage.tokens, SECONDS)
        after = _cpu_seconds(processes)
    asked = RATE * SECONDS
    assert answered.statuses == {200: asked}, answered.statuses
    slowest, slowest_ms = max(services_ms.items(), key=lambda item: item[1])
    cpu = ", ".join(f"{name} {(after[name] - before[name]) * 1000 / asked:.1f}" for name in ANSWERING)
    p95 = percentile(answered.taken_ms, 95)
    figures.add(
        f"the Billing page's data at {RATE}/s, {INVOICES} invoices, {CALLS:,} calls, p95",
        f"{p95:.0f} ms",
        goal=f"< {GOAL_MS} ms",
        beside=f"p50 {percentile(answered.taken_ms, 50):.0f} ms, p99 {percentile(answered.taken_ms, 99):.0f} ms; CPU ms a"
        f" page: {cpu}; client late by {answered.late_ms:.0f} ms at most",
    )
    figures.add(
        "the same, one after the other, median",
        f"{page_ms:.1f} ms",
        goal=f"<= {GOAL_RATIO} of the slowest service's call; gateway's share < {GOAL_SHARE_MS} ms",
        beside=f"slowest: {slowest} {slowest_ms:.1f} ms, ratio {page_ms / slowest_ms:.2f}, more by"
        f" {page_ms - slowest_ms:.1f} ms; " + ", ".join(f"{n} {ms:.1f}" for n, ms in services_ms.items()),
    )
