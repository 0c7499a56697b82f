"""From the webhook that tells of a payment until the edge connects the tenant's next call, with push, under load."""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import asyncpg
import pytest

from deploy.demo import deeds
from deploy.demo.api import Api
from deploy.demo.cast import PROVIDER, StagedTenant
from deploy.demo.play import A_NUMBER
from shared.db.engine import make_engine
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.usage import ThresholdCleared
from shared.ids import ProviderId, TenantId, new_id
from tests.bench.cast import BenchStage, staged_provider
from tests.bench.conftest import Running
from tests.bench.figures import Figures, percentile
from tests.bench.test_restoration import PATIENCE_SECONDS, delivered, pay_unseen
from tests.sip.tools import RPC_SECRET, Edge, answering, running_edge

# More than the usual five minutes, most of it for setting the stage; a first look needs fewer.
pytestmark = pytest.mark.timeout(600)
RESTORATIONS = int(os.environ.get("BENCH_RESTORATIONS", "200"))
# So many pay in one round, which saves time; the simulator lets their events go 20 ms apart.
AT_ONCE = 2
EVENTS_A_SECOND = 200
# Between two calls of the impatient tenant.
CALL_SECONDS = 0.01


class Telephone(asyncio.DatagramProtocol):
    """Dials one number of its tenant's, says what came of it, and ends each call as a telephone does."""

    def __init__(self, edge: Edge, tenant: StagedTenant) -> None:
        self._edge, self._domain = edge, tenant.spec.sip_domain
        self._uri = f"sip:{A_NUMBER}@{self._domain}"
        self._waiting: dict[str, asyncio.Future[int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class of transports only looks like one.
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        if not text.startswith("SIP/2.0"):
            return
        status = int(text.split(" ", 2)[1])
        headers = _headers(text)
        call_id = headers["call-id"][0]
        if "INVITE" in headers["cseq"][0]:
            if status >= 300:
                self._send("ACK", call_id, self._uri, headers["to"][0], branch=call_id)
            elif status >= 200:
                contact = headers["contact"][0].strip("<>")
                routes = headers.get("record-route", [])
                for method, cseq in (("ACK", 1), ("BYE", 2)):
                    self._send(method, call_id, contact, headers["to"][0], routes=routes, cseq=cseq)
        waiting = self._waiting.get(call_id)
        if status >= 180 and waiting is not None and not waiting.done():
            waiting.set_result(status)

    async def calls(self) -> int:
        """180 or better: the call is on its way; 403: refused."""
        call_id = uuid.uuid4().hex
        self._waiting[call_id] = asyncio.get_running_loop().create_future()
        self._send("INVITE", call_id, self._uri, f"<{self._uri}>", branch=call_id)
        try:
            return await asyncio.wait_for(self._waiting[call_id], 10)
        finally:
            del self._waiting[call_id]

    def _send(
        self,
        method: str,
        call_id: str,
        uri: str,
        to: str,
        *,
        branch: str = "",
        routes: list[str] | None = None,
        cseq: int = 1,
    ) -> None:
        """``branch``: an ACK of a refusal has the one of its INVITE (RFC 3261, 17.1.1.3)."""
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{branch or uuid.uuid4().hex}",
            *(f"Route: {route}" for route in reversed(routes or [])),
            f"From: <sip:101@{self._domain}>;tag={call_id[:8]}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:101@127.0.0.1:{self.port}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "\r\n",
        ]
        self.transport.sendto("\r\n".join(lines).encode(), ("127.0.0.1", self._edge.sip_port))


def _headers(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Nobody else gets the port: a telephone that happened to have the carrier's would make inbound calls."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", port))
        yield


@asynccontextmanager
async def telephone_of(edge: Edge, tenant: StagedTenant) -> AsyncIterator[Telephone]:
    _, telephone = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Telephone(edge, tenant), local_addr=("127.0.0.1", 0)
    )
    try:
        yield telephone
        # The call is answered 0.1 s later, and hung up.
        await asyncio.sleep(0.2)
    finally:
        telephone.transport.close()


async def paid(simulator: Api, telephone: Telephone, tenant: StagedTenant) -> None:
    """Paid at Stripe, which has not said so; refused, and the refusal is in the edge's cache."""
    await pay_unseen(simulator, tenant)
    assert await telephone.calls() == 403


async def until_connected(telephone: Telephone, tenant: StagedTenant, released: float) -> float:
    """Seconds from Stripe's events being let go to the edge sending the call on."""
    while await telephone.calls() == 403:
        assert time.monotonic() - released < PATIENCE_SECONDS, f"{tenant.spec.slug} is still refused"
        await asyncio.sleep(CALL_SECONDS)
    return time.monotonic() - released


async def one_round(simulator: Api, edge: Edge, tenants: Sequence[StagedTenant]) -> list[float]:
    """All of them pay, then Stripe's events are let go, one after the other."""
    async with AsyncExitStack() as stack:
        telephones = [await stack.enter_async_context(telephone_of(edge, one)) for one in tenants]
        pairs = list(zip(telephones, tenants, strict=True))
        await delivered(simulator)
        await simulator.post("/_simulator/webhooks/hold", {})
        try:
            await asyncio.gather(*(paid(simulator, *pair) for pair in pairs))
        finally:
            released = time.monotonic()
            await simulator.post("/_simulator/webhooks/release", {})
        return await asyncio.gather(*(until_connected(*pair, released) for pair in pairs))


class Flow:
    """Events of usage that suspension handles, each in a transaction of its own, about tenants that nobody calls."""

    def __init__(self, database_url: str) -> None:
        self._engine = make_engine(database_url, pool=8)
        self.sent = 0
        self.begun = time.monotonic()

    @property
    def rate(self) -> float:
        return self.sent / (time.monotonic() - self.begun)

    async def run(self) -> None:
        """At a fixed rate, whether or not earlier ones are done."""
        provider = ProviderId(new_id())
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                await asyncio.sleep(max(0.0, self.begun + self.sent / EVENTS_A_SECOND - time.monotonic()))
                self.sent += 1
                task = asyncio.create_task(self._emit(provider))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            await asyncio.gather(*under_way)
            await self._engine.dispose()

    async def _emit(self, provider: ProviderId) -> None:
        now = datetime.now(UTC)
        event = ThresholdCleared(
            provider_id=provider,
            tenant_id=TenantId(new_id()),
            kind="spend_limit",
            why="new_period",
            at=now,
        )
        async with SqlUnitOfWork(self._engine, source="tollgate/usage") as work:
            work.emit(event, time=now)


@asynccontextmanager
async def flowing(database_url: str) -> AsyncIterator[Flow]:
    flow = Flow(database_url)
    task = asyncio.create_task(flow.run())
    try:
        yield flow
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def suspended(staged: BenchStage) -> list[StagedTenant]:
    """All late payers, of which the gate says so."""
    answers = await asyncio.gather(
        *(deeds.policy(one.provider, one, "outbound", A_NUMBER) for one in staged.late_payers)
    )
    assert set(answers) == {"reject"}
    return staged.late_payers


async def quiet(staged: BenchStage) -> None:
    """Waits until the weeks in which nobody paid are over for everybody: their mails take longer than the clock."""
    connection = await asyncpg.connect(staged.stage.endpoints["database_urls"]["notifications"])
    try:
        while await connection.fetchval("SELECT count(*) FROM mail WHERE state = 'waiting'"):
            await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def rounds(staged: BenchStage, edge: Edge) -> list[float]:
    simulator = Api(staged.stage.endpoints["stripe_simulator"], "")
    try:
        late = await suspended(staged)
        found: list[float] = []
        for start in range(0, len(late), AT_ONCE):
            found += await one_round(simulator, edge, late[start : start + AT_ONCE])
        return found
    finally:
        await simulator.close()


async def test_payment_webhook_to_the_next_call_at_the_edge(
    running: Running, figures: Figures, tmp_path: Path
) -> None:
    """The refusal is cached for five seconds, so anything under that is the push's doing."""
    async with staged_provider(running.stack.endpoints_file, late_payers=RESTORATIONS) as staged:
        await quiet(staged)
        services = staged.stage.services
        with running_edge(
            tmp_path,
            gate_url=f"{services['suspension']}/v1/call-policy",
            cdr_url=f"{services['usage']}/v1/cdrs",
            token=staged.provider.switch_token,
        ) as edge:
            body = {"kind": "kamailio_jsonrpc", "url": edge.rpc_url, "secret": RPC_SECRET}
            await staged.provider.admin.put(f"{PROVIDER}/switches/bench-edge", body)
            usage_url = staged.stage.endpoints["database_urls"]["usage"]
            with answering(edge, edge.carrier_port), taken(edge.trunk_port):
                async with flowing(usage_url) as flow:
                    seconds = await rounds(staged, edge)
                    rate = flow.rate
    figures.add(
        "payment webhook to the next call at the edge",
        f"p50 {percentile(seconds, 50):.3f} s, p99 {percentile(seconds, 99):.3f} s,"
        f" slowest {max(seconds):.3f} s",
        goal="p99 < 1 s",
        beside=f"{len(seconds)} restorations with push, {rate:.0f} events/s flowing",
    )
