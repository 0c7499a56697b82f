"""The public interfaces as a person's or a switch's program uses them; patient while a part restarts."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
AWAY_SECONDS = 90.0
# Reading the machine's certificates takes 20 ms; a hundred clients share one reading.
_TLS = ssl.create_default_context()
_AWAY_STATUS = {502, 503, 504}


class DemoFailed(RuntimeError):
    """The month cannot go on; says at which step and why."""


class Api:
    """One interface with one token. Connection errors and 503s are tried again for a while: parts may restart."""

    def __init__(self, base_url: str, token: str, *, connections: int = 20) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(30.0, connect=5.0),
            verify=_TLS,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, whatever its status, once the interface gives one of its own."""
        give_up = time.monotonic() + AWAY_SECONDS
        pause = 0.1
        while True:
            trouble: object
            try:
                answer = await self._http.request(method, path, **options)
                if answer.status_code not in _AWAY_STATUS:
                    return answer
                trouble = f"{answer.status_code} {answer.text[:300]}"
            except (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError) as error:
                trouble = repr(error)
            if time.monotonic() > give_up:
                raise DemoFailed(f"{method} {path}: away for {AWAY_SECONDS:g} s: {trouble}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def json(
        self, method: str, path: str, *, ok: tuple[int, ...] = (200, 201, 202), **options: Any
    ) -> Any:
        """The body of a successful answer. Raises ``DemoFailed`` with the problem's own words."""
        answer = await self.send(method, path, **options)
        if answer.status_code not in ok:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    async def get(self, path: str, **options: Any) -> Any:
        return await self.json("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return await self.json("POST", path, json=body, **options)

    async def put(self, path: str, body: Any, **options: Any) -> Any:
        return await self.json("PUT", path, json=body, **options)


async def eventually(what: str, look: Callable[[], Awaitable[T | None]], *, seconds: float = 60.0) -> T:
    """Looks until there is something to see. Raises ``DemoFailed`` when there is not by the deadline."""
    give_up = time.monotonic() + seconds
    while True:
        found = await look()
        if found is not None:
            return found
        if time.monotonic() > give_up:
            raise DemoFailed(f"waited {seconds:g} s in vain for: {what}")
        await asyncio.sleep(0.05)
