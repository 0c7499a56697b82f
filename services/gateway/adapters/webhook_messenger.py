"""Sends webhooks: signed as Standard Webhooks say, and never to an address inside our own network.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import ipaddress
import socket
from datetime import UTC, datetime
from time import monotonic

import httpx
from standardwebhooks.webhooks import Webhook

from services.gateway.domain.webhooks import Attempt, Delivery, Endpoint

TIMEOUT_SECONDS = 15.0
_ANSWER_KEPT = 500
_ANSWER_READ = 4096


class _Unreachable(Exception):
    """A sentence about why nothing was sent."""


class HttpMessenger:
    """One try of one delivery."""

    def __init__(self, http: httpx.AsyncClient, *, private_allowed: bool) -> None:
        """``http`` must follow no redirects and use no proxy; ``private_allowed`` for development only."""
        self._http = http
        self._private_allowed = private_allowed

    async def send(self, delivery: Delivery, endpoint: Endpoint, *, now: datetime) -> Attempt:
        """``now``: real time, which the signature bears (R53). Never raises for what the other side does."""
        begun = monotonic()
        status, error, answer = None, None, ""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, answer = await self._post(delivery, endpoint, now)
        except TimeoutError:
            error = f"no answer within {TIMEOUT_SECONDS:.0f} s"
        except (httpx.HTTPError, OSError, _Unreachable) as failure:
            error = str(failure) or type(failure).__name__
        return Attempt(
            number=delivery.attempts + 1,
            at=now,
            duration_ms=round((monotonic() - begun) * 1000),
            status=status,
            error=error,
            answer=answer,
        )

    async def _post(self, delivery: Delivery, endpoint: Endpoint, now: datetime) -> tuple[int, str]:
        url = httpx.URL(endpoint.url)
        address = await self._address_of(url)
        request = self._http.build_request(
            "POST",
            # The address that was judged is the one that is called: a name may lead elsewhere a moment later.
            url.copy_with(host=address),
            content=delivery.body,
            headers={
                "Host": url.netloc.decode(),
                "Content-Type": "application/json",
                "User-Agent": "Tollgate-Webhooks/1",
                **signature_headers(delivery, endpoint, now),
            },
            extensions={"sni_hostname": url.host},
        )
        answer = await self._http.send(request, stream=True)
        try:
            read = b""
            async for chunk in answer.aiter_bytes():
                read += chunk
                if len(read) >= _ANSWER_READ:
                    break
        finally:
            await answer.aclose()
        return answer.status_code, read.decode("utf-8", "replace").replace("\0", "")[:_ANSWER_KEPT]

    async def _address_of(self, url: httpx.URL) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(
            url.host, url.port or (443 if url.scheme == "https" else 80), type=socket.SOCK_STREAM
        )
        addresses = [str(entry[4][0]) for entry in found]
        if not self._private_allowed:
            inside = [one for one in addresses if not ipaddress.ip_address(one.partition("%")[0]).is_global]
            if inside:
                raise _Unreachable(f"{url.host} leads to {inside[0]}, which is no public address")
        return addresses[0]


def signature_headers(delivery: Delivery, endpoint: Endpoint, now: datetime) -> dict[str, str]:
    """``webhook-id`` is the event's id, the same at every try; one signature for each secret that holds."""
    body = delivery.body.decode()
    # The library takes the digits of a time for UTC, whatever zone it bears.
    now = now.astimezone(UTC)
    signatures = [Webhook(secret).sign(str(delivery.event_id), now, body) for secret in endpoint.secrets]
    return {
        "webhook-id": str(delivery.event_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
