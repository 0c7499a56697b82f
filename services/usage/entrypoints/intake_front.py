"""The two busiest intakes as a plain ASGI application in front of the others: single FreeSWITCH legs, our own JSON.

Only the plain case is answered here: a token that was verified seconds ago, a body whose length is said and that is
not compressed. Whatever is odd goes on to the application behind, whose routes are the same ones and say what is wrong.
Routing, tracing and validation cost as much as reading the record.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.usage.domain.records import Received
from services.usage.entrypoints.formats.reading import received_freeswitch
from services.usage.entrypoints.http_intake import Keep, read_own_body
from services.usage.entrypoints.switch_tokens import SwitchTokens
from shared.http.problems import response_of
from shared.ids import ProviderId

_LONGEST_UUID = 80
_READ_HERE = {"/v1/cdrs/freeswitch", "/v1/cdrs"}
Read = Callable[[bytes], Awaitable[list[Received]]]


class IntakeFront:
    """Takes what is plain and hands everything else on."""

    def __init__(self, behind: ASGIApp, keep: Keep, tokens: SwitchTokens, *, limit_bytes: int) -> None:
        self._behind = behind
        self._keep = keep
        self._tokens = tokens
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in _READ_HERE or scope["method"] != "POST":
            await self._behind(scope, receive, send)
            return
        provider_id = self._plain(scope)
        read = _reader(scope)
        if provider_id is None or read is None:
            await self._behind(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        try:
            response = await self._keep(provider_id, await read(body))
        except Exception as error:
            response = response_of(error, scope["path"])
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": response.body})

    def _plain(self, scope: Scope) -> ProviderId | None:
        """The provider of a request whose headers ask for nothing but the plain case."""
        token, length = b"", b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                token = value
            elif name == b"content-length":
                length = value
            elif name == b"content-encoding":
                return None
        if not length.isdigit() or int(length) > self._limit_bytes:
            return None
        return self._tokens.known(_token(token))


def _token(authorization: bytes) -> str:
    """Bearer, or Basic with the token as password, which is all that mod_json_cdr can send; empty for what is odd."""
    scheme, _, value = authorization.partition(b" ")
    if scheme.lower() == b"basic":
        try:
            value = base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return ""
    elif scheme.lower() != b"bearer":
        return ""
    return value.strip().decode("latin-1")


def _reader(scope: Scope) -> Read | None:
    """How this body is read; None where the query asks for something that the route behind has to judge."""
    if scope["path"] == "/v1/cdrs":
        return read_own_body
    query = (
        parse_qsl(scope["query_string"].decode("latin-1"), errors="replace") if scope["query_string"] else []
    )
    uuid = dict(query).get("uuid")
    if uuid is not None and len(uuid) > _LONGEST_UUID:
        return None

    async def read(body: bytes) -> list[Received]:
        return received_freeswitch(body, uuid)

    return read


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the switch hung up before its end."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        return whole
    pieces: list[bytes] = []
    while message["type"] == "http.request":
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)
        message = await receive()
    return None


def put_in_front(app: FastAPI, keep: Keep, tokens: SwitchTokens, *, limit_bytes: int) -> None:
    """Outside of all middleware."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: IntakeFront(build(), keep, tokens, limit_bytes=limit_bytes)  # type: ignore[method-assign]
