"""``GET /v1/call-policy``: may this call go on? Answers from memory only, whatever the database does.

A plain ASGI application in front of everything else: routing, tracing and validation would cost more than the answer.
"""

import base64
import binascii
import time
from typing import Literal
from urllib.parse import parse_qsl

import orjson
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from opentelemetry import metrics
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from services.suspension.domain.gate import Answer
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from services.suspension.use_cases.answer_call import Gate
from shared.errors import Forbidden, Refusal, Unauthenticated
from shared.health import Check
from shared.http.problems import problem, refusal_response

log = structlog.get_logger(__name__)
PATH = "/v1/call-policy"
TTL_SECONDS = 5

# 403 with Q.850 cause 21: no failover, no retries (design/telephony.md, section 2).
_BODIES: dict[Answer, bytes] = {
    "allow": orjson.dumps({"action": "allow", "ttl": TTL_SECONDS}),
    "announce": orjson.dumps({"action": "announce", "ttl": TTL_SECONDS}),
    "reject": orjson.dumps(
        {
            "action": "reject",
            "code": 403,
            "reason": "Service suspended",
            "q850": 21,
            "ttl": TTL_SECONDS,
        }
    ),
}
_JSON = (b"content-type", b"application/json")
Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]
_REPLIES: dict[Answer, Reply] = {
    answer: (200, [_JSON, (b"content-length", str(len(body)).encode())], body)
    for answer, body in _BODIES.items()
}

_PARAMETERS = [
    {"name": name, "in": "query", "required": required, "description": text, "schema": {"type": "string"}}
    for name, required, text in (
        ("tenant", True, "tenant id, SIP domain or account code"),
        ("direction", True, "`outbound` or `inbound`, as the tenant sees it"),
        ("to", False, "called number, `sip:` or `tel:` address, or `urn:service:sos`"),
        ("call_id", False, "the switch's name for the call, for its own traces"),
    )
]
_answer_seconds = metrics.get_meter(__name__).create_histogram("tollgate.gate.answer", "s")
_LABELS: dict[Answer, dict[str, str]] = {answer: {"action": answer} for answer in _BODIES}


class CallPolicy(BaseModel):
    """What the switch shall do. ``ttl``: seconds for which the answer may be kept; the rest only when rejecting."""

    action: Literal["allow", "reject", "announce"]
    ttl: int
    code: int | None = None
    reason: str | None = None
    q850: int | None = None


class GateHttp:
    """From a request's header and query to a reply; raises nothing."""

    def __init__(self, gate: Gate, tokens: VerifiedTokens) -> None:
        self._gate = gate
        self._tokens = tokens

    async def reply(self, authorization: bytes, query: bytes) -> Reply:
        began = time.perf_counter()
        try:
            token = _token(authorization)
            caller = self._tokens.known(token) or await self._tokens.verify(token)
            if "switch" not in caller.roles or caller.provider_id is None:
                raise Forbidden("This needs the role switch.")
            asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"))
            answer = self._gate.answer(
                caller.provider_id, asked.get("tenant", ""), asked.get("direction", ""), asked.get("to", "")
            )
        except Refusal as refusal:
            return _of(refusal_response(refusal))
        except Exception as error:
            # A switch has a rule for a gate that is away, and none for one that is broken.
            log.exception("the gate failed on a call", error=repr(error))
            return _of(problem(503, "unavailable", "The gate failed on this call; use your own last answer."))
        _answer_seconds.record(time.perf_counter() - began, _LABELS[answer])
        return _REPLIES[answer]


def _token(authorization: bytes) -> str:
    """Bearer, or Basic with the token as password, for switches that know only that."""
    scheme, _, value = authorization.partition(b" ")
    value = value.strip()
    if scheme.lower() == b"basic":
        try:
            value = base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error as error:
            raise Unauthenticated("The Basic credentials cannot be read.") from error
    elif scheme.lower() != b"bearer":
        value = b""
    if not value:
        raise Unauthenticated("Send a token: `Authorization: Bearer <token>`.")
    return value.decode("latin-1")


def _of(response: Response) -> Reply:
    return response.status_code, list(response.raw_headers), bytes(response.body)


class GateFront:
    """Answers for the gate's path and hands everything else on."""

    def __init__(self, behind: ASGIApp, gate: GateHttp) -> None:
        self._behind = behind
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] not in ("GET", "HEAD"):
            await self._behind(scope, receive, send)
            return
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        status, headers, body = await self._gate.reply(authorization, scope["query_string"])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})


def put_in_front(app: FastAPI, gate: GateHttp) -> None:
    """Outside of all middleware, tracing included: a span would keep the called number."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: GateFront(build(), gate)  # type: ignore[method-assign]


def gate_router(gate: GateHttp, check: Check, note: Check) -> APIRouter:
    """The same as a route, so that the interface's description has it; and the gate's own health.

    ``/health/gate`` is for whatever sends switches here: 200 as long as there is a memory to answer from, whatever
    database and broker do (those decide ``/health/ready``).
    """
    router = APIRouter(tags=["gate"])

    @router.get("/health/gate")
    async def get_gate_health() -> JSONResponse:
        empty, stale = await check(), await note()
        state = "empty" if empty else "stale" if stale else "following"
        body = {"status": state, "detail": empty or stale}
        return JSONResponse(body, status_code=503 if empty else 200)

    @router.get(PATH, response_model=CallPolicy, openapi_extra={"parameters": _PARAMETERS})
    async def get_call_policy(request: Request) -> Response:
        authorization = request.headers.get("authorization", "").encode("latin-1")
        status, headers, body = await gate.reply(authorization, request.scope["query_string"])
        response = Response(body, status_code=status)
        response.raw_headers = headers
        return response

    return router
