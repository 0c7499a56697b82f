"""HTTP for switches: call records in, durable when answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.usage.domain.records import Outcome, Received
from services.usage.entrypoints.advice import OVER_HTTP, advice
from services.usage.entrypoints.formats.reading import (
    DEFAULT_ASTERISK,
    received_asterisk,
    received_freeswitch,
    received_kazoo,
    received_own,
)
from services.usage.entrypoints.formats.unpacking import BrokenGzip, TooLong, unpacked
from services.usage.entrypoints.intake import Intake
from services.usage.entrypoints.switch_tokens import SwitchTokens
from shared.errors import Invalid
from shared.http.problems import problem
from shared.ids import ProviderId

# Larger bodies are read in a thread, so that other switches need not wait for it.
_LARGE_BYTES = 256 * 1024
_MOST_PROBLEMS = 1000
MOST_RECORDS = 10_000
LONGEST_UNPACKED_BYTES = 64 * 1024 * 1024


class IntakeProblem(BaseModel):
    """A record that was kept in quarantine."""

    position: int = Field(description="place in the request, from 0")
    field: str | None
    detail: str
    quarantine_id: str


class IntakeAnswer(BaseModel):
    """What became of the records of a request; all of it is durable."""

    taken: int = Field(description="new calls")
    repeated: int = Field(description="calls that had been taken before; nothing changed")
    quarantined: int = Field(description="kept with the reason, see `problems`")
    problems: list[IntakeProblem]


Keep = Callable[[ProviderId, list[Received]], Awaitable[Response]]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": IntakeAnswer, "description": "repeats only"},
    201: {"model": IntakeAnswer, "description": "something was taken"},
    202: {"model": IntakeAnswer, "description": "kept in quarantine only"},
    413: {"description": "too large, or over 10,000 records; nothing is kept, send fewer at a time"},
    415: {"description": "compressed otherwise than by gzip; nothing is kept"},
    422: {"description": "no call record at all; kept in quarantine as well"},
}


def _problems(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "field": outcome.field,
            "detail": advice(outcome.reason, outcome.detail, OVER_HTTP),
            "quarantine_id": str(outcome.quarantine_id),
        }
        for position, outcome in enumerate(outcomes)
        if outcome.status == "quarantined"
    ][:_MOST_PROBLEMS]


def _written(
    status: int, taken: int, repeated: int, quarantined: int, problems: list[dict[str, Any]]
) -> Response:
    body = {"taken": taken, "repeated": repeated, "quarantined": quarantined, "problems": problems}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


# Of single calls nearly every answer is this one; an answer is not changed once it is made.
_ONE_TAKEN = _written(201, 1, 0, 0, [])


def _response(outcomes: list[Outcome]) -> Response:
    taken = sum(outcome.status == "taken" for outcome in outcomes)
    repeated = sum(outcome.status == "repeated" for outcome in outcomes)
    quarantined = len(outcomes) - taken - repeated
    problems = _problems(outcomes) if quarantined else []
    if all(outcome.reason == "unreadable" for outcome in outcomes):
        first = outcomes[0]
        return problem(
            422,
            "no-call-record",
            f"{first.detail} It is kept in quarantine.",
            field=first.field,
            errors=problems,
        )
    if len(outcomes) == taken == 1:
        return _ONE_TAKEN
    status = 201 if taken else 202 if not repeated else 200
    return _written(status, taken, repeated, quarantined, problems)


async def _body(request: Request) -> bytes:
    """The body, unpacked where it is gzip; another compression would be kept as unreadable for ever."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    body = await request.body()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise HTTPException(
            415,
            f"The body is compressed ({encoding[:40]}); send it as gzip or uncompressed.",
            headers={"Accept-Encoding": "gzip, identity"},
        )
    try:
        return await asyncio.to_thread(unpacked, body, LONGEST_UNPACKED_BYTES)
    except TooLong:
        raise HTTPException(
            413,
            f"The body is over {LONGEST_UNPACKED_BYTES} bytes when unpacked; send fewer records at a time.",
        ) from None
    except BrokenGzip as error:
        raise Invalid(f"The body is no whole gzip: {error}.", field="body") from None


def keeper(intake: Intake) -> Keep:
    """What all routes do with the records that they have read."""

    async def keep(provider_id: ProviderId, received: list[Received]) -> Response:
        if not received:
            raise Invalid("The body holds no call record; send at least one.", field="body")
        if len(received) > MOST_RECORDS:
            raise HTTPException(
                413, f"The body holds {len(received)} records; send at most {MOST_RECORDS} at a time."
            )
        return _response(await intake.submit(provider_id, received))

    return keep


async def read_own_body(body: bytes) -> list[Received]:
    if len(body) > _LARGE_BYTES:
        return await asyncio.to_thread(received_own, body)
    return received_own(body)


def intake_router(keep: Keep, tokens: SwitchTokens) -> APIRouter:
    """The intakes, for tokens with the role ``switch``; the token names the provider."""
    router = APIRouter(prefix="/v1/cdrs", tags=["intake"])

    @router.post("/freeswitch", responses=_ANSWERS, response_class=Response)
    async def post_freeswitch(
        request: Request,
        uuid: Annotated[str | None, Query(max_length=80, description="set by mod_json_cdr")] = None,
    ) -> Response:
        """One document of mod_json_cdr or mod_xml_cdr: `cdr=` url-encoded or base64, or bare JSON or XML."""
        return await keep(await tokens.provider_of(request), received_freeswitch(await _body(request), uuid))

    @router.post("/asterisk", responses=_ANSWERS, response_class=Response)
    async def post_asterisk(
        request: Request,
        switch: Annotated[
            str, Query(max_length=80, description="name of the machine; keeps calls of two apart")
        ] = DEFAULT_ASTERISK,
        time_zone: Annotated[
            str, Query(max_length=60, description="of the times; UTC with usegmtime=yes")
        ] = "UTC",
    ) -> Response:
        """Rows of Asterisk's cdr_csv, of 16 to 21 columns, or of any under a head line; or rows as JSON."""
        provider_id = await tokens.provider_of(request)
        body = await _body(request)
        if len(body) > _LARGE_BYTES:
            received = await asyncio.to_thread(received_asterisk, body, switch=switch, time_zone=time_zone)
        else:
            received = received_asterisk(body, switch=switch, time_zone=time_zone)
        return await keep(provider_id, received)

    @router.post("/kazoo", responses=_ANSWERS, response_class=Response)
    async def post_kazoo(request: Request) -> Response:
        """Kazoo's channel_destroy webhook (JSON or form), or its CDR documents."""
        provider_id = await tokens.provider_of(request)
        return await keep(provider_id, received_kazoo(await _body(request)))

    @router.post("", responses=_ANSWERS, response_class=Response)
    async def post_own(request: Request) -> Response:
        """Tollgate's own records: one JSON object, an array, or one object a line."""
        provider_id = await tokens.provider_of(request)
        return await keep(provider_id, await read_own_body(await _body(request)))

    return router
