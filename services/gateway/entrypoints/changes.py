"""Changing requests: done once by their ``Idempotency-Key``, recorded in the audit log, then sent on."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from services.gateway.domain.change import NO_PROVIDER
from services.gateway.use_cases.answer_once import answer_once
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Claim, Document, Stream, Work
from services.gateway.use_cases.record_change import Asked, record_change
from shared.errors import Invalid
from shared.ids import TenantId

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class Changes:
    """Records who asks for what around each change."""

    def __init__(self, open_work: Callable[[], Work]) -> None:
        self.open_work = open_work

    async def make(
        self,
        request: Request,
        person: Person,
        act: Callable[[], Awaitable[Document]],
        *,
        tenant_id: TenantId | None = None,
        targets: Mapping[str, object] | None = None,
    ) -> Response:
        """Does ``act`` and answers what the service answered. ``targets`` adds ids of the body to those of the path."""
        named = {**request.path_params, **(targets or {})}
        asked = Asked(
            provider_id=person.provider_id or NO_PROVIDER,
            tenant_id=tenant_id or (person.whose.tenant_id if person.whose else None),
            subject=person.subject,
            name=person.name,
            roles=person.roles,
            method=request.method,
            route=request.scope["route"].path,
            targets={name: str(value) for name, value in named.items() if value is not None},
        )

        async def recorded() -> Document:
            return await record_change(self.open_work, asked, act)

        claim = await self._claim(request, person)
        if claim is None:
            return passed_on(await recorded())
        answer = await answer_once(
            self.open_work, claim, recorded, repeatable="request_id" in (targets or {})
        )
        response = passed_on(answer.document)
        if answer.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    async def _claim(self, request: Request, person: Person) -> Claim | None:
        """The request's key with all that makes it this request; none without the header."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise Invalid(
                "An Idempotency-Key is 1 to 200 visible ASCII characters; a new UUID for each request does.",
                field="Idempotency-Key",
            )
        whole = b"\0".join(
            (
                request.method.encode(),
                request.url.path.encode(),
                request.url.query.encode(),
                await request.body(),
            )
        )
        async with self.open_work() as work:
            now = work.system_now()
        return Claim(
            provider_id=person.provider_id or NO_PROVIDER,
            subject=person.subject,
            key=key,
            fingerprint=hashlib.sha256(whole).digest(),
            asked_at=now,
        )


def streamed(stream: Stream) -> Response:
    """A long answer as it comes."""
    headers = {"Content-Disposition": stream.disposition} if stream.disposition else None
    return StreamingResponse(
        stream.chunks, status_code=stream.status, media_type=stream.media_type, headers=headers
    )


def passed_on(document: Document) -> Response:
    """A service's answer as it is."""
    headers = {"Content-Disposition": document.disposition} if document.disposition else None
    return Response(
        document.content if document.status != 204 else None,
        status_code=document.status,
        media_type=document.media_type if document.content else None,
        headers=headers,
    )
