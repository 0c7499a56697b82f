"""A thousand tenants on auto-pay at once, and Stripe's webhooks as fast as they come."""

import asyncio
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from deploy.local.infra import Servers
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.stripe_keys import Keys, StripeKeys
from services.payments.adapters.work import PaymentsWork
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.tenants import Tenant
from services.payments.entrypoints.scheduler import Scheduler
from services.payments.main import MIGRATIONS
from services.payments.use_cases.save_method import keep_method
from services.payments.use_cases.track_invoice import track_invoice
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.loops import DueLoop
from tests.bench.figures import Figures, percentile
from tests.support.infrastructure import Databases
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY, Simulator

pytestmark = pytest.mark.timeout(900)
TENANTS = int(os.environ.get("BENCH_TENANTS", "1000"))
AMOUNT = 4321
LATENCY_MS = 150
CALLS_IN_FLIGHT = 20
# A busy machine is no defect; a figure is judged by who reads it.
DEADLINE_SECONDS = 400
SEEDING_AT_ONCE = 100
WEBHOOKS = int(os.environ.get("BENCH_WEBHOOKS", "5000"))
WEBHOOKS_A_SECOND = 500
CONNECTIONS = 32
SECRET = "whsec_of_the_bench"


def process(module: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).parents[2],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A process of its own, so that it does not share our interpreter; every call takes 150 ms."""
    account = f"acct_{uuid4().hex[:16]}"
    with process(
        "deploy.stripe_simulator",
        "serve",
        STRIPE_SIMULATOR_PORT="0",
        STRIPE_SIMULATOR_ACCOUNTS=account,
        STRIPE_SIMULATOR_LATENCY_MS=str(LATENCY_MS),
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                break
        else:
            raise AssertionError("the simulator ended without listening")
        threading.Thread(target=running.stdout.read, daemon=True).start()
        with httpx.Client(base_url=found.group(1), timeout=30) as control:
            yield Simulator(found.group(1), account, control)
        running.kill()


async def test_a_thousand_invoices_are_collected_at_once(
    databases: Databases, simulator: Simulator, figures: Figures
) -> None:
    """Five percent of the answers are lost, five are 500s: everything settled, nothing twice, never too many at once."""
    url = await databases.create("payments")
    await migrate(url, MIGRATIONS)
    engine = make_engine(url, pool=20)
    keys = StripeKeys(Keys(SECRET_KEY, PUBLISHABLE_KEY, SECRET), simulator.url)
    gateway = StripeGateway(keys, api_base=simulator.url, calls_in_flight=CALLS_IN_FLIGHT)
    provider_id = ProviderId(uuid4())
    tenants = [TenantId(uuid4()) for _ in range(TENANTS)]

    def open_work() -> PaymentsWork:
        return PaymentsWork(engine)

    async with open_work() as work:
        await work.accounts.put(provider_id, simulator.account)
    turns, writes = asyncio.Semaphore(SEEDING_AT_ONCE), asyncio.Semaphore(10)
    client = simulator.client()

    async def seed(tenant_id: TenantId) -> None:
        async with turns:
            customer = await client.v1.customers.create_async({"name": str(tenant_id)})
            method = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer.id})
        now = datetime.now(UTC)
        async with writes, open_work() as work:
            await work.tenants.put(Tenant(provider_id, tenant_id, "T", "t@example.com", "UTC", now, 0))
            await work.accounts.add_customer(provider_id, tenant_id, simulator.account, customer.id)
            facts = MethodFacts(method.id, "card", "visa", "4242", "12/2034")
            await keep_method(work, provider_id, tenant_id, simulator.account, facts)
            await work.methods.put_auto_pay(AutoPay(provider_id, tenant_id, True, now, "bench", now))

    await asyncio.gather(*(seed(tenant_id) for tenant_id in tenants))
    simulator.control.delete("/_simulator/load")
    for kind, probability in (("drop_response", 0.05), ("error_before", 0.025), ("error_after", 0.025)):
        simulator.fault(
            kind=kind, method="POST", path="/v1/payment_intents", count=None, probability=probability
        )
    begun = time.monotonic()
    for tenant_id in tenants:
        async with open_work() as work:
            await track_invoice(work, invoice(provider_id, tenant_id), issued_at=datetime.now(UTC))
    issued = time.monotonic() - begun
    scheduler = Scheduler(open_work, gateway)
    loops = [DueLoop("collect", scheduler.collect), DueLoop("janitor", scheduler.janitor)]
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    reached: dict[int, float] = {}
    try:
        while True:
            async with engine.connect() as connection:
                done = (
                    await connection.execute(
                        text("SELECT count(*) FROM payment WHERE state = 'succeeded' AND provider_id = :p"),
                        {"p": provider_id},
                    )
                ).scalar_one()
            for part in (50, 90, 99, 100):
                if done * 100 >= part * TENANTS:
                    reached.setdefault(part, time.monotonic() - begun)
            if done == TENANTS:
                break
            assert time.monotonic() - begun < DEADLINE_SECONDS, f"{done} settled after {DEADLINE_SECONDS} s"
            await asyncio.sleep(0.2)
        taken = time.monotonic() - begun
    finally:
        for loop in loops:
            loop.stop()
        await asyncio.gather(*tasks)
    held = simulator.ledger()
    assert (held["charges"], held["charged"]) == (TENANTS, TENANTS * AMOUNT)
    assert {one["charges"] for one in held["customers"].values()} == {1}
    most = simulator.control.get("/_simulator/load").json()["in_flight_max"][simulator.account]
    assert most <= CALLS_IN_FLIGHT
    async with engine.connect() as connection:
        states = Counter(
            {
                row.state: row.n
                for row in await connection.execute(
                    text("SELECT state, count(*) AS n FROM attempt GROUP BY state")
                )
            }
        )
        booked = (
            await connection.execute(
                text("SELECT sum(amount_minor) FROM journal_posting WHERE account = 'stripe_clearing'")
            )
        ).scalar_one()
    assert booked == TENANTS * AMOUNT
    figures.add(
        f"{TENANTS} tenants on auto-pay collected, {LATENCY_MS} ms a call, 5 % lost, 5 % faults",
        f"{taken:.1f} s",
        goal="< 60 s",
        beside=f"most calls in flight {most} of {CALLS_IN_FLIGHT}; attempts {dict(states)}; issue heard in {issued:.1f} s;"
        f" settled {', '.join(f'{part} % by {at:.0f} s' for part, at in reached.items())}",
    )
    await gateway.close()
    await engine.dispose()
    await databases.drop(url)


def invoice(provider_id: ProviderId, tenant_id: TenantId) -> OpenInvoice:
    now = datetime.now(UTC)
    return OpenInvoice(
        provider_id=provider_id,
        tenant_id=tenant_id,
        invoice_id=InvoiceId(uuid4()),
        number=f"KV-{uuid4().hex[:8]}",
        currency="USD",
        total_minor=AMOUNT,
        balance_minor=AMOUNT,
        due_on=now.date() + timedelta(days=14),
        collectable=True,
        standing="open",
        seen_at=now,
        issued_balance_minor=AMOUNT,
        told_at=now,
    )


@pytest.fixture
async def payments(
    databases: Databases, servers: Servers, simulator: Simulator
) -> AsyncIterator[tuple[str, str]]:
    """One process of payments, as it is served: its address, and that of its database."""
    url = await databases.create("payments")
    await migrate(url, MIGRATIONS)
    with process(
        "services.payments",
        "serve",
        TOLLGATE_DATABASE_URL=url,
        TOLLGATE_BROKER_URL=servers.broker_url,
        TOLLGATE_HTTP_PORT="0",
        TOLLGATE_INTERNAL_TOKEN="internal-token-of-the-bench",
        TOLLGATE_AUTH_ISSUER="https://issuer.test",
        TOLLGATE_AUTH_JWKS="https://issuer.test/jwks.json",
        TOLLGATE_STRIPE_SECRET_KEY=SECRET_KEY,
        TOLLGATE_STRIPE_PUBLISHABLE_KEY=PUBLISHABLE_KEY,
        TOLLGATE_STRIPE_WEBHOOK_SECRET=SECRET,
        TOLLGATE_STRIPE_API_BASE=simulator.url,
    ) as running:
        try:
            yield await asyncio.to_thread(_address, running), url
        finally:
            running.terminate()
            running.wait(20)
    await databases.drop(url)


def _address(running: subprocess.Popen[str]) -> str:
    """The services log where they listen."""
    assert running.stdout is not None
    for line in running.stdout:
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found:
            threading.Thread(target=running.stdout.read, daemon=True).start()
            return found.group(0)
    raise AssertionError("payments ended without listening")


@pytest.mark.parametrize("kind", ["charge.succeeded", "payment_intent.succeeded"])
async def test_webhooks_are_acknowledged(payments: tuple[str, str], kind: str, figures: Figures) -> None:
    """At 500/s, each signed and stored before it is acknowledged; the delay of a post counts from when it was due. Both
    of a type that says nothing to us and of one that is looked up, all dealt with beside it and after it."""
    url, database_url = payments
    host, port = url.removeprefix("http://").split(":")
    begun = time.monotonic() + 0.5
    numbers = iter(range(WEBHOOKS))
    delays: list[float] = []
    statuses: Counter[int] = Counter()

    async def sender() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in numbers:
            due = begun + number / WEBHOOKS_A_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(post(host, port, kind, number))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lengths = re.findall(r"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(lengths[0]))
            delays.append(time.monotonic() - due)
            statuses[int(head.split(" ", 2)[1])] += 1
        writer.close()

    await asyncio.gather(*(sender() for _ in range(CONNECTIONS)))
    taken = time.monotonic() - begun
    assert statuses == {200: WEBHOOKS}
    left = await unfinished(database_url)
    while await unfinished(database_url):
        assert time.monotonic() - begun < DEADLINE_SECONDS
        await asyncio.sleep(0.1)
    figures.add(
        f"webhooks acknowledged at {WEBHOOKS_A_SECOND}/s by one process, {kind}",
        f"p50 {percentile(delays, 50) * 1000:.1f} ms, p99 {percentile(delays, 99) * 1000:.0f} ms",
        goal="p99 < 50 ms",
        beside=f"{WEBHOOKS / taken:.0f}/s kept; {left} not yet dealt with at the last answer, none"
        f" {time.monotonic() - begun - taken:.1f} s later",
    )


async def unfinished(database_url: str) -> int:
    engine = make_engine(database_url, pool=1)
    try:
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT count(*) FILTER (WHERE finished_at IS NULL), count(*) FROM webhook_event")
            )
            waiting, kept = found.one()
    finally:
        await engine.dispose()
    assert kept == WEBHOOKS
    return int(waiting)


def post(host: str, port: str, kind: str, number: int) -> bytes:
    event = {
        "id": f"evt_bench_{number}",
        "type": kind,
        "account": "acct_bench",
        "data": {"object": {"id": f"obj_{number}", "metadata": {}, "filling": "x" * 2000}},
    }
    body = json.dumps(event).encode()
    stamp = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    head = (
        f"POST /v1/webhooks/stripe HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: t={stamp},v1={digest}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
