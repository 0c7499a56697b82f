"""The servers that every other integration test stands on."""

import asyncio

import asyncpg
import pytest
from aio_pika import DeliveryMode, Message, connect_robust

from deploy.local.infra import Servers
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.infrastructure import restart

pytestmark = pytest.mark.integration
# Measured: no leader after 0 s, a leader after 7 s.
QUEUE_SETTLED_SECONDS = 7
QUORUM = {"x-queue-type": "quorum"}


async def test_database_is_durable_and_wide_enough_for_six_services(fresh_database: FreshDatabase) -> None:
    """A commit is on disk when it is confirmed, and 200 connections are allowed."""
    connection = await asyncpg.connect(await fresh_database("usage"))
    settings = {
        name: await connection.fetchval(f"show {name}")
        for name in ("fsync", "synchronous_commit", "max_connections")
    }
    await connection.close()
    assert settings == {"fsync": "on", "synchronous_commit": "on", "max_connections": "200"}


async def test_fresh_databases_are_empty_and_apart(fresh_database: FreshDatabase) -> None:
    """What one test writes no other sees."""
    first, second = await fresh_database("usage"), await fresh_database("usage")
    connection = await asyncpg.connect(first)
    await connection.execute("create table calls (id int)")
    await connection.close()
    connection = await asyncpg.connect(second)
    tables = await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'")
    await connection.close()
    assert tables == 0


async def test_a_service_cannot_enter_the_database_of_another(
    servers: Servers, fresh_database: FreshDatabase
) -> None:
    """Each role may connect to its own service's database alone."""
    usage = await fresh_database("usage")
    await fresh_database("payments")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(usage.rsplit("/", 1)[0] + "/tollgate_payments")


async def test_row_survives_kill_of_the_database(servers: Servers, fresh_database: FreshDatabase) -> None:
    """kill -9 right after a commit loses nothing."""
    url = await fresh_database("invoicing")
    connection = await asyncpg.connect(url)
    await connection.execute("create table invoices (number text)")
    await connection.execute("insert into invoices values ('A-1')")
    await restart(servers.kill_postgres, servers.start_postgres)
    connection.terminate()
    connection = await asyncpg.connect(url)
    numbers = [row["number"] for row in await connection.fetch("select number from invoices")]
    await connection.close()
    assert numbers == ["A-1"]


async def test_confirmed_message_survives_kill_of_the_broker(
    servers: Servers, fresh_vhost: FreshVhost
) -> None:
    """A persistent message in a quorum queue outlives kill -9 right after its confirm, at the same address."""
    vhost = await fresh_vhost()
    connection = await connect_robust(vhost.broker_url)
    channel = await connection.channel()
    await channel.declare_queue("calls", durable=True, arguments=QUORUM)
    # A queue declared in the last seconds is different: RabbitMQ 3.10 killed then finds no leader for it
    # any more (measured; the symptom of rabbitmq-server#10070).
    await asyncio.sleep(QUEUE_SETTLED_SECONDS)
    message = Message(b"one call", delivery_mode=DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, routing_key="calls")
    await connection.close()

    await restart(servers.kill_broker, servers.start_broker)

    connection = await connect_robust(vhost.broker_url)
    channel = await connection.channel()
    queue = await channel.declare_queue("calls", durable=True, arguments=QUORUM)
    received = await queue.get(timeout=20)
    assert received is not None
    await received.ack()
    await connection.close()
    assert received.body == b"one call"


async def test_queue_depth_is_told(fresh_vhost: FreshVhost) -> None:
    """The management API answers for the vhost, so that a test may ask whether every queue is empty."""
    vhost = await fresh_vhost()
    connection = await connect_robust(vhost.broker_url)
    channel = await connection.channel()
    await channel.declare_queue("calls", durable=True, arguments=QUORUM)
    await connection.close()
    assert await vhost.queue_depths() == {"calls": 0}
