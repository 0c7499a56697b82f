"""Stored webhook events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, func, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.tenants import WebhookEvent
from services.payments.use_cases.ports import Finished

_LONGEST_REASON = 500
# The same text for any number of events, so that it is compiled and prepared once.
_ADD = text(
    "INSERT INTO webhook_event (account, event_id, provider_id, type, body, received_at)"
    " SELECT * FROM unnest(CAST(:accounts AS text[]), CAST(:events AS text[]), CAST(:providers AS uuid[]),"
    " CAST(:types AS text[]), CAST(:bodies AS bytea[]), CAST(:received AS timestamptz[])) ON CONFLICT DO NOTHING"
)
_FINISH = text(
    "UPDATE webhook_event w SET finished_at = :at, outcome = f.outcome, reason = f.reason"
    " FROM unnest(CAST(:accounts AS text[]), CAST(:events AS text[]), CAST(:outcomes AS text[]),"
    " CAST(:reasons AS text[])) AS f (account, event_id, outcome, reason)"
    " WHERE w.account = f.account AND w.event_id = f.event_id AND w.finished_at IS NULL"
)


def _is(event: WebhookEvent) -> tuple[ColumnElement[bool], ...]:
    held = tables.webhook_event.c
    return (held.account == event.account, held.event_id == event.event_id)


def _kept(reason: str) -> str:
    """PostgreSQL holds no NUL and no half of a pair, and the text of an error may quote them: writing the reason must
    not fail too."""
    whole = reason.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "\ufffd")[:_LONGEST_REASON]


class WebhooksRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_all(self, events: Sequence[WebhookEvent]) -> int:
        """One statement. Sorted, so that two replicas that keep the same events never wait for each other."""
        kept = sorted(events, key=lambda one: (one.account, one.event_id))
        found = await self._connection.execute(
            _ADD,
            {
                "accounts": [event.account for event in kept],
                "events": [event.event_id for event in kept],
                "providers": [event.provider_id for event in kept],
                "types": [event.type for event in kept],
                "bodies": [event.body for event in kept],
                "received": [event.received_at for event in kept],
            },
        )
        return found.rowcount

    async def waiting(self, system_now: datetime, limit: int) -> list[WebhookEvent]:
        """Those that are due, longest due first: one that failed goes behind those that came meanwhile."""
        held = tables.webhook_event
        due = func.coalesce(held.c.again_at, held.c.received_at)
        found = await self._connection.execute(
            select(held)
            .where(
                held.c.finished_at.is_(None), or_(held.c.again_at.is_(None), held.c.again_at <= system_now)
            )
            .order_by(due, held.c.event_id)
            .limit(limit)
        )
        return [rows.webhook_of(dict(row)) for row in found.mappings()]

    async def finish(self, ends: Sequence[Finished], at: datetime) -> int:
        if not ends:
            return 0
        found = await self._connection.execute(
            _FINISH,
            {
                "at": at,
                "accounts": [end.event.account for end in ends],
                "events": [end.event.event_id for end in ends],
                "outcomes": [end.outcome for end in ends],
                "reasons": [None if end.reason is None else _kept(end.reason) for end in ends],
            },
        )
        return found.rowcount

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
