"""Mails in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from services.notifications.adapters import tables
from services.notifications.adapters.documents import from_document, to_document
from services.notifications.domain.facts import Kind
from services.notifications.domain.mail import FIRST_AWAY_PAUSE, LEASE, LONGEST_AWAY_PAUSE, Mail, State
from services.notifications.use_cases.ports import MailFilter
from shared.ids import ProviderId

_ADD = text(
    "INSERT INTO mail (provider_id, mail_id, tenant_id, kind, event_id, event_at, facts, created_at, due_at,"
    " state, trace) VALUES (:provider_id, :mail_id, :tenant_id, :kind, :event_id, :event_at, :facts,"
    " :created_at, :due_at, :state, :trace) ON CONFLICT DO NOTHING RETURNING mail_id"
).bindparams(bindparam("facts", type_=JSONB), bindparam("trace", type_=JSONB))

_CLAIM = text(
    "UPDATE mail SET leased_until = :until WHERE (provider_id, mail_id) = ("
    "SELECT provider_id, mail_id FROM mail WHERE state = 'waiting' AND due_at <= :now"
    " AND (leased_until IS NULL OR leased_until <= :now) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING *"
)
_SETTLE = text(
    "UPDATE mail SET state = :state, attempts = :attempts, taken = :taken, refused = :refused,"
    " problem = :problem, sent_at = :sent_at, deferred_since = :deferred_since, due_at = :due_at,"
    " leased_until = NULL, server_away = false"
    " WHERE provider_id = :provider_id AND mail_id = :mail_id AND (:whatever_state OR state = 'waiting')"
).bindparams(bindparam("taken", type_=ARRAY(Text)), bindparam("refused", type_=JSONB))

# The claimed mail and every other one that is due and in nobody's hands.
_HOLD = text(
    "UPDATE mail SET server_away = true, problem = :problem, attempts = attempts + 1, leased_until = NULL,"
    " due_at = :now + LEAST(:first * power(2, LEAST(attempts, 10)), :longest) * INTERVAL '1 second'"
    " WHERE state = 'waiting' AND ((provider_id = :provider_id AND mail_id = :mail_id)"
    " OR (due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)))"
)
_RELEASE = text(
    "UPDATE mail SET server_away = false, due_at = LEAST(due_at, :now) WHERE state = 'waiting' AND server_away"
)
_HELD = text(
    "SELECT count(*) AS n, max(problem) AS problem FROM mail WHERE state = 'waiting' AND server_away"
)
_NEVER_TRIED = text(
    "SELECT count(*) FROM mail WHERE provider_id = :provider_id AND state = 'waiting' AND attempts = 0"
)


def _mail(row: Any) -> Mail:
    kind = Kind(row.kind)
    return Mail(
        provider_id=row.provider_id,
        mail_id=row.mail_id,
        tenant_id=row.tenant_id,
        kind=kind,
        event_id=row.event_id,
        event_at=row.event_at,
        facts=from_document(kind, row.facts),
        created_at=row.created_at,
        due_at=row.due_at,
        state=State(row.state),
        attempts=row.attempts,
        taken=tuple(row.taken),
        refused=row.refused,
        problem=row.problem,
        sent_at=row.sent_at,
        deferred_since=row.deferred_since,
        trace=row.trace,
    )


class SqlMails:
    """The mails, sent and waiting."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, mail: Mail) -> bool:
        result = await self._connection.execute(
            _ADD,
            {
                "provider_id": mail.provider_id,
                "mail_id": mail.mail_id,
                "tenant_id": mail.tenant_id,
                "kind": mail.kind.value,
                "event_id": mail.event_id,
                "event_at": mail.event_at,
                "facts": to_document(mail.kind, mail.facts),
                "created_at": mail.created_at,
                "due_at": mail.due_at,
                "state": mail.state.value,
                "trace": dict(mail.trace),
            },
        )
        return result.first() is not None

    async def get(self, provider_id: ProviderId, mail_id: UUID) -> Mail | None:
        table = tables.mail
        query = select(table).where(table.c.provider_id == provider_id, table.c.mail_id == mail_id)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _mail(row)

    async def find(self, mail_id: UUID) -> Mail | None:
        query = select(tables.mail).where(tables.mail.c.mail_id == mail_id)
        row = (await self._connection.execute(query)).first()
        return None if row is None else _mail(row)

    async def list(self, wanted: MailFilter, limit: int) -> Sequence[Mail]:
        table = tables.mail
        conditions = []
        if wanted.provider_id is not None:
            conditions.append(table.c.provider_id == wanted.provider_id)
        if wanted.tenant_id is not None:
            conditions.append(table.c.tenant_id == wanted.tenant_id)
        if wanted.state is not None:
            conditions.append(table.c.state == wanted.state.value)
        if wanted.before is not None:
            conditions.append(tuple_(table.c.created_at, table.c.mail_id) < tuple_(*wanted.before))
        query = (
            select(table)
            .where(and_(True, *conditions))
            .order_by(table.c.created_at.desc(), table.c.mail_id.desc())
            .limit(limit)
        )
        return [_mail(row) for row in await self._connection.execute(query)]

    async def claim(self, now: datetime) -> Mail | None:
        row = (await self._connection.execute(_CLAIM, {"now": now, "until": now + LEASE})).first()
        return None if row is None else _mail(row)

    async def settle(self, mail: Mail) -> None:
        await self._store(mail, whatever_state=False)

    async def requeue(self, mail: Mail) -> None:
        await self._store(mail, whatever_state=True)

    async def correct(self, mail: Mail) -> None:
        await self._store(mail, whatever_state=True)

    async def _store(self, mail: Mail, *, whatever_state: bool) -> None:
        await self._connection.execute(
            _SETTLE,
            {
                "provider_id": mail.provider_id,
                "mail_id": mail.mail_id,
                "state": mail.state.value,
                "attempts": mail.attempts,
                "taken": list(mail.taken),
                "refused": dict(mail.refused),
                "problem": mail.problem,
                "sent_at": mail.sent_at,
                "deferred_since": mail.deferred_since,
                "due_at": mail.due_at,
                "whatever_state": whatever_state,
            },
        )

    async def hold_for_server(self, claimed: Mail, problem: str, now: datetime) -> int:
        result = await self._connection.execute(
            _HOLD,
            {
                "provider_id": claimed.provider_id,
                "mail_id": claimed.mail_id,
                "problem": problem[:1000],
                "now": now,
                "first": FIRST_AWAY_PAUSE.total_seconds(),
                "longest": LONGEST_AWAY_PAUSE.total_seconds(),
            },
        )
        return result.rowcount

    async def release_held(self, now: datetime) -> int:
        return (await self._connection.execute(_RELEASE, {"now": now})).rowcount

    async def held(self) -> tuple[int, str | None]:
        row = (await self._connection.execute(_HELD)).one()
        return row.n, row.problem

    async def never_tried(self, provider_id: ProviderId) -> int:
        count: int = (await self._connection.execute(_NEVER_TRIED, {"provider_id": provider_id})).scalar_one()
        return count
