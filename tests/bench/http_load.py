"""Posts prepared bodies over kept-alive connections with as little work as can be: the client shares the machine."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

CONNECTIONS = 24


@dataclass(frozen=True)
class Load:
    """What became of the posts. CPU in ms a post, of the server's process and of ours."""

    statuses: Counter[int]
    per_second: float
    server_ms: float
    client_ms: float


def request_bytes(url: str, target: str, token: str, body: bytes) -> bytes:
    """A whole HTTP/1.1 POST."""
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read_status(reader: asyncio.StreamReader) -> int:
    """The status of one answer, its body read away. The services answer with a length, never in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    lengths = [line.split(":", 1)[1] for line in fields if line.lower().startswith("content-length:")]
    await reader.readexactly(int(lengths[0]))
    return int(status.split(" ", 2)[1])


async def _thread(url: str, waiting: Iterator[bytes], statuses: Counter[int]) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for request in waiting:
            writer.write(request)
            statuses[await _read_status(reader)] += 1
    finally:
        writer.close()
        await writer.wait_closed()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def post_all(
    url: str, requests: Sequence[bytes], server: psutil.Process, *, connections: int = CONNECTIONS
) -> Load:
    """Posts every request once, ``connections`` at a time, each connection waiting for its answer as a switch does."""
    statuses: Counter[int] = Counter()
    waiting = iter(requests)
    own = psutil.Process()
    before, own_before, begun = _cpu_seconds(server), _cpu_seconds(own), time.monotonic()
    await asyncio.gather(*(_thread(url, waiting, statuses) for _ in range(connections)))
    taken = time.monotonic() - begun
    count = len(requests)
    return Load(
        statuses,
        count / taken,
        (_cpu_seconds(server) - before) * 1000 / count,
        (_cpu_seconds(own) - own_before) * 1000 / count,
    )
