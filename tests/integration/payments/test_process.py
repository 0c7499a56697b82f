"""The service as a process: events from RabbitMQ, webhooks over HTTP, killed with -9 in the middle of a charge."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest

from shared.events.envelope import Envelope, Event
from shared.events.invoicing import InvoiceIssued
from shared.ids import EventId, new_id
from shared.messaging.topology import EVENTS
from tests.conftest import FreshVhost
from tests.integration.payments.world import World
from tests.support.infrastructure import Vhost
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.integration
INTERNAL = "internal-token-of-the-tests"
ROOT = Path(__file__).parents[3]
WEBHOOK_SECRET = "whsec_of_the_process_test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(what: str, holds: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def serving(world: World, database_url: str, vhost: Vhost, port: int) -> Any:
    """``python -m services.payments serve``, ready; ended at the end if it still runs."""
    environment = {
        **os.environ,
        "TOLLGATE_DATABASE_URL": database_url,
        "TOLLGATE_BROKER_URL": vhost.broker_url,
        "TOLLGATE_HTTP_PORT": str(port),
        "TOLLGATE_INTERNAL_TOKEN": INTERNAL,
        "TOLLGATE_AUTH_ISSUER": "https://issuer.example",
        "TOLLGATE_AUTH_JWKS": "https://issuer.example/jwks.json",
        "TOLLGATE_STRIPE_SECRET_KEY": SECRET_KEY,
        "TOLLGATE_STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "TOLLGATE_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "TOLLGATE_STRIPE_API_BASE": world.simulator.url,
        "TOLLGATE_LOG_LEVEL": "WARNING",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.payments", "serve", cwd=ROOT, env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def ready() -> bool:
                try:
                    return (await http.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await until("payments to be ready", ready)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 15)


async def publish(vhost: Vhost, world: World, event: Event) -> None:
    """As invoicing's relay does."""
    now = world.clock.now()
    envelope = Envelope.of(
        event, event_id=EventId(new_id()), source="tollgate/invoicing", time=now, sent_at=now
    )
    connection = await aio_pika.connect(vhost.broker_url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS)
        await exchange.publish(aio_pika.Message(envelope.to_bytes()), routing_key=event.TYPE)


async def test_killed_in_the_middle_of_a_charge_it_charges_once(
    world: World, database_url: str, fresh_vhost: FreshVhost
) -> None:
    """Stripe takes the money while the process is dead; the next one finds out, by key, list or webhook."""
    await world.save_card()
    await world.auto_pay()
    vhost = await fresh_vhost()
    port = free_port()
    world.simulator.control.put(
        "/_simulator/webhook_endpoints/we_process",
        json={
            "url": f"http://127.0.0.1:{port}/v1/webhooks/stripe",
            "secret": WEBHOOK_SECRET,
            "accounts": [world.simulator.account],
        },
    ).raise_for_status()
    async with serving(world, database_url, vhost, port) as first:
        world.simulator.fault(kind="delay", delay_ms=700, method="POST", path="/v1/payment_intents")
        await publish(vhost, world, world.invoice(InvoiceIssued, 10000))

        async def submitted() -> bool:
            return await world.states() == ["submitted"]

        await until("the attempt to be submitted", submitted)
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()
    assert await world.states() == ["submitted"]

    async def settled() -> bool:
        return await world.states() == ["succeeded"]

    async with serving(world, database_url, vhost, port):
        await until("the payment to be settled", settled)
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert len(await world.intents()) == 1
    assert len(await world.events("payment.succeeded")) == 1


def test_a_live_key_goes_to_stripe_only() -> None:
    """Startup refuses a live key with any other base, in one line that shows no key."""
    key = "sk_live_" + "0" * 20
    environment = {
        "PATH": os.environ["PATH"],
        "TOLLGATE_DATABASE_URL": "postgresql://u:p@localhost/x",
        "TOLLGATE_BROKER_URL": "amqp://localhost",
        "TOLLGATE_HTTP_PORT": "0",
        "TOLLGATE_INTERNAL_TOKEN": INTERNAL,
        "TOLLGATE_AUTH_ISSUER": "https://issuer.example",
        "TOLLGATE_AUTH_JWKS": "https://issuer.example/jwks.json",
        "TOLLGATE_STRIPE_SECRET_KEY": key,
        "TOLLGATE_STRIPE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
        "TOLLGATE_STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "TOLLGATE_STRIPE_API_BASE": "http://127.0.0.1:12111",
    }
    done = subprocess.run(
        [sys.executable, "-m", "services.payments", "serve"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 78
    assert "TOLLGATE_STRIPE_API_BASE" in done.stderr
    assert key not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) == 1
