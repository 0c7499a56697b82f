"""``GET /v1/call-policy``: may this call go on? Answers from memory only, whatever the database does."""

import time
from typing import Literal

import orjson
from fastapi import APIRouter, Request, Response
from opentelemetry import metrics
from pydantic import BaseModel

from services.suspension.domain.gate import Answer
from services.suspension.entrypoints.verified_tokens import VerifiedTokens
from services.suspension.use_cases.answer_call import Gate
from shared.errors import Forbidden
from shared.http.auth import bearer

TTL_SECONDS = 5

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


def gate_router(gate: Gate, tokens: VerifiedTokens) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["gate"])

    # The parameters are read by hand: what a switch sends must get an answer, not a lecture, and quickly.
    @router.get("/call-policy", response_model=CallPolicy, openapi_extra={"parameters": _PARAMETERS})
    async def get_call_policy(request: Request) -> Response:
        began = time.perf_counter()
        caller = await tokens.verify(bearer(request))
        if "switch" not in caller.roles or caller.provider_id is None:
            raise Forbidden("This needs the role switch.")
        asked = request.query_params
        answer = gate.answer(
            caller.provider_id, asked.get("tenant", ""), asked.get("direction", ""), asked.get("to", "")
        )
        _answer_seconds.record(time.perf_counter() - began, _LABELS[answer])
        return Response(_ANSWERS[answer], media_type="application/json")

    return router
