"""Stored webhook events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.tenants import WebhookEvent

_LONGEST_REASON = 500


def _is(event: WebhookEvent) -> tuple[ColumnElement[bool], ...]:
    held = tables.webhook_event.c
    return (held.account == event.account, held.event_id == event.event_id)


def _kept(reason: str) -> str:
    """PostgreSQL holds no NUL, and the text of an error may quote one: writing the reason must not fail too."""
    return reason.replace("\x00", "\ufffd")[:_LONGEST_REASON]


class WebhooksRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, event: WebhookEvent) -> bool:
        statement = insert(tables.webhook_event).values(
            account=event.account,
            event_id=event.event_id,
            provider_id=event.provider_id,
            type=event.type,
            body=event.body,
            received_at=event.received_at,
        )
        found = await self._connection.execute(
            statement.on_conflict_do_nothing().returning(tables.webhook_event.c.event_id)
        )
        return found.first() is not None

    async def add_all(self, events: Sequence[WebhookEvent]) -> int:
        """One statement. Sorted, so that two replicas that keep the same events never wait for each other."""
        values = [
            {
                "account": event.account,
                "event_id": event.event_id,
                "provider_id": event.provider_id,
                "type": event.type,
                "body": event.body,
                "received_at": event.received_at,
            }
            for event in sorted(events, key=lambda one: (one.account, one.event_id))
        ]
        statement = insert(tables.webhook_event).values(values).on_conflict_do_nothing()
        found = await self._connection.execute(statement.returning(tables.webhook_event.c.event_id))
        return len(found.all())

    async def waiting(self, system_now: datetime, limit: int) -> list[WebhookEvent]:
        """Those that are due, longest due first: one that failed goes behind those that came meanwhile."""
        held = tables.webhook_event
        found = await self._connection.execute(
            select(held)
            .where(
                held.c.finished_at.is_(None), or_(held.c.again_at.is_(None), held.c.again_at <= system_now)
            )
            .order_by(func.coalesce(held.c.again_at, held.c.received_at), held.c.event_id)
            .limit(limit)
        )
        return [rows.webhook_of(dict(row)) for row in found.mappings()]

    async def finish(self, event: WebhookEvent, outcome: str, reason: str | None, at: datetime) -> bool:
        held = tables.webhook_event
        found = await self._connection.execute(
            update(held)
            .where(*_is(event), held.c.finished_at.is_(None))
            .values(finished_at=at, outcome=outcome, reason=None if reason is None else _kept(reason))
        )
        return found.rowcount == 1

    async def postpone(self, event: WebhookEvent, reason: str, again_at: datetime) -> None:
        held = tables.webhook_event
        await self._connection.execute(
            update(held)
            .where(*_is(event))
            .values(tries=held.c.tries + 1, reason=_kept(reason), again_at=again_at)
        )

    async def purge(self, before: datetime) -> int:
        held = tables.webhook_event
        found = await self._connection.execute(delete(held).where(held.c.finished_at < before))
        return found.rowcount

    async def newest(self, limit: int, *, unfinished: bool) -> list[dict[str, object]]:
        """For the operator: what came and what became of it."""
        held = tables.webhook_event
        state = case((held.c.finished_at.is_(None), literal("waiting")), else_=held.c.outcome).label("state")
        query = select(
            held.c.account,
            held.c.event_id,
            held.c.type,
            held.c.received_at,
            held.c.tries,
            state,
            held.c.reason,
        )
        if unfinished:
            query = query.where(held.c.finished_at.is_(None))
        found = await self._connection.execute(query.order_by(held.c.received_at.desc()).limit(limit))
        return [dict(row) for row in found.mappings()]

    async def replay(self, event_id: str | None) -> int:
        """Makes an event (None: all that were ignored, failed or wait after an error) be processed again."""
        held = tables.webhook_event
        wanted = (
            held.c.event_id == event_id
            if event_id is not None
            else func.coalesce(held.c.outcome, "waiting") != "processed"
        )
        found = await self._connection.execute(
            update(held)
            .where(wanted)
            .values(finished_at=None, outcome=None, reason=None, again_at=None, tries=0)
        )
        return found.rowcount
