"""Whether a server answers, asked in its own protocol, without client programs."""

import socket
import struct
from urllib.parse import unquote, urlsplit

import httpx


def _bytes_from(host: str, port: int, hello: bytes, count: int) -> bytes:
    with socket.create_connection((host, port), timeout=2) as connection:
        connection.settimeout(2)
        connection.sendall(hello)
        return connection.recv(count)


def postgres_answers(url: str) -> bool:
    """Whether PostgreSQL at a postgresql:// address is past its start-up and asks for a password."""
    parts = urlsplit(url)
    words = ["user", unquote(parts.username or "postgres"), "database", parts.path.strip("/") or "postgres"]
    body = struct.pack("!i", 196_608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    try:
        # A server that still recovers answers E (error 57P03), a ready one R (authentication request).
        reply = _bytes_from(
            parts.hostname or "", parts.port or 5432, struct.pack("!i", len(body) + 4) + body, 1
        )
    except OSError:
        return False
    return reply == b"R"


def broker_answers(broker_url: str, management_url: str) -> bool:
    """Whether RabbitMQ takes AMQP connections and its management API lets the user of the address in."""
    parts, management = urlsplit(broker_url), urlsplit(management_url)
    try:
        if not _bytes_from(parts.hostname or "", parts.port or 5672, b"AMQP\x00\x00\x09\x01", 1):
            return False
        answer = httpx.get(
            f"http://{management.hostname}:{management.port}/api/vhosts",
            auth=(unquote(management.username or ""), unquote(management.password or "")),
            timeout=5,
            trust_env=False,
        )
    except (OSError, httpx.HTTPError):
        return False
    return answer.status_code == 200
