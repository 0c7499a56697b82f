"""The FastStream broker with the settings that money needs; its defaults would lose messages (design/messaging.md)."""

from typing import Any

import aio_pika
from faststream import AckPolicy
from faststream.message import StreamMessage
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware

from shared.messaging import topology

RECONNECT_SECONDS = 0.5
CONFIRM_TIMEOUT_SECONDS = 10.0


async def _raw(message: StreamMessage[Any]) -> Any:
    return message.body


def make_broker(url: str, *, prefetch: int, graceful_timeout_seconds: float = 15.0) -> RabbitBroker:
    """A broker for one role: the relay and the consumers have one each, so that neither can close the other's channel.

    ``prefetch`` bounds the messages in work at a time on the channel of each queue.
    """
    return RabbitBroker(
        url,
        logger=None,
        reconnect_interval=RECONNECT_SECONDS,
        graceful_timeout=graceful_timeout_seconds,
        default_channel=Channel(prefetch_count=prefetch, publisher_confirms=True, on_return_raises=True),
        ack_policy=AckPolicy.MANUAL,
        # FastStream would parse by content type before our handler sees the message; what cannot be parsed would then
        # be neither handled nor acknowledged, and a few of them would fill the prefetch window for good.
        decoder=_raw,
        middlewares=[RabbitTelemetryMiddleware()],
    )


async def declare_topology(url: str) -> None:
    """Declares the whole topology over a connection of its own."""
    connection = await aio_pika.connect(url, timeout=5)
    async with connection:
        channel = await connection.channel()
        await topology.declare(channel, server_version(connection))


def server_version(connection: Any) -> str:
    """RabbitMQ's version as the server told it, like ``4.0.5``."""
    value = connection.transport.connection.server_properties["version"]
    return value.decode() if isinstance(value, bytes) else str(value)
