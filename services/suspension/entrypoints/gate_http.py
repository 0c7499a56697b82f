"""``GET /v1/call-policy``: may this call go on? Answers from memory only, whatever the database does."""

import time
from typing import Literal, cast

import orjson
from fastapi import APIRouter, Request, Response
from opentelemetry import metrics
from pydantic import BaseModel

from services.suspension.adapters.gate_memory import GateMemory
from services.suspension.adapters.numbers import international, is_emergency_in
from services.suspension.domain.emergency import dialled, is_emergency
from services.suspension.domain.gate import Answer, Direction, Line, decide
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from shared.errors import Forbidden, Invalid, NotFound, Unavailable
from shared.http.auth import bearer

TTL_SECONDS = 5
_DIRECTIONS = ("inbound", "outbound")
LONGEST_TENANT = 255

# 403 with Q.850 cause 21: no failover, no retries (design/telephony.md, section 2).
_ANSWERS: dict[Answer, bytes] = {
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
_LABELS: dict[Answer, dict[str, str]] = {answer: {"action": answer} for answer in _ANSWERS}


class CallPolicy(BaseModel):
    """What the switch shall do. ``ttl``: seconds for which the answer may be kept; the rest only when rejecting."""

    action: Literal["allow", "reject", "announce"]
    ttl: int
    code: int | None = None
    reason: str | None = None
    q850: int | None = None


class Gate:
    """Decides about one call. The order matters: emergencies before anything that could fail."""

    def __init__(self, memory: GateMemory) -> None:
        self._memory = memory

    def answer(self, line: Line | None, number: str, direction: str) -> Answer:
        """Raises ``Unavailable`` before the first loading, ``NotFound``, ``Invalid`` (direction)."""
        if is_emergency(number, line.country if line else None, is_emergency_in):
            return "allow"
        if not self._memory.loaded:
            raise Unavailable("The gate has nothing in memory yet; use your own last answer.")
        if line is None:
            raise NotFound("No tenant of yours has this id, SIP domain or account code.", field="tenant")
        if direction not in _DIRECTIONS:
            raise Invalid("direction is inbound or outbound.", field="direction")
        reachable = False
        if direction == "outbound" and line.stage.barred and number:
            reachable = international(number, line.country) in self._memory.reachable(line.provider_id)
        return decide(line, cast(Direction, direction), reachable=reachable)


def gate_router(memory: GateMemory, tokens: VerifiedTokens) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["gate"])
    gate = Gate(memory)

    # The parameters are read by hand: what a switch sends must get an answer, not a lecture, and quickly.
    @router.get("/call-policy", response_model=CallPolicy, openapi_extra={"parameters": _PARAMETERS})
    async def get_call_policy(request: Request) -> Response:
        began = time.perf_counter()
        caller = await tokens.verify(bearer(request))
        if "switch" not in caller.roles or caller.provider_id is None:
            raise Forbidden("This needs the role switch.")
        asked = request.query_params
        tenant = asked.get("tenant", "")
        line = memory.find(caller.provider_id, tenant) if len(tenant) <= LONGEST_TENANT else None
        answer = gate.answer(line, dialled(asked.get("to", "")), asked.get("direction", ""))
        _answer_seconds.record(time.perf_counter() - began, _LABELS[answer])
        return Response(_ANSWERS[answer], media_type="application/json")

    return router
