"""One request or message = one transaction: state, inbox row and outbox rows commit together or not at all."""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import orjson
from opentelemetry import context, propagate
from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock, SystemClock
from shared.db.many_rows import copy_rows
from shared.events.envelope import Envelope, Event
from shared.ids import EventId, ProviderId, TenantId, new_id
from shared.journal import JournalEntry

_INSERT_OUTBOX = text(
    "INSERT INTO outbox (provider_id, event_id, type, body, headers, sent_at)"
    " VALUES (:provider_id, :event_id, :type, :body, :headers, :sent_at)"
).bindparams(bindparam("headers", type_=JSONB))

# A row that says 'dead' may be claimed again: that is what a replay from the dead letters is.
_CLAIM = text(
    "INSERT INTO inbox (provider_id, consumer, event_id, type, sent_at, handled_at, outcome)"
    " VALUES (:provider_id, :consumer, :event_id, :type, :sent_at, :handled_at, :outcome)"
    " ON CONFLICT (provider_id, consumer, event_id) DO UPDATE"
    " SET outcome = EXCLUDED.outcome, handled_at = EXCLUDED.handled_at"
    " WHERE inbox.outcome = 'dead' AND EXCLUDED.outcome = 'handled'"
    " RETURNING event_id"
)

_REMEMBER = text(
    "INSERT INTO trace_memory (provider_id, name, carrier, kept_at) VALUES (:p, :name, :carrier, :at)"
    " ON CONFLICT (provider_id, name) DO UPDATE SET carrier = EXCLUDED.carrier, kept_at = EXCLUDED.kept_at"
).bindparams(bindparam("carrier", type_=JSONB))
_RECALL = text("SELECT carrier FROM trace_memory WHERE provider_id = :p AND name = :name")

_SET_CLOCK = text(
    "INSERT INTO provider_clock (provider_id, now_at) VALUES (:provider_id, :now_at)"
    " ON CONFLICT (provider_id) DO UPDATE SET now_at = GREATEST(provider_clock.now_at, EXCLUDED.now_at)"
)

_POSTING = (
    "tenant_id",
    "entry_id",
    "position",
    "provider_id",
    "booked_at",
    "reason",
    "account",
    "amount_minor",
    "currency",
)
_POST = text(
    f"INSERT INTO journal_posting ({', '.join(_POSTING)}) VALUES ({', '.join(f':{name}' for name in _POSTING)})"  # noqa: S608 (constants)
)
# Rows from which on COPY is the cheaper way.
COPIED_FROM = 20


class SqlUnitOfWork:
    """A transaction of one service's database. Commits on a clean exit, rolls back on an error.

    A service derives its own from it and adds its repositories. ``source`` is the CloudEvents source.
    """

    connection: AsyncConnection

    def __init__(self, engine: AsyncEngine, *, source: str, clock: Clock | None = None) -> None:
        self._engine = engine
        self._source = source
        self._clock = clock or SystemClock()
        self._emitted: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self.connection = await self._engine.connect()
        await self.connection.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._flush_events()
                await self.connection.commit()
            else:
                await self.connection.rollback()
        finally:
            await self.connection.close()

    async def _flush_events(self) -> None:
        if self._emitted:
            if len(self._emitted) < COPIED_FROM:
                await self.connection.execute(_INSERT_OUTBOX, self._emitted)
            else:
                rows = [{**one, "headers": orjson.dumps(one["headers"]).decode()} for one in self._emitted]
                await copy_rows(self.connection, "outbox", tuple(rows[0]), [(*one.values(),) for one in rows])
            await self.connection.execute(text("NOTIFY outbox"))
            self._emitted = []

    # -- events ---------------------------------------------------------------------------------------------

    def emit(self, event: Event, *, time: datetime, event_id: EventId | None = None) -> None:
        """Puts an event into the outbox of this transaction. ``time`` is the provider's present instant."""
        sent_at = self._clock.now()
        envelope = Envelope.of(
            event, event_id=event_id or EventId(new_id()), source=self._source, time=time, sent_at=sent_at
        )
        headers: dict[str, str] = {}
        propagate.inject(headers)
        self._emitted.append(
            {
                "provider_id": envelope.provider_id,
                "event_id": envelope.id,
                "type": envelope.type,
                "body": envelope.to_bytes(),
                "headers": headers,
                "sent_at": sent_at,
            }
        )

    async def remember_trace(self, provider_id: ProviderId, name: str) -> None:
        """Keeps the present trace under ``name``, for a step that will be due later because of what happens now."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        if carrier:
            await self.connection.execute(
                _REMEMBER, {"p": provider_id, "name": name, "carrier": carrier, "at": self._clock.now()}
            )

    async def continue_trace(self, provider_id: ProviderId, name: str) -> None:
        """Goes on in the trace kept under ``name``, to the end of the running task; nothing kept, nothing changed."""
        found = await self.connection.execute(_RECALL, {"p": provider_id, "name": name})
        carrier = found.scalar_one_or_none()
        if carrier is not None:
            context.attach(propagate.extract(carrier))

    async def claim(self, consumer: str, envelope: Envelope, *, outcome: str = "handled") -> bool:
        """Writes the inbox row. False: this consumer has handled the event before, so do nothing."""
        result = await self.connection.execute(
            _CLAIM,
            {
                "provider_id": envelope.provider_id,
                "consumer": consumer,
                "event_id": envelope.id,
                "type": envelope.type,
                "sent_at": envelope.sent_at,
                "handled_at": self._clock.now(),
                "outcome": outcome,
            },
        )
        return result.first() is not None

    # -- time -----------------------------------------------------------------------------------------------

    async def now(self, provider_id: ProviderId) -> datetime:
        """The provider's present instant: its test clock if it has one, else real time."""
        found = await self.connection.execute(
            text("SELECT now_at FROM provider_clock WHERE provider_id = :provider_id"),
            {"provider_id": provider_id},
        )
        at: datetime | None = found.scalar_one_or_none()
        return at if at is not None else self._clock.now()

    def system_now(self) -> datetime:
        """Real time, whatever the test clocks say (R53)."""
        return self._clock.now()

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None:
        """Puts the provider's test clock forward; never back (R53)."""
        await self.connection.execute(_SET_CLOCK, {"provider_id": provider_id, "now_at": now})

    # -- locks and books --------------------------------------------------------------------------------------

    async def lock(self, *parts: object) -> None:
        """Holds an advisory lock named by ``parts`` (a tenant, an invoice) until the transaction ends."""
        await self.connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": "/".join(str(part) for part in parts)},
        )

    async def lock_tenant(self, tenant_id: TenantId) -> None:
        """One decision at a time for a tenant: whoever decides re-reads state under this lock."""
        await self.lock("tenant", tenant_id)

    async def try_lock_tenant(self, tenant_id: TenantId) -> bool:
        """Like ``lock_tenant``, but False at once when somebody else decides for this tenant now."""
        found = await self.connection.execute(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"tenant/{tenant_id}"},
        )
        return bool(found.scalar_one())

    async def post(self, entry: JournalEntry) -> None:
        """Books a journal entry. The same ``entry_id`` twice is an IntegrityError: a fact is booked once."""
        await self.post_all([entry])

    async def post_all(self, entries: Sequence[JournalEntry]) -> None:
        """Books journal entries in one statement."""
        rows = [
            (
                entry.tenant_id,
                entry.entry_id,
                position,
                entry.provider_id,
                entry.booked_at,
                entry.reason,
                posting.account,
                posting.amount.minor,
                posting.amount.currency,
            )
            for entry in entries
            for position, posting in enumerate(entry.postings)
        ]
        if len(rows) >= COPIED_FROM:
            await copy_rows(self.connection, "journal_posting", _POSTING, rows)
        elif rows:
            await self.connection.execute(_POST, [dict(zip(_POSTING, row, strict=True)) for row in rows])

    async def fetch(self, statement: str | TextClause, **values: Any) -> list[dict[str, Any]]:
        """All rows of a query as dictionaries."""
        clause = text(statement) if isinstance(statement, str) else statement
        result = await self.connection.execute(clause, values)
        return [dict(row) for row in result.mappings()]
