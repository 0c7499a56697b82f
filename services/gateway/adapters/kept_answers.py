"""Answers kept for requests that their senders may repeat (``Idempotency-Key``)."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.adapters.tables import idempotent_request as kept
from services.gateway.use_cases.ports import Claim, Claimed, Document


class SqlKeptAnswers:
    """The rows of ``idempotent_request``. Two requests at once: the primary key lets one of them through."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, claim: Claim) -> Claimed:
        made = await self._connection.execute(
            insert(kept)
            .values(
                provider_id=claim.provider_id,
                subject=claim.subject,
                key=claim.key,
                fingerprint=claim.fingerprint,
                asked_at=claim.asked_at,
            )
            .on_conflict_do_nothing()
            .returning(kept.c.key)
        )
        if made.first() is not None:
            return Claimed(mine=True)
        row = (await self._connection.execute(select(kept).where(_is(claim)))).one()
        answer = Document(row.status, row.media_type, row.content) if row.status is not None else None
        return Claimed(mine=False, same=bytes(row.fingerprint) == claim.fingerprint, answer=answer)

    async def keep(self, claim: Claim, document: Document) -> None:
        await self._connection.execute(
            update(kept)
            .where(_is(claim))
            .values(status=document.status, media_type=document.media_type, content=document.content)
        )

    async def release(self, claim: Claim) -> None:
        await self._connection.execute(delete(kept).where(_is(claim), kept.c.status.is_(None)))

    async def forget(self, *, before: datetime) -> int:
        gone = await self._connection.execute(delete(kept).where(kept.c.asked_at < before))
        return gone.rowcount


def _is(claim: Claim) -> ColumnElement[bool]:
    return and_(
        kept.c.provider_id == claim.provider_id, kept.c.subject == claim.subject, kept.c.key == claim.key
    )
