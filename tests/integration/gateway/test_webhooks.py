"""Webhooks out over a real broker and database: every event once, signed, again when it failed, replayed on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aio_pika
import httpx
import pytest
import uvicorn
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.gateway.main import MIGRATIONS, build
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.events.envelope import Envelope
from shared.events.payments import AutoPayChanged
from shared.ids import EventId, ProviderId, new_id
from shared.messaging.topology import EVENTS
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.billing_people import FENWICK, KESTREL, MARLOW, gateway_settings, make_people
from tests.support.fake_services import FakeServices
from tests.support.house import until

pytestmark = pytest.mark.integration
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
HOOKS = "/api/v1/provider/webhooks"


class Receiver:
    """A provider's own system: keeps what it took, answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        return Response("thank you", status_code=self.status)


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


class Scene:
    """A serving gateway, a receiver, and an admin of Kestrel Voice."""

    def __init__(self, client: httpx.AsyncClient, receiver: Receiver, hook: str, broker: str, database: str):
        self.client, self.receiver, self.hook = client, receiver, hook
        self.broker, self.database = broker, database

    async def add(self, *events: str) -> dict[str, Any]:
        answer = await self.client.post(HOOKS, json={"url": self.hook, "events": list(events) or ["*"]})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def publish(self, *, provider: UUID = KESTREL, event_id: EventId | None = None) -> EventId:
        event = AutoPayChanged(
            provider_id=ProviderId(provider), tenant_id=FENWICK, enabled=True, by="Dana Ruiz"
        )
        event_id = event_id or EventId(new_id())
        sent = Envelope.of(event, event_id=event_id, source="/services/test", time=NOW, sent_at=NOW)
        async with await aio_pika.connect(self.broker) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EVENTS)
            await exchange.publish(aio_pika.Message(sent.to_bytes()), routing_key=event.TYPE)
        return event_id

    async def received(self, count: int) -> None:
        async def holds() -> bool:
            return len(self.receiver.got) >= count

        await until(f"{count} webhooks", holds)
        assert len(self.receiver.got) == count

    async def states(self) -> list[str]:
        found = (await self.client.get(HOOKS + "/deliveries")).json()["deliveries"]
        return [one["state"] for one in found]

    async def all_due_now(self) -> None:
        """As if the pause before the next try had passed."""
        engine = make_engine(self.database, pool=1)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE webhook_delivery SET due_at = now() - interval '1 s'"))
        await engine.dispose()


@pytest.fixture
async def scene(
    tmp_path: Path, fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> AsyncIterator[Scene]:
    database, vhost, people = await fresh_database("gateway"), await fresh_vhost(), make_people(tmp_path)
    await migrate(database, MIGRATIONS)
    receiver = Receiver()
    settings = gateway_settings(
        people, broker_url=vhost.broker_url, database_url=database, webhooks_to_private_addresses=True
    )
    app = build(settings, transport=FakeServices())
    header = people.header("provider_admin")
    async with (
        _serving(app) as address,
        _serving(receiver.app) as hook,
        httpx.AsyncClient(base_url=address, headers=header, timeout=30) as client,
    ):

        async def ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until("the gateway to be ready", ready)
        yield Scene(client, receiver, hook + "/hook", vhost.broker_url, database)


async def test_an_event_reaches_the_provider_once_and_signed(scene: Scene) -> None:
    """The body says type and data; the same event published twice is one delivery; another provider's is none."""
    made = await scene.add("payments.*")
    event_id = await scene.publish()
    await scene.publish(event_id=event_id)
    await scene.publish(provider=MARLOW)
    await scene.publish()
    await scene.received(2)
    # Deliveries come in any order.
    [(headers, body)] = [one for one in scene.receiver.got if one[0]["webhook-id"] == str(event_id)]
    told = Webhook(made["secret"]).verify(body, headers)
    assert told["type"] == "payments.auto_pay.changed.v1"
    assert told["data"]["by"] == "Dana Ruiz"
    [shown] = (await scene.client.get(HOOKS)).json()["endpoints"]
    assert shown["secret"] is None


async def test_what_was_not_taken_comes_again(scene: Scene) -> None:
    """500 first, then 200: delivered, with both tries in the log, the same id and the same bytes."""
    made = await scene.add()
    scene.receiver.status = 500
    event_id = await scene.publish()
    await scene.received(1)
    scene.receiver.status = 200
    await scene.all_due_now()
    await scene.received(2)

    async def settled() -> bool:
        return await scene.states() == ["delivered"]

    await until("the delivery to be settled", settled)
    first, second = scene.receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    log = await scene.client.get(f"{HOOKS}/{made['endpoint_id']}/deliveries/{event_id}")
    assert [(one["number"], one["status"]) for one in log.json()["attempts"]] == [(1, 500), (2, 200)]


async def test_a_replay_sends_the_same_again(scene: Scene) -> None:
    """One event by its id; an unknown one is a 404, and so is another provider's endpoint."""
    made = await scene.add()
    event_id = await scene.publish()
    await scene.received(1)

    async def settled() -> bool:
        return await scene.states() == ["delivered"]

    await until("the delivery to be settled", settled)
    replay = f"{HOOKS}/{made['endpoint_id']}/replay"
    assert (await scene.client.post(replay, json={"event_id": str(event_id)})).json() == {"queued": 1}
    await scene.received(2)
    assert (await scene.client.post(replay, json={"event_id": str(new_id())})).status_code == 404
    assert (await scene.client.post(replay, json={})).status_code == 422
    assert (await scene.client.post(f"{HOOKS}/{new_id()}/replay", json={})).status_code == 404


async def test_an_endpoint_that_is_off_gets_nothing_and_410_switches_it_off(scene: Scene) -> None:
    """Gone means gone: the list says why, and switching it on again lets new events through."""
    made = await scene.add()
    scene.receiver.status = 410
    await scene.publish()
    await scene.received(1)

    async def off() -> bool:
        [shown] = (await scene.client.get(HOOKS)).json()["endpoints"]
        return shown["on"] is False and "410" in shown["off_reason"]

    await until("the endpoint to be off", off)
    scene.receiver.status = 200
    body = {"url": scene.hook, "events": ["*"], "on": True}
    assert (await scene.client.put(f"{HOOKS}/{made['endpoint_id']}", json=body)).status_code == 200
    await scene.publish()
    await scene.received(2)


async def test_a_new_secret_signs_beside_the_old_one(scene: Scene) -> None:
    """A receiver that has not learned the new one yet still trusts what comes."""
    made = await scene.add()
    fresh = (await scene.client.post(f"{HOOKS}/{made['endpoint_id']}/secret")).json()["secret"]
    await scene.publish()
    await scene.received(1)
    headers, body = scene.receiver.got[0]
    assert fresh != made["secret"]
    Webhook(fresh).verify(body, headers)
    Webhook(made["secret"]).verify(body, headers)


async def test_bad_endpoints_are_refused_and_a_removed_one_is_gone(scene: Scene) -> None:
    """422 names the field; after removal the endpoint is a 404."""
    refused = await scene.client.post(HOOKS, json={"url": scene.hook, "events": ["invoice.*"]})
    assert (refused.status_code, refused.json()["field"]) == (422, "events")
    refused = await scene.client.post(HOOKS, json={"url": "nowhere", "events": ["*"]})
    assert (refused.status_code, refused.json()["field"]) == (422, "url")
    made = await scene.add()
    assert (await scene.client.delete(f"{HOOKS}/{made['endpoint_id']}")).status_code == 204
    assert (await scene.client.delete(f"{HOOKS}/{made['endpoint_id']}")).status_code == 404
