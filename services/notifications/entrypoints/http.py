"""``GET /v1/providers/{provider}/mails``: what was mailed to whom, what waits, what was refused and why."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.domain.facts import Kind
from services.notifications.domain.mail import Mail, State
from services.notifications.use_cases.list_mails import list_mails
from services.notifications.use_cases.note_bounce import note_bounce
from services.notifications.use_cases.ports import MailFilter, OpenWork
from shared.errors import Invalid
from shared.ids import ProviderId, TenantId


class MailShown(BaseModel):
    """One mail. Instants are real time, except ``event_at``, which is the provider's clock."""

    mail_id: UUID
    tenant_id: UUID
    kind: Kind
    event_id: UUID
    event_at: datetime
    state: State = Field(description="waiting for its next try, sent, or refused for good by every address")
    taken_by: list[str] = Field(description="addresses for which the mail server took the mail")
    refused_by: dict[str, str] = Field(description="addresses refused for good, with the mail server's words")
    attempts: int
    problem: str | None = Field(description="what stood in the way at the last try")
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None = Field(description="null unless waiting")

    @classmethod
    def of(cls, mail: Mail) -> "MailShown":
        return cls(
            mail_id=mail.mail_id,
            tenant_id=mail.tenant_id,
            kind=mail.kind,
            event_id=mail.event_id,
            event_at=mail.event_at,
            state=mail.state,
            taken_by=list(mail.taken),
            refused_by=dict(mail.refused),
            attempts=mail.attempts,
            problem=mail.problem,
            created_at=mail.created_at,
            sent_at=mail.sent_at,
            next_try_at=mail.due_at if mail.state is State.WAITING else None,
        )


class BounceBody(BaseModel):
    """Who did not take the mail, and the words of the server that gave it back."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(min_length=3, max_length=254)
    reason: str = Field("", max_length=1000)


class MailPage(BaseModel):
    """Newest first; ``next`` is the cursor of the following page, null on the last one."""

    mails: list[MailShown]
    next: str | None


def _cursor_of(mail: Mail) -> str:
    return base64.urlsafe_b64encode(f"{mail.created_at.isoformat()}|{mail.mail_id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Raises ``Invalid``."""
    try:
        at, _, mail_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant, UUID(mail_id)
    except (ValueError, binascii.Error) as error:
        raise Invalid("Not a cursor of ours; leave it out to begin at the newest.", field="cursor") from error


def make_router(open_work: OpenWork, internal: Callable[..., object]) -> APIRouter:
    """For Tollgate's own services."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)], tags=["mails"])

    @router.get("/mails")
    async def get_mails(
        provider_id: UUID,
        tenant: Annotated[UUID | None, Query(description="only this tenant's")] = None,
        state: Annotated[State | None, Query(description="only these")] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> MailPage:
        """Mails of a provider's tenants, newest first."""
        wanted = MailFilter(
            provider_id=ProviderId(provider_id),
            tenant_id=TenantId(tenant) if tenant else None,
            state=state,
            before=_read_cursor(cursor) if cursor else None,
        )
        async with open_work() as work:
            page = await list_mails(work, wanted, limit)
        return MailPage(
            mails=[MailShown.of(mail) for mail in page.mails],
            next=_cursor_of(page.mails[-1]) if page.more else None,
        )

    @router.post("/mails/{mail_id}/bounces", status_code=201)
    async def post_bounce(provider_id: UUID, mail_id: UUID, body: BounceBody) -> MailShown:
        """A mail came back from a server further on. The same bounce again changes nothing."""
        async with open_work() as work:
            mail = await note_bounce(work, mail_id, body.address, body.reason, ProviderId(provider_id))
        return MailShown.of(mail)

    return router
