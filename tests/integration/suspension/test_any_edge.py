"""An edge that is not ours: written from docs/integrations/sip-edge.md alone, driven against the running service."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.suspension.main import MIGRATIONS
from shared.db.migration import migrate
from tests.integration.suspension.test_service import INTERNAL, Running, running_service, until
from tests.support.infrastructure import Databases, Vhosts
from tests.unit.suspension.builders import on_day, provider_changed

pytestmark = pytest.mark.integration
FAR, SUPPORT = "+12125559999", "+12125550100"


@dataclass
class AnyEdge:
    """Asks, caches by tenant, direction and number, forgets when told; ``held`` maps to (answer, until, asked at)."""

    running: Running
    secret: str = ""
    asked: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    held: dict[tuple[str, str, str], tuple[dict[str, Any], float]] = field(default_factory=dict)
    last: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    async def call(self, direction: str, to: str, *, tenant: str = "acme.sip.example") -> int:
        """The SIP status with which the call ends, 200 for one that goes on."""
        if to in ("911", "112"):
            return 200
        key = tenant.lower(), direction, to
        answer, until_at = self.held.get(key, ({}, 0.0))
        if time.monotonic() >= until_at:
            answer = await self._ask(*key)
        statuses: dict[str, int] = {"allow": 200, "reject": answer.get("code", 403), "announce": 480}
        return statuses[answer["action"]]

    async def _ask(self, tenant: str, direction: str, to: str) -> dict[str, Any]:
        self.asked += 1
        heard = len(self.told)
        answer = await self.running.ask(direction, to, tenant=tenant)
        if answer.status_code == 404:
            return {"action": "reject", "code": 403}
        if answer.status_code != 200:
            return self.last.get((tenant, direction), {"action": "allow"})
        said: dict[str, Any] = answer.json()
        if heard == len(self.told):
            self.held[tenant, direction, to] = said, time.monotonic() + said["ttl"]
        return said

    def take(self, headers: dict[str, str], body: bytes) -> int:
        try:
            pushed = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            return 401
        names = {name.lower() for name in (*pushed["data"]["names"], pushed["data"]["tenant_id"])}
        self.held = {key: value for key, value in self.held.items() if key[0] not in names}
        self.told.append(pushed["data"])
        return 204


@asynccontextmanager
async def listening(edge: AnyEdge) -> AsyncIterator[str]:
    """The edge's webhook over real HTTP; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
            status = edge.take(headers, await reader.readexactly(int(headers["content-length"])))
            writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tollgate"


@pytest.fixture
async def edge(
    databases: Databases, vhosts: Vhosts, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AnyEdge]:
    url, vhost = await databases.create("suspension"), await vhosts.create()
    await migrate(url, MIGRATIONS)
    folder = tmp_path_factory.mktemp("issuer")
    async with running_service(url, vhost.broker_url, folder, push_networks="127.0.0.0/8") as running:
        edge = AnyEdge(running)

        async def ready(running: Running = running) -> bool:
            return (await running.client.get("/health/ready")).status_code == 200

        await until(ready)
        async with listening(edge) as address:
            root = f"/v1/providers/{running.provider_id}"
            body = {"kind": "webhook", "url": address}
            made = await running.client.put(f"{root}/switches/any-edge", json=body, headers=INTERNAL)
            edge.secret = made.json()["secret"]
            yield edge
    await databases.drop(url)
    await vhosts.delete(vhost)


async def _decide(edge: AnyEdge, what: str, stage: str) -> float:
    """Suspends or unsuspends by hand and waits for the push that says so; the seconds until then."""
    heard, begun = len(edge.told), time.monotonic()
    body = {"reason": "a test", "by": "pat"}
    path = f"{edge.running.root}/{what}"
    answer = await edge.running.client.post(path, json=body, headers=INTERNAL)
    assert answer.status_code == 200, answer.text

    async def told() -> bool:
        return any(one["stage"] == stage for one in edge.told[heard:])

    await until(told)
    return time.monotonic() - begun


async def test_an_edge_that_follows_the_page_bars_and_restores_at_once(edge: AnyEdge) -> None:
    """Answers are cached; a push makes the very next call go by the new standing, in both directions."""
    running = edge.running
    await running.publish(provider_changed(running.provider_id), on_day(-14))
    await running.publish(running.opened(), on_day(-14))

    async def known() -> bool:
        return (await running.ask()).status_code == 200

    await until(known)
    assert [await edge.call("outbound", FAR) for _ in range(3)] == [200] * 3
    assert edge.asked == 1
    assert await _decide(edge, "suspend", "both_barred") < 1.0
    assert (edge.told[-1]["stage"], edge.told[-1]["cause"]) == ("both_barred", "manual")
    assert await edge.call("outbound", FAR, tenant="ACME.sip.example") == 403
    assert await edge.call("inbound", "+12125550303") == 480
    assert await edge.call("outbound", SUPPORT) == 200
    assert await edge.call("outbound", "911") == 200
    assert await _decide(edge, "unsuspend", "none") < 1.0
    assert await edge.call("outbound", FAR) == 200
    assert await edge.call("inbound", "+12125550303") == 200
    assert await edge.call("outbound", FAR, tenant="nobody.example") == 403


async def test_a_push_with_a_wrong_signature_makes_it_forget_nothing(edge: AnyEdge) -> None:
    """As the page says: verify it."""
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,AAAA",
    }
    assert edge.take(headers, b"{}") == 401
