"""From the webhook that tells of a payment until the edge connects the tenant's next call, with push."""

import asyncio
import time
import uuid
from pathlib import Path

from deploy.demo import deeds
from deploy.demo.api import Api
from deploy.demo.cast import PROVIDER, StagedTenant
from deploy.demo.play import A_NUMBER
from tests.bench.cast import BenchStage
from tests.bench.figures import Figures, percentile
from tests.bench.test_restoration import PATIENCE_SECONDS, delivered, pay_unseen
from tests.sip.tools import RPC_SECRET, Edge, answering, running_edge

# Between two calls of the impatient tenant.
CALL_SECONDS = 0.01


class Telephone(asyncio.DatagramProtocol):
    """Sends INVITEs and says what final answer each got; leaves calls to end by themselves."""

    def __init__(self, edge: Edge, tenant: StagedTenant) -> None:
        self._edge, self._domain = edge, tenant.spec.sip_domain
        self._waiting: dict[str, asyncio.Future[int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        status = int(text.split(" ", 2)[1]) if text.startswith("SIP/2.0") else 0
        call_id = next(line[8:].strip() for line in text.splitlines() if line.lower().startswith("call-id:"))
        waiting = self._waiting.get(call_id)
        if status >= 180 and waiting is not None and not waiting.done():
            waiting.set_result(status)

    async def calls(self) -> int:
        """180 or better: the call is on its way; 403: refused."""
        call_id = uuid.uuid4().hex
        self._waiting[call_id] = asyncio.get_running_loop().create_future()
        uri = f"sip:{A_NUMBER}@{self._domain}"
        lines = [
            f"INVITE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{call_id}",
            f"From: <sip:101@{self._domain}>;tag={call_id[:8]}",
            f"To: <{uri}>",
            f"Call-ID: {call_id}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:101@127.0.0.1:{self.port}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "\r\n",
        ]
        self.transport.sendto("\r\n".join(lines).encode(), ("127.0.0.1", self._edge.sip_port))
        try:
            return await asyncio.wait_for(self._waiting[call_id], 10)
        finally:
            del self._waiting[call_id]


async def one_round(simulator: Api, edge: Edge, tenant: StagedTenant) -> float:
    """Seconds from Stripe's events being let go to the edge sending the call on."""
    _, telephone = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Telephone(edge, tenant), local_addr=("127.0.0.1", 0)
    )
    await delivered(simulator)
    await simulator.post("/_simulator/webhooks/hold", {})
    try:
        await pay_unseen(simulator, tenant)
        # Refused, and the refusal is in the edge's cache.
        assert await telephone.calls() == 403
    finally:
        released = time.monotonic()
        await simulator.post("/_simulator/webhooks/release", {})
    while await telephone.calls() == 403:
        assert time.monotonic() - released < PATIENCE_SECONDS, f"{tenant.spec.slug} is still refused"
        await asyncio.sleep(CALL_SECONDS)
    taken = time.monotonic() - released
    telephone.transport.close()
    return taken


async def test_payment_webhook_to_the_next_call_at_the_edge(
    staged: BenchStage, figures: Figures, tmp_path: Path
) -> None:
    """The refusal is cached for five seconds, so anything under that is the push's doing."""
    simulator = Api(staged.stage.endpoints["stripe_simulator"], "")
    services = staged.stage.services
    with running_edge(
        tmp_path,
        gate_url=f"{services['suspension']}/v1/call-policy",
        cdr_url=f"{services['usage']}/v1/cdrs",
        token=staged.provider.switch_token,
    ) as edge:
        body = {"kind": "kamailio_jsonrpc", "url": edge.rpc_url, "secret": RPC_SECRET}
        await staged.provider.admin.put(f"{PROVIDER}/switches/bench-edge", body)
        with answering(edge, edge.carrier_port):
            unpaid = [
                tenant
                for tenant in staged.late_payers
                if await deeds.policy(tenant.provider, tenant, "outbound", A_NUMBER) == "reject"
            ]
            try:
                seconds = [await one_round(simulator, edge, tenant) for tenant in unpaid]
            finally:
                await simulator.close()
    figures.add(
        "payment webhook to the next call at the edge",
        f"p50 {percentile(seconds, 50):.3f} s, p99 {percentile(seconds, 99):.3f} s",
        goal="p99 < 1 s",
        beside=f"{len(seconds)} rounds with push, so p99 is the slowest",
    )
