"""The FastStream broker with the settings that money needs; its defaults would lose messages (design/messaging.md)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aio_pika
from faststream import AckPolicy
from faststream.message import StreamMessage
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware

from shared.messaging import topology

RECONNECT_SECONDS = 0.5
CONFIRM_TIMEOUT_SECONDS = 10.0
# Without one, a connection attempt that a dying host or a port forwarder accepts and never answers hangs for ever.
CONNECT_TIMEOUT_SECONDS = 10.0
# aio-pika's default of 60 notices a half-open connection after three minutes; this one after 33 s.
HEARTBEAT_SECONDS = 10


def with_heartbeat(url: str) -> str:
    """The broker's address with our heartbeat, unless it names one."""
    address = urlsplit(url)
    query = parse_qsl(address.query)
    if "heartbeat" in dict(query):
        return url
    return address._replace(query=urlencode([*query, ("heartbeat", str(HEARTBEAT_SECONDS))])).geturl()


async def _raw(message: StreamMessage[Any]) -> Any:
    return message.body


def make_broker(url: str, *, prefetch: int, graceful_timeout_seconds: float = 15.0) -> RabbitBroker:
    """A broker for one role: the relay and the consumers have one each, so that neither can close the other's channel.

    ``prefetch`` bounds the messages in work at a time on the channel of each queue.
    """
    return RabbitBroker(
        with_heartbeat(url),
        timeout=CONNECT_TIMEOUT_SECONDS,
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
