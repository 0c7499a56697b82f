"""Changing requests: recorded in the audit log, then sent on."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request
from fastapi.responses import Response

from services.gateway.domain.change import NO_PROVIDER
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Document, Work
from services.gateway.use_cases.record_change import Asked, record_change
from shared.ids import TenantId


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
        return passed_on(await record_change(self.open_work, asked, act))


def passed_on(document: Document) -> Response:
    """A service's answer as it is."""
    headers = {"Content-Disposition": document.disposition} if document.disposition else None
    return Response(
        document.content if document.status != 204 else None,
        status_code=document.status,
        media_type=document.media_type if document.content else None,
        headers=headers,
    )
