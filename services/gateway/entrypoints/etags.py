"""ETags on what is read: a client that has the same bytes already is told so and gets nothing again (RFC 9110)."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_TAGGED_BYTES = 1024 * 1024


class ETags:
    """ASGI middleware for GET requests below ``/api/``. Streams and answers over 1 MiB go out untagged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        tagging = _Tagging(send, Headers(scope=scope).get("if-none-match", ""))
        await self.app(scope, receive, tagging.send)


class _Tagging:
    """Holds the start of a whole JSON answer back until its body, and so its tag, is known."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            whole = int(headers.get("content-length", LARGEST_TAGGED_BYTES + 1)) <= LARGEST_TAGGED_BYTES
            json = headers.get("content-type", "").startswith("application/json")
            if message["status"] == 200 and whole and json:
                self._start = message
                return
        elif self._start is not None:
            await self._answer(self._start, message)
            return
        await self._send(message)

    async def _answer(self, start: Message, body: Message) -> None:
        assert not body.get("more_body"), "an answer with a length comes whole"
        self._start = None
        tag = f'"{hashlib.sha256(body["body"]).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["etag"] = tag
        if tag in self._known:
            del headers["content-length"]
            await self._send({"type": "http.response.start", "status": 304, "headers": headers.raw})
            await self._send({"type": "http.response.body", "body": b""})
            return
        await self._send({**start, "headers": headers.raw})
        await self._send(body)
