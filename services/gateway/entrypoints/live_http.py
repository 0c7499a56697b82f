"""``/api/v1/billing/events``: server-sent events, so that an open page changes by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.gateway.entrypoints.callers import Callers, whose_of
from services.gateway.entrypoints.openapi import PROBLEMS
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.onlookers import Looking, Onlookers
from shared.errors import TooMany

# After it the page comes again and shows its token anew: a revoked or expired one gets nothing more.
LONGEST_STREAM_SECONDS = 300
MOST_STREAMS_OF_A_PERSON = 6
_PING_SECONDS = 15
_AGAIN_MS = 1000


def live_router(callers: Callers, onlookers: Onlookers) -> APIRouter:
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=PROBLEMS)

    @router.get(
        "/events",
        summary="What changes while the page is open",
        response_class=EventSourceResponse,
        responses={200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}},
    )
    async def get_events(person: Annotated[Person, Depends(callers.tenant_admin)]) -> EventSourceResponse:
        """Each `changed` event names the sections of the overview that show something else now: ask for them
        again. The stream ends after five minutes; open the next one, and look once at everything."""
        whose = whose_of(person)
        looking = Looking(whose.provider_id, whose.tenant_id, person.subject)
        if onlookers.of_person(looking) >= MOST_STREAMS_OF_A_PERSON:
            raise TooMany(
                f"You have {MOST_STREAMS_OF_A_PERSON} pages open; close one.", retry_after_seconds=60
            )
        onlookers.add(looking)
        return EventSourceResponse(_changes(onlookers, looking), ping=_PING_SECONDS)

    return router


async def _changes(onlookers: Onlookers, looking: Looking) -> AsyncIterator[ServerSentEvent]:
    try:
        yield ServerSentEvent(event="open", data="{}", retry=_AGAIN_MS)
        async with asyncio.timeout(LONGEST_STREAM_SECONDS):
            while True:
                sections = await looking.next()
                yield ServerSentEvent(event="changed", data=orjson.dumps({"sections": sections}).decode())
    except TimeoutError:
        return
    finally:
        onlookers.remove(looking)
