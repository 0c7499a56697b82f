"""The gate with 100,000 tenants in memory: rate against an empty endpoint, delay at 1,000/s, memory, start, sweep."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from deploy.local.tokens import AUDIENCE, ISSUER, Person, TokenIssuer
from services.suspension.adapters.holidays_of import WORKING_DAYS
from services.suspension.adapters.work import SqlSuspensionWork, tenants_due
from services.suspension.entrypoints.scheduler import make_sweep
from services.suspension.main import MIGRATIONS
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import TenantId
from tests.bench.figures import Figures, percentile
from tests.support.infrastructure import Databases, Vhosts

TENANTS = 100_000
SECONDS = 6.0
RATE = 1_000
CONNECTIONS = 16
ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
PROVIDER = "01900000-0000-7000-8000-00000000beef"


async def fill(url: str) -> None:
    """Tenants with an invoice each, all of them due to be looked at; one in a hundred is barred already."""
    connection = await asyncpg.connect(url)
    now = datetime.now(UTC)
    today = now.date()
    try:
        await connection.execute(
            """INSERT INTO tenant (tenant_id, provider_id, name, country, time_zone, currency, sip_domain,
                                   account_codes, changed_at, sent_at)
               SELECT gen_random_uuid(), $1, 'Tenant ' || n, 'US', 'America/New_York', 'USD',
                      'tenant' || n || '.sip.example', ARRAY['t' || n], $2, $2 FROM generate_series(1, $3) n""",
            PROVIDER,
            now,
            TENANTS,
        )
        await connection.execute(
            """INSERT INTO open_invoice (tenant_id, invoice_id, provider_id, number, issued_on, due_on, currency,
                 collectable, paid_minor, balance_minor, newest_at, newest_paid_minor, newest_balance_minor, revision)
               SELECT tenant_id, gen_random_uuid(), provider_id, 'B-1', $1, $2, 'USD', true, 0, 9900, $3, 0, 9900, 1
               FROM tenant""",
            today - timedelta(days=9),
            today + timedelta(days=5),
            now,
        )
        await connection.execute(
            """INSERT INTO standing (tenant_id, provider_id, stage, since, why, next_step_at, evaluated_at,
                 international_barred, doubtful)
               SELECT tenant_id, provider_id,
                      CASE WHEN random() < 0.01 THEN 'both_barred' ELSE 'none' END, $1, '', $1, $1, false, false
               FROM tenant""",
            now - timedelta(minutes=1),
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A serving process, and where an empty endpoint under the same server is."""

    url: str
    empty_url: str
    token: str
    process: psutil.Process
    seconds_to_ready: float


_EMPTY = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/empty")
async def empty():
    return {}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), http="httptools", log_config=None, access_log=False)
"""


@asynccontextmanager
async def serving(database_url: str, broker_url: str, folder: Path) -> AsyncIterator[Server]:
    issuer = TokenIssuer(folder)
    port, empty_port = free_port(), free_port()
    settings = {
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "HTTP_PORT": str(port),
        "INTERNAL_TOKEN": "internal-token-of-the-bench",
        "AUTH_ISSUER": ISSUER,
        "AUTH_AUDIENCE": AUDIENCE,
        "AUTH_JWKS": str(issuer.jwks_file),
        "INVOICING_URL": "http://127.0.0.1:9",
        "PAYMENTS_URL": "http://127.0.0.1:9",
        # The sweep is measured by itself.
        "SWEEP_SECONDS": "60",
        "LOG_LEVEL": "ERROR",
    }
    environment = {**os.environ, **{f"TOLLGATE_{name}": value for name, value in settings.items()}}
    begun = time.monotonic()
    command = [sys.executable, "-m", "services.suspension", "serve"]
    empty_command = [sys.executable, "-c", _EMPTY, str(empty_port)]
    served = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)  # noqa: ASYNC220
    empty = subprocess.Popen(empty_command, cwd=ROOT, stdin=subprocess.DEVNULL)  # noqa: ASYNC220
    url, empty_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{empty_port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await _until_ok(client, f"{url}/health/ready")
            taken = time.monotonic() - begun
            await _until_ok(client, f"{empty_url}/empty")
        token = issuer.mint(Person(sub="edge", roles=["switch"], provider_id=PROVIDER))
        yield Server(url, empty_url, token, psutil.Process(served.pid), taken)
    finally:
        for one in (served, empty):
            one.terminate()
            one.wait(15)


async def _until_ok(client: httpx.AsyncClient, url: str) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        try:
            if (await client.get(url)).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(f"{url} was not ready")


def request(url: str, token: str, number: int) -> bytes:
    host = url.removeprefix("http://")
    path = f"/v1/call-policy?tenant=tenant{1 + number % TENANTS}.sip.example&direction=outbound&to=%2B1212555{number % 10000:04d}"
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def empty_request(url: str) -> bytes:
    return f"GET /empty HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\n\r\n".encode()


class Connection(asyncio.Protocol):
    """One kept connection: sends a request, waits for its whole answer."""

    def __init__(self) -> None:
        self._held = b""
        self._waiting: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) >= length and self._waiting is not None:
            self._held = b""
            self._waiting.set_result(head[9:12])
            self._waiting = None

    async def ask(self, content: bytes) -> bytes:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(content)
        return await self._waiting


async def connected(url: str) -> Connection:
    host, port = url.removeprefix("http://").split(":")
    _, made = await asyncio.get_running_loop().create_connection(Connection, host, int(port))
    return made


async def full_rate(url: str, requests: list[bytes], seconds: float) -> float:
    """Answers a second, ``CONNECTIONS`` waiting for theirs at any time."""
    connections = [await connected(url) for _ in range(CONNECTIONS)]
    stop = time.perf_counter() + seconds
    counts = [0] * CONNECTIONS

    async def one(place: int) -> None:
        number = place
        while time.perf_counter() < stop:
            assert await connections[place].ask(requests[number % len(requests)]) == b"200"
            counts[place] += 1
            number += CONNECTIONS

    await asyncio.gather(*(one(place) for place in range(CONNECTIONS)))
    for connection in connections:
        connection.transport.close()
    return sum(counts) / seconds


async def delays_at(url: str, requests: list[bytes], rate: int, seconds: float) -> list[float]:
    """Seconds from when a question was due until its answer, at a steady rate, whatever the answers do."""
    connections = [await connected(url) for _ in range(CONNECTIONS)]
    delays: list[float] = []
    begun = time.perf_counter() + 0.1

    async def one(place: int) -> None:
        for number in range(place, int(rate * seconds), CONNECTIONS):
            due = begun + number / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            sent = time.perf_counter()
            await connections[place].ask(requests[number % len(requests)])
            # The client's own late waking is not the server's; a late server makes the next one late.
            delays.append(time.perf_counter() - (sent if wait > 0 else due))

    await asyncio.gather(*(one(place) for place in range(CONNECTIONS)))
    for connection in connections:
        connection.transport.close()
    return delays


@pytest.fixture(scope="module")
async def filled(databases: Databases) -> AsyncIterator[str]:
    url = await databases.create("suspension")
    await migrate(url, MIGRATIONS)
    await fill(url)
    yield url
    await databases.drop(url)


async def test_sweep_of_100_000_tenants(filled: str, figures: Figures) -> None:
    """Every tenant is due; looked at once, none is due again."""
    engine = make_engine(filled, pool=4)

    def work() -> SqlSuspensionWork:
        return SqlSuspensionWork(engine, working_days=WORKING_DAYS)

    async def due(limit: int) -> list[TenantId]:
        return await tenants_due(engine, datetime.now(UTC), limit)

    sweep = make_sweep(due, work)
    begun, begun_cpu, looked_at = time.monotonic(), time.process_time(), 0
    while done := await sweep():
        looked_at += done
    taken, cpu = time.monotonic() - begun, time.process_time() - begun_cpu
    await engine.dispose()
    assert looked_at == TENANTS
    figures.add(
        "sweep of 100,000 tenants", f"{taken:.1f} s", goal="< 30 s", beside=f"{cpu:.1f} s of it its own CPU"
    )


async def test_gate_with_100_000_tenants(
    filled: str, vhosts: Vhosts, tmp_path: Path, figures: Figures
) -> None:
    """Start to ready, memory, rate against an empty FastAPI endpoint under the same uvicorn, p99 at 1,000/s."""
    vhost = await vhosts.create()
    async with serving(filled, vhost.broker_url, tmp_path) as server:
        figures.add(
            "gate: start to ready, 100,000 tenants", f"{server.seconds_to_ready:.1f} s", goal="< 10 s"
        )
        requests = [request(server.url, server.token, number) for number in range(0, TENANTS, 37)]
        empty = [empty_request(server.empty_url)]
        await full_rate(server.url, requests, 1.0)
        rates = [
            (
                await full_rate(server.empty_url, empty, SECONDS / 3),
                await full_rate(server.url, requests, SECONDS / 3),
            )
            for _ in range(3)
        ]
        share = percentile([gate / nothing for nothing, gate in rates], 50)
        figures.add(
            "gate: rate against an empty endpoint",
            f"{share:.2f}",
            goal=">= 0.6",
            beside=f"{max(gate for _, gate in rates):.0f}/s against {max(one for one, _ in rates):.0f}/s",
        )
        delays = await delays_at(server.url, requests, RATE, SECONDS)
        figures.add(
            "gate: delay at 1,000/s",
            f"p50 {percentile(delays, 50) * 1000:.2f} ms, p99 {percentile(delays, 99) * 1000:.2f} ms",
            goal="p99 < 5 ms",
            beside="client and server share the machine",
        )
        resident = server.process.memory_info().rss / MIB
        figures.add("gate: resident memory, 100,000 tenants", f"{resident:.0f} MiB", goal="< 250 MiB")
    await vhosts.delete(vhost)
