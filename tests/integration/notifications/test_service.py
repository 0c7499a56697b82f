"""The whole service as it is deployed: broker, database, mail server, HTTP."""

import asyncio
import json
from pathlib import Path

import aio_pika
import httpx
import pytest
from pydantic import SecretStr

from services.notifications.main import MIGRATIONS, build
from shared.db.migration import migrate
from shared.events import Event
from shared.messaging.broker import declare_topology
from shared.messaging.topology import EVENTS
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.mail import (
    NOON,
    PROVIDER,
    Mailbox,
    envelope,
    invoice_issued,
    mail_server,
    provider_changed,
    settings,
    tenant_opened,
)

pytestmark = pytest.mark.integration
DEADLINE_SECONDS = 30.0


async def _publish(url: str, *events: Event) -> None:
    connection = await aio_pika.connect(url, timeout=5)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(EVENTS)
        for event in events:
            body = envelope(event).to_bytes()
            await exchange.publish(aio_pika.Message(body), routing_key=event.TYPE, mandatory=True)


async def test_an_event_at_the_broker_becomes_a_mail(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost, tmp_path: Path
) -> None:
    """The invoice comes first and waits on the retry ladder for its tenant and provider; then one mail goes out."""
    url = await fresh_database("notifications")
    await migrate(url, MIGRATIONS)
    broker_url = (await fresh_vhost()).broker_url
    await declare_topology(broker_url)
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": []}))
    mailbox = Mailbox()
    async with mail_server(mailbox) as port:
        wanted = settings(
            port, database_url=SecretStr(url), broker_url=SecretStr(broker_url), auth_jwks=str(jwks)
        )
        app = build(wanted)
        token = {"Authorization": "Bearer internal-token-of-tests"}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
            asyncio.timeout(DEADLINE_SECONDS),
        ):
            await _publish(broker_url, invoice_issued(), provider_changed(), tenant_opened())
            while not mailbox.taken:
                await asyncio.sleep(0.05)
            progress_path = f"/internal/v1/progress/{PROVIDER}"
            while True:
                asked = await client.get(progress_path, params={"since": NOON.isoformat()}, headers=token)
                if asked.json()["under_way"] == 0:
                    break
                await asyncio.sleep(0.05)
            assert sum(asked.json()["handled"].values()) == 3
            assert (await client.get("/health/ready")).status_code == 200
            path = f"/v1/providers/{PROVIDER}/mails"
            assert (await client.get(path)).status_code == 401
            (shown,) = (await client.get(path, headers=token)).json()["mails"]
    assert (shown["kind"], shown["state"]) == ("invoice_issued", "sent")
    assert [message["Subject"] for _, message in mailbox.taken] == [
        "Invoice KV-2026-01071: $178.95 due on Nov 22, 2026"
    ]
