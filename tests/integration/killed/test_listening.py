"""A consumer beside the choreography outlives a broker that is killed, whatever it finds when it is back."""

import asyncio

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from deploy.local.infra import Servers
from shared.messaging.broker import declare_topology
from shared.messaging.listening import Listening
from shared.messaging.topology import EVENTS, firehose_name
from tests.conftest import FreshVhost
from tests.support.house import until
from tests.support.infrastructure import restart

pytestmark = pytest.mark.integration
QUEUE = firehose_name("gateway")


async def _publish(broker_url: str, body: bytes) -> None:
    """With a confirm; tried again while the broker comes up."""
    while True:
        try:
            async with await aio_pika.connect(broker_url, timeout=5) as connection:
                channel = await connection.channel()
                exchange = await channel.get_exchange(EVENTS)
                await exchange.publish(
                    aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                    routing_key="test.event.v1",
                    timeout=5,
                )
                return
        except (OSError, TimeoutError, aio_pika.exceptions.AMQPError):
            await asyncio.sleep(0.3)


async def test_a_killed_broker_is_listened_to_again(servers: Servers, fresh_vhost: FreshVhost) -> None:
    """Twice, with a message that comes before, and one that comes after."""
    vhost = await fresh_vhost()
    await declare_topology(vhost.broker_url)
    heard: set[bytes] = set()

    async def received(message: AbstractIncomingMessage) -> None:
        heard.add(message.body)
        await message.ack()

    async def subscribe(channel: AbstractChannel) -> None:
        queue = await channel.get_queue(QUEUE, ensure=True)
        await queue.consume(received)

    listening = Listening("test", vhost.broker_url, subscribe)
    await listening.start()
    try:
        for step in range(2):
            before, after = f"before {step}".encode(), f"after {step}".encode()
            await _publish(vhost.broker_url, before)
            await restart(servers.kill_broker, servers.start_broker)
            await _publish(vhost.broker_url, after)

            async def both(wanted: frozenset[bytes] = frozenset((before, after))) -> bool:
                return wanted <= heard

            await until("both messages to be heard", both, seconds=30)
    finally:
        await listening.stop()
