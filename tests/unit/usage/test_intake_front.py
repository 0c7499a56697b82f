"""The plain intake in front of the application: what it takes itself, and what it leaves to the routes behind."""

import base64
from collections.abc import Sequence
from typing import Any, cast

import pytest
from fastapi.responses import Response
from starlette.types import Message, Receive, Scope, Send

from services.usage.domain.records import CallRecord, Received
from services.usage.entrypoints.intake_front import IntakeFront
from services.usage.entrypoints.switch_tokens import SwitchTokens
from shared.errors import Unavailable
from shared.ids import ProviderId, new_id
from tests.unit.usage.records import leg, posted

PROVIDER = ProviderId(new_id())
LIMIT = 100_000
BEARER = (b"authorization", b"Bearer good")
BASIC = (b"authorization", b"Basic " + base64.b64encode(b"fs1:good"))
BODY = posted(leg(uuid="leg-1"))


class Tokens:
    """Knows one token."""

    def known(self, token: str) -> ProviderId | None:
        return PROVIDER if token == "good" else None


class Front:
    """The front with what it was asked to keep and what it handed on."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.kept: list[Received] = []
        self.behind: list[str] = []
        self._failure = failure
        self.app = IntakeFront(self._go_behind, self._keep, cast("SwitchTokens", Tokens()), limit_bytes=LIMIT)

    async def _go_behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.behind.append(scope["path"])

    async def _keep(self, provider_id: ProviderId, received: list[Received]) -> Response:
        assert provider_id == PROVIDER
        if self._failure is not None:
            raise self._failure
        self.kept += received
        return Response(b"kept", status_code=201)

    async def post(
        self,
        pieces: Sequence[bytes],
        *headers: tuple[bytes, bytes],
        path: str = "/v1/cdrs/freeswitch",
        query: bytes = b"",
        hang_up: bool = False,
        length: int | None = None,
    ) -> list[Message]:
        sent: list[Message] = []
        coming: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": hang_up or at < len(pieces) - 1}
            for at, piece in enumerate(pieces)
        ]
        coming.append({"type": "http.disconnect"})
        waiting = iter(coming)

        async def receive() -> Message:
            return next(waiting)

        async def send(message: Message) -> None:
            sent.append(message)

        size = sum(map(len, pieces)) if length is None else length
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": query,
            "headers": [(b"content-length", str(size).encode()), *headers],
        }
        await self.app(scope, receive, send)
        return sent


@pytest.mark.parametrize("authorization", [BEARER, BASIC])
async def test_a_plain_leg_is_taken_in_front(authorization: tuple[bytes, bytes]) -> None:
    """With either way of saying the token, in one piece or several."""
    for pieces in ([BODY], [BODY[:10], BODY[10:]]):
        front = Front()
        start, body = await front.post(pieces, authorization)
        assert (start["status"], body["body"]) == (201, b"kept")
        (one,) = front.kept
        assert isinstance(one.record, CallRecord) and one.record.leg_id == "leg-1"
        assert front.behind == []


async def test_the_uuid_of_the_address_is_read() -> None:
    """As mod_json_cdr appends it; the record's own wins, and the query is kept for a replay."""
    front = Front()
    await front.post([BODY], BEARER, query=b"uuid=a_leg-1")
    assert front.kept[0].context == {"uuid": "a_leg-1"}


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ((), {}),
        (((b"authorization", b"Bearer other"),), {}),
        (((b"authorization", b"Digest good"),), {}),
        (((b"authorization", b"Basic ???"),), {}),
        ((BEARER, (b"content-encoding", b"gzip")), {}),
        ((BEARER,), {"length": LIMIT + 1}),
        ((BEARER,), {"query": b"uuid=" + b"x" * 81}),
        ((BEARER,), {"path": "/v1/cdrs/asterisk"}),
        ((BEARER,), {"path": "/health/ready"}),
    ],
)
async def test_what_is_odd_is_left_to_the_routes_behind(
    headers: tuple[tuple[bytes, bytes], ...], asked: dict[str, Any]
) -> None:
    """Unread, so that they say what is wrong."""
    front = Front()
    assert await front.post([BODY], *headers, **asked) == []
    assert len(front.behind) == 1 and front.kept == []


async def test_a_refusal_is_a_problem_and_a_hang_up_is_nothing() -> None:
    """Swamped: 503, to be sent again. A switch that hangs up in the body has said no record."""
    start, _ = await Front(Unavailable("Too many.")).post([BODY], BEARER)
    assert start["status"] == 503
    front = Front()
    assert await front.post([BODY[:10]], BEARER, hang_up=True) == []
    assert front.kept == []
