"""An open page hears of its tenant's events, over HTTP and a real broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
import uvicorn

from services.gateway.main import build
from shared.events.envelope import Envelope, Event
from shared.events.payments import AutoPayChanged
from shared.events.usage import CallsRecorded, TenantCalls
from shared.ids import EventId, new_id
from shared.messaging.broker import declare_topology
from shared.messaging.topology import EVENTS
from tests.conftest import FreshVhost
from tests.support.billing_people import FENWICK, HARBOR, KESTREL, People, gateway_settings, make_people
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import FakeServices

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


@asynccontextmanager
async def _gateway(people: People, broker_url: str) -> AsyncIterator[str]:
    """A gateway that really serves; its address."""
    app = build(
        gateway_settings(people, broker_url=broker_url),
        transport=FakeServices(),
        open_work=lambda: FakeWork(FakeAuditLog()),
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def _publish(broker_url: str, event: Event) -> None:
    envelope = Envelope.of(event, event_id=EventId(new_id()), source="/services/test", time=NOW, sent_at=NOW)
    async with await aio_pika.connect(broker_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EVENTS)
        await exchange.publish(aio_pika.Message(envelope.to_bytes()), routing_key=event.TYPE, mandatory=False)


async def _again_and_again(broker_url: str, event: Event) -> None:
    while True:
        await _publish(broker_url, event)
        await asyncio.sleep(0.1)


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def _until(events: AsyncIterator[tuple[str, Any]], section: str) -> list[str]:
    """Every section told of up to the first event that names ``section``."""
    told: list[str] = []
    async with asyncio.timeout(20):
        async for name, data in events:
            if name == "changed":
                told += data["sections"]
                if section in data["sections"]:
                    return told
    raise AssertionError(f"the stream ended without {section}")


async def test_an_open_page_hears_of_its_own_tenant_only(tmp_path: Path, fresh_vhost: FreshVhost) -> None:
    """Another tenant's change is not told; a batch of calls reaches each tenant that it names."""
    vhost = await fresh_vhost()
    await declare_topology(vhost.broker_url)
    people = make_people(tmp_path)
    async with (
        _gateway(people, vhost.broker_url) as address,
        httpx.AsyncClient(base_url=address, timeout=30) as client,
        client.stream("GET", "/api/v1/billing/events", headers=people.header("tenant_admin")) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = _events(answer)
        assert await anext(events) == ("open", {})
        # The queue may be made after the page was there: published until it is heard.
        knocking = asyncio.create_task(_again_and_again(vhost.broker_url, _auto_pay(FENWICK)))
        await _until(events, "methods")
        knocking.cancel()
        await asyncio.wait([knocking])
        await _publish(vhost.broker_url, _calls(FENWICK))
        await _until(events, "usage")
        await _publish(vhost.broker_url, _auto_pay(HARBOR))
        await _publish(vhost.broker_url, _calls(HARBOR, FENWICK))
        told = await _until(events, "usage")
        assert "methods" not in told


async def test_a_tenant_user_hears_nothing(tmp_path: Path, fresh_vhost: FreshVhost) -> None:
    """Billing is for admins: 403 before a stream begins."""
    vhost = await fresh_vhost()
    people = make_people(tmp_path)
    async with _gateway(people, vhost.broker_url) as address, httpx.AsyncClient(base_url=address) as client:
        answer = await client.get("/api/v1/billing/events", headers=people.header("tenant_user"))
    assert answer.status_code == 403


def _auto_pay(tenant: Any) -> AutoPayChanged:
    return AutoPayChanged(provider_id=KESTREL, tenant_id=tenant, enabled=True, by="Dana Ruiz")


def _calls(*tenants: Any) -> CallsRecorded:
    return CallsRecorded(
        provider_id=KESTREL,
        batch_id=new_id(),
        tenants=tuple(TenantCalls(tenant_id=one, calls=1, billed_seconds=6) for one in tenants),
        recorded_at=NOW,
    )
