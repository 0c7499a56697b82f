"""Calls and their day totals: written in sets, in the order of their keys, so that no two batches deadlock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.months import SqlMonths
from services.usage.domain.calls import Call
from services.usage.domain.metering import DayTotal, TimedCall
from services.usage.domain.months import months_of
from services.usage.use_cases.ports import CallFilter, FlaggedCall, ListedCall
from shared.errors import Unavailable
from shared.ids import ProviderId, TenantId

_TYPES = {
    "tenant_id": "uuid",
    "call_key": "uuid",
    "provider_id": "uuid",
    "switch": "text",
    "leg_id": "text",
    "sip_call_id": "text",
    "started_at": "timestamptz",
    "answered_at": "timestamptz",
    "ended_at": "timestamptz",
    "placed_at": "timestamptz",
    "local_day": "date",
    "direction": "text",
    "from_number": "text",
    "to_number": "text",
    "call_class": "text",
    "talk_ms": "int8",
    "hold_ms": "int8",
    "billed_seconds": "int8",
    "plan_id": "uuid",
    "plan_version": "int4",
    "flags": "text",
    "not_billed": "text",
    "received_at": "timestamptz",
}
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


def _unnest(types: dict[str, str]) -> str:
    """One array a column: the statement stays the same for every size of batch, and is planned once."""
    return "unnest(" + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items()) + ")"


_KEY_TYPES = {"provider_id": "uuid", "call_key": "uuid", "placed_at": "timestamptz", "fingerprint": "bytea"}
# One statement: a leg's key goes in if nobody had it, and only then the call. Keys are written in their order.
_ADD = text(
    f"WITH incoming AS MATERIALIZED (SELECT * FROM {_unnest({**_TYPES, 'fingerprint': 'bytea'})}"  # noqa: S608
    f" AS one({', '.join([*_TYPES, 'fingerprint'])})),"
    f" fresh AS (INSERT INTO call_key ({', '.join(_KEY_TYPES)}) SELECT {', '.join(_KEY_TYPES)} FROM incoming"
    " ON CONFLICT DO NOTHING RETURNING call_key)"
    f" INSERT INTO call ({', '.join(_TYPES)}) SELECT {', '.join('incoming.' + name for name in _TYPES)}"
    " FROM incoming JOIN fresh USING (call_key) RETURNING call_key"
)
_ADD_TOTALS = text(
    f"INSERT INTO day_total ({', '.join(_TOTAL_TYPES)}) SELECT * FROM {_unnest(_TOTAL_TYPES)}"  # noqa: S608
    " ON CONFLICT (tenant_id, local_day, call_class, direction) DO UPDATE SET calls = day_total.calls + EXCLUDED.calls,"
    " billed_seconds = day_total.billed_seconds + EXCLUDED.billed_seconds,"
    " talk_ms = day_total.talk_ms + EXCLUDED.talk_ms,"
    " billed_calls = day_total.billed_calls + EXCLUDED.billed_calls"
)
_REMOVE = text(
    "WITH gone AS (DELETE FROM call USING unnest(CAST(:tenants AS uuid[]), CAST(:instants AS timestamptz[]),"
    " CAST(:keys AS uuid[])) AS one(tenant_id, placed_at, call_key) WHERE call.tenant_id = one.tenant_id"
    " AND call.placed_at = one.placed_at AND call.call_key = one.call_key"
    # Constants of the statement's plan: without them every month is looked into.
    " AND call.placed_at >= :earliest AND call.placed_at <= :latest RETURNING call.*),"
    " freed AS (DELETE FROM call_key USING gone WHERE call_key.provider_id = :provider_id"
    " AND call_key.call_key = gone.call_key RETURNING call_key.call_key, call_key.fingerprint)"
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
# One day more on both sides than any zone can shift: the index is by instant, the day decides.
_OF_DAY = text(
    "SELECT answered_at, call_key, call_class, direction, billed_seconds FROM call"
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
        ordered = sorted(calls, key=lambda call: call.call_key)
        columns: dict[str, list[Any]] = {
            name: [getattr(call, name) for call in ordered]
            for name in (*_TYPES, "fingerprint")
            if name not in ("flags", "received_at")
        }
        columns["flags"] = [",".join(call.flags) for call in ordered]
        columns["received_at"] = [received_at] * len(ordered)
        try:
            return set((await self._connection.execute(_ADD, columns)).scalars())
        except DBAPIError as error:
            if _NO_MONTH in str(error.orig):
                raise Unavailable("A month was just archived; send the same request again.") from error
            raise

    async def add_to_totals(self, calls: Iterable[Call], removed: Iterable[Call] = ()) -> None:
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
        return [_call(dict(row)) for row in found.mappings()]

    async def flagged(
        self, provider_id: ProviderId, flag: str | None, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[FlaggedCall]:
        """Suspicious calls of a provider, newest first (R14)."""
        at, key = after or (None, None)
        rows = await self._connection.execute(
            _FLAGGED,
            {"provider_id": provider_id, "flag": flag, "after_at": at, "after_key": key, "limit": limit},
        )
        return [FlaggedCall(TenantId(row.tenant_id), _listed(row)) for row in rows]

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

    async def billed_on(self, tenant_id: TenantId, day: date) -> list[TimedCall]:
        rows = await self._connection.execute(_OF_DAY, {"tenant_id": tenant_id, "day": day})
        return [
            TimedCall(row.answered_at, row.call_key, row.call_class, row.direction, row.billed_seconds)
            for row in rows
        ]

    async def listed(self, tenant_id: TenantId, wanted: CallFilter) -> list[ListedCall]:
        """Newest first, after the cursor; at most ``wanted.limit``."""
        conditions = ["tenant_id = :tenant_id"]
        values: dict[str, Any] = {"tenant_id": tenant_id, "limit": wanted.limit}
        if not wanted.with_unanswered:
            conditions.append("answered_at IS NOT NULL")
        if wanted.direction is not None:
            conditions.append("direction = :direction")
            values["direction"] = wanted.direction
        if wanted.number is not None:
            conditions.append("(position(:number IN from_number) > 0 OR position(:number IN to_number) > 0)")
            values["number"] = wanted.number
        if wanted.start is not None:
            conditions.append("placed_at >= :start")
            values["start"] = wanted.start
        if wanted.end is not None:
            conditions.append("placed_at < :end")
            values["end"] = wanted.end
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
        return [_listed(row) for row in rows]


def _listed(row: Any) -> ListedCall:
    return ListedCall(
        call_id=row.call_key,
        placed_at=row.placed_at,
        answered_at=row.answered_at,
        direction=row.direction,
        from_number=row.from_number,
        to_number=row.to_number,
        call_class=row.call_class,
        talk_ms=row.talk_ms,
        billed_seconds=row.billed_seconds,
        flags=tuple(row.flags.split(",")) if row.flags else (),
        not_billed=row.not_billed,
    )


def _call(row: Mapping[str, Any]) -> Call:
    values = {one.name: row[one.name] for one in fields(Call)}
    values["flags"] = tuple(row["flags"].split(",")) if row["flags"] else ()
    values["fingerprint"] = bytes(row["fingerprint"])
    return Call(**values)
