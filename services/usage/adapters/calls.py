"""Calls and their day totals: written in sets, in the order of their keys, so that no two batches deadlock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.added_calls import COPIED_FROM, add_few, add_many, unnest
from services.usage.adapters.call_filters import conditions_of
from services.usage.adapters.months import SqlMonths
from services.usage.adapters.ratings import RATING_TYPES, read_rating, read_timed_call
from services.usage.adapters.stored_calls import STORED, read_stored, write_ratings
from services.usage.domain.calls import Call
from services.usage.domain.metering import DayTotal, TimedCall
from services.usage.domain.months import months_of
from services.usage.use_cases.call_ports import CallFilter, CallSums, ListedCall
from services.usage.use_cases.ports import FlaggedCall
from services.usage.use_cases.rating_ports import ReRated, StoredCall
from shared.errors import Unavailable
from shared.ids import ProviderId, TenantId

_TOTAL_TYPES = {
    "tenant_id": "uuid",
    "local_day": "date",
    "call_class": "text",
    "direction": "text",
    "provider_id": "uuid",
    "calls": "int8",
    "billed_seconds": "int8",
    "talk_ms": "int8",
    "billed_calls": "int8",
}


_ADD_TOTALS = text(
    f"INSERT INTO day_total ({', '.join(_TOTAL_TYPES)}) SELECT * FROM {unnest(_TOTAL_TYPES)}"  # noqa: S608 (constants of our own, never input)
    " ON CONFLICT (tenant_id, local_day, call_class, direction) DO UPDATE SET calls = day_total.calls + EXCLUDED.calls,"
    " billed_seconds = day_total.billed_seconds + EXCLUDED.billed_seconds,"
    " talk_ms = day_total.talk_ms + EXCLUDED.talk_ms,"
    " billed_calls = day_total.billed_calls + EXCLUDED.billed_calls"
)
_SHARE = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('tenant/' || one.id, 0))"
    " FROM unnest(CAST(:tenants AS text[])) WITH ORDINALITY AS one(id, position)"
)
# A call that a revision of its period has counted is kept as it was, so that the lines of that revision still open.
_REMOVE = text(
    "WITH gone AS (DELETE FROM call USING unnest(CAST(:tenants AS uuid[]), CAST(:instants AS timestamptz[]),"
    " CAST(:keys AS uuid[])) AS one(tenant_id, placed_at, call_key) WHERE call.tenant_id = one.tenant_id"
    " AND call.placed_at = one.placed_at AND call.call_key = one.call_key"
    # Constants of the statement's plan: without them every month is looked into.
    " AND call.placed_at >= :earliest AND call.placed_at <= :latest RETURNING call.*),"
    " freed AS (DELETE FROM call_key USING gone WHERE call_key.provider_id = :provider_id"
    " AND call_key.call_key = gone.call_key RETURNING call_key.call_key, call_key.fingerprint),"
    " kept AS (INSERT INTO taken_out (tenant_id, placed_at, call_key, until_revision, provider_id, local_day,"
    " first_revision, call) SELECT gone.tenant_id, gone.placed_at, gone.call_key, p.revision + 1, gone.provider_id,"
    " gone.local_day, gone.first_revision, to_jsonb(gone) FROM gone JOIN period_close p"
    " ON p.tenant_id = gone.tenant_id AND gone.local_day >= p.start_date AND gone.local_day < p.end_date"
    " WHERE p.revision >= gone.first_revision AND gone.billed_seconds > 0)"
    " SELECT gone.*, freed.fingerprint FROM gone JOIN freed USING (call_key)"
)
_FLAGGED = text(
    "SELECT * FROM call WHERE provider_id = :provider_id AND flags <> ''"
    " AND (CAST(:flag AS text) IS NULL OR :flag = ANY(string_to_array(flags, ',')))"
    " AND (CAST(:after_at AS timestamptz) IS NULL"
    " OR (placed_at, call_key) < (CAST(:after_at AS timestamptz), CAST(:after_key AS uuid)))"
    " ORDER BY placed_at DESC, call_key DESC LIMIT :limit"
)
_FINGERPRINTS = text(
    "SELECT call_key, fingerprint FROM call_key"
    " WHERE provider_id = :provider_id AND call_key = ANY(CAST(:keys AS uuid[]))"
)
# What PostgreSQL says when an operator took out a month that this process had seen a moment before.
_NO_MONTH = "no partition of relation"
_COUNT_FROM = text(
    "UPDATE call SET first_revision = :revision"
    " FROM unnest(CAST(:tenants AS uuid[]), CAST(:instants AS timestamptz[]), CAST(:keys AS uuid[]))"
    " AS one(tenant_id, placed_at, call_key)"
    " WHERE call.tenant_id = one.tenant_id AND call.placed_at = one.placed_at AND call.call_key = one.call_key"
    # Constants of the statement's plan: without them every month is looked into.
    " AND call.placed_at >= :earliest AND call.placed_at <= :latest"
)
_DAYS = text(
    "SELECT local_day, call_class, direction, calls, billed_calls, billed_seconds FROM day_total"
    " WHERE tenant_id = :tenant_id AND local_day >= :start AND local_day < :end ORDER BY local_day, call_class, direction"
)
_SUMS = (
    "SELECT count(*), count(*) FILTER (WHERE billed_seconds > 0), coalesce(sum(billed_seconds), 0),"
    " coalesce(sum(talk_ms), 0), coalesce(sum(hold_ms), 0) FROM call WHERE "
)
# One day more on both sides than any zone can shift: the index is by instant, the day decides.
_OF_DAY = text(
    f"SELECT placed_at, call_key, plan_id, plan_version, direction, extension, {', '.join(RATING_TYPES)} FROM call"  # noqa: S608 (constants of our own, never input)
    " WHERE tenant_id = :tenant_id AND local_day = :day AND billed_seconds > 0"
    " AND placed_at >= CAST(:day AS date) - 2 AND placed_at < CAST(:day AS date) + 3"
)


@dataclass
class _Sum:
    calls: int = 0
    billed_seconds: int = 0
    talk_ms: int = 0
    billed_calls: int = 0


class SqlCalls:
    """Calls in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection, months: SqlMonths) -> None:
        self._connection = connection
        self._months = months

    async def add(self, calls: Sequence[Call], *, received_at: datetime) -> set[UUID]:
        """Inserts what is new and says which keys that were; the rest is left alone."""
        await self._months.provide(months_of(call.placed_at for call in calls))
        try:
            if len(calls) < COPIED_FROM:
                repeated = await add_few(self._connection, calls, received_at)
            else:
                repeated = await add_many(self._connection, calls, received_at)
            return {call.call_key for call in calls}.difference(repeated)
        except DBAPIError as error:
            if _NO_MONTH in str(error.orig):
                raise Unavailable("A month was just archived; send the same request again.") from error
            raise

    async def add_to_totals(
        self, calls: Iterable[Call | StoredCall], removed: Iterable[Call | StoredCall] = ()
    ) -> None:
        """Adds new calls to their days and takes removed ones out: one statement, so that batches do not deadlock."""
        sums: dict[tuple[TenantId, date, str, str, ProviderId], _Sum] = {}
        for call, sign in (*((one, 1) for one in calls), *((one, -1) for one in removed)):
            key = (call.tenant_id, call.local_day, call.call_class, call.direction, call.provider_id)
            one = sums.setdefault(key, _Sum())
            one.calls += sign
            one.billed_seconds += sign * call.billed_seconds
            one.talk_ms += sign * call.talk_ms
            one.billed_calls += sign * (call.billed_seconds > 0)
        if not sums:
            return
        ordered = sorted(sums)
        columns: dict[str, list[Any]] = {
            name: [key[position] for key in ordered] for position, name in enumerate(list(_TOTAL_TYPES)[:5])
        }
        for name in ("calls", "billed_seconds", "talk_ms", "billed_calls"):
            columns[name] = [getattr(sums[key], name) for key in ordered]
        await self._connection.execute(_ADD_TOTALS, columns)

    async def remove(
        self, provider_id: ProviderId, calls: Collection[tuple[UUID, datetime, UUID]]
    ) -> list[Call]:
        """Takes out calls (tenant, when placed, key) that a further leg has changed, and says what they were.

        Totals are the caller's.
        """
        ordered = sorted(calls)
        instants = [placed_at for _, placed_at, _ in ordered]
        # No revision is made of these tenants' periods between this look and the commit.
        await self._connection.execute(_SHARE, {"tenants": sorted({str(tenant) for tenant, _, _ in ordered})})
        found = await self._connection.execute(
            _REMOVE,
            {
                "provider_id": provider_id,
                "tenants": [tenant_id for tenant_id, _, _ in ordered],
                "instants": instants,
                "keys": [key for _, _, key in ordered],
                "earliest": min(instants),
                "latest": max(instants),
            },
        )
        return [_call(row) for row in found.mappings()]

    async def flagged(
        self, provider_id: ProviderId, flag: str | None, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[FlaggedCall]:
        """Suspicious calls of a provider, newest first (R14)."""
        at, key = after or (None, None)
        rows = await self._connection.execute(
            _FLAGGED,
            {"provider_id": provider_id, "flag": flag, "after_at": at, "after_key": key, "limit": limit},
        )
        return [FlaggedCall(TenantId(row["tenant_id"]), listed_call(row)) for row in rows.mappings()]

    async def count_from(self, calls: Sequence[Call], revision: int) -> None:
        """These late calls are in their period's totals from this revision on, and in none before (R42)."""
        instants = [call.placed_at for call in calls]
        await self._connection.execute(
            _COUNT_FROM,
            {
                "revision": revision,
                "tenants": [call.tenant_id for call in calls],
                "instants": instants,
                "keys": [call.call_key for call in calls],
                "earliest": min(instants),
                "latest": max(instants),
            },
        )

    async def fingerprints(self, provider_id: ProviderId, keys: Collection[UUID]) -> dict[UUID, bytes]:
        rows = await self._connection.execute(_FINGERPRINTS, {"provider_id": provider_id, "keys": list(keys)})
        return {row.call_key: bytes(row.fingerprint) for row in rows}

    async def day_totals(self, tenant_id: TenantId, start: date, end: date) -> list[DayTotal]:
        rows = await self._connection.execute(_DAYS, {"tenant_id": tenant_id, "start": start, "end": end})
        return [
            DayTotal(
                row.local_day, row.call_class, row.direction, row.calls, row.billed_calls, row.billed_seconds
            )
            for row in rows
        ]

    async def billed_on(self, tenant_id: TenantId, day: date, *, by_extension: bool) -> list[TimedCall]:
        """All billed calls of a local day with their rating."""
        rows = await self._connection.execute(_OF_DAY, {"tenant_id": tenant_id, "day": day})
        return [read_timed_call(row, by_extension=by_extension) for row in rows.mappings()]

    async def stored(
        self,
        tenant_id: TenantId,
        start: date,
        end: date,
        *,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[StoredCall]:
        """Calls of the local days ``[start, end)`` in the order of time, after a place in it."""
        at, key = after or (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        rows = await self._connection.execute(
            STORED,
            {
                "tenant_id": tenant_id,
                "start": start,
                "end": end,
                "after_at": at,
                "after_key": key,
                "limit": limit,
            },
        )
        return [read_stored(row) for row in rows.mappings()]

    async def re_rate(self, changes: Sequence[ReRated]) -> None:
        """Gives calls their new rating, moves their days' totals, keeps the old rating where it was said."""
        await write_ratings(self._connection, changes)
        await self.add_to_totals([one.after for one in changes], [one.before for one in changes])

    async def listed(self, tenant_id: TenantId, wanted: CallFilter) -> list[ListedCall]:
        """Newest first, after the cursor; at most ``wanted.limit``."""
        conditions, values = conditions_of(tenant_id, wanted)
        values["limit"] = wanted.limit
        if wanted.after is not None:
            conditions.append("(placed_at, call_key) < (:after_at, CAST(:after_key AS uuid))")
            values["after_at"], values["after_key"] = wanted.after
        rows = await self._connection.execute(
            text(
                "SELECT * FROM call WHERE "  # noqa: S608 (conditions are the literals above)
                + " AND ".join(conditions)
                + " ORDER BY placed_at DESC, call_key DESC LIMIT :limit"
            ),
            values,
        )
        return [listed_call(row) for row in rows.mappings()]

    async def sums(self, tenant_id: TenantId, wanted: CallFilter) -> CallSums:
        """Of all calls of the filter; its limit and cursor do not matter."""
        conditions, values = conditions_of(tenant_id, wanted)
        found = await self._connection.execute(
            text(_SUMS + " AND ".join(conditions)),  # (conditions are literals of this module)
            values,
        )
        row = found.one()
        return CallSums(*(int(value) for value in row))


def listed_call(row: RowMapping) -> ListedCall:
    """A row of ``call`` as Call History shows it."""
    return ListedCall(
        call_id=row["call_key"],
        placed_at=row["placed_at"],
        answered_at=row["answered_at"],
        direction=row["direction"],
        from_number=row["from_number"],
        to_number=row["to_number"],
        call_class=row["call_class"],
        talk_ms=row["talk_ms"],
        hold_ms=row["hold_ms"],
        billed_seconds=row["billed_seconds"],
        flags=tuple(row["flags"].split(",")) if row["flags"] else (),
        not_billed=row["not_billed"],
        local_day=row["local_day"],
        destination=row["destination"],
        price_per_minute=row["price_per_minute"],
        connect_fee=row["connect_fee"],
        charge=row["charge"],
        extension=row["extension"],
        first_revision=row["first_revision"],
        extra=row.get("extra"),  # absent in what was taken out before the column was there
    )


_OWN_FIELDS = ("flags", "fingerprint", "rating", "own_minutes")


def _call(row: RowMapping) -> Call:
    values = {one.name: row[one.name] for one in fields(Call) if one.name not in _OWN_FIELDS}
    return Call(
        **values,
        flags=tuple(row["flags"].split(",")) if row["flags"] else (),
        fingerprint=bytes(row["fingerprint"]),
        rating=read_rating(row),
    )
