"""Legs and their groups in this service's database; written in sets, read under the switch's lock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.domain.records import CallRecord
from services.usage.use_cases.ports import KeptLeg
from shared.ids import ProviderId

_TYPES = {
    "provider_id": "uuid",
    "leg_key": "uuid",
    "group_id": "uuid",
    "record": "bytea",
    "fingerprint": "bytea",
    "received_at": "timestamptz",
    "accepted": "bool",
    "waiting": "bool",
    "quarantine_id": "uuid",
    "call_placed_at": "timestamptz",
    "call_fingerprint": "bytea",
    # Comma separated: an array of arrays cannot be unnested into rows.
    "call_tenants": "text",
}
_UNNEST = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
_KEPT_ANEW = (
    "group_id",
    "accepted",
    "waiting",
    "quarantine_id",
    "call_placed_at",
    "call_fingerprint",
    "call_tenants",
)
_KEEP = text(
    f"INSERT INTO leg ({', '.join(_TYPES)}) SELECT * FROM unnest({_UNNEST})"  # noqa: S608 (names of this module)
    " ON CONFLICT (provider_id, leg_key) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _KEPT_ANEW)
)
_BY_KEY = text("SELECT * FROM leg WHERE provider_id = :provider_id AND leg_key = ANY(CAST(:keys AS uuid[]))")
_BY_GROUP = text(
    "SELECT * FROM leg WHERE provider_id = :provider_id AND group_id = ANY(CAST(:groups AS uuid[]))"
)
_TIES = text(
    "SELECT tie_key, group_id FROM leg_tie WHERE provider_id = :provider_id AND tie_key = ANY(CAST(:ties AS uuid[]))"
)
_TIE = text(
    "INSERT INTO leg_tie (provider_id, tie_key, group_id)"
    " SELECT :provider_id, * FROM unnest(CAST(:ties AS uuid[]), CAST(:groups AS uuid[]))"
    " ON CONFLICT (provider_id, tie_key) DO UPDATE SET group_id = EXCLUDED.group_id"
)
_MOVE_TIES = text(
    "UPDATE leg_tie SET group_id = moved.after"
    " FROM unnest(CAST(:before AS uuid[]), CAST(:after AS uuid[])) AS moved(before, after)"
    " WHERE leg_tie.provider_id = :provider_id AND leg_tie.group_id = moved.before"
)
_PRUNE_TIES = text(
    "WITH gone AS (DELETE FROM leg WHERE (provider_id, leg_key) IN (SELECT provider_id, leg_key FROM leg"
    " WHERE received_at < :before AND NOT waiting ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING provider_id, group_id), tie AS (DELETE FROM leg_tie USING gone"
    " WHERE leg_tie.provider_id = gone.provider_id AND leg_tie.group_id = gone.group_id"
    " AND NOT EXISTS (SELECT FROM leg l WHERE l.provider_id = gone.provider_id AND l.group_id = gone.group_id"
    " AND l.received_at >= :before)) SELECT count(*) FROM gone"
)


class SqlLegs:
    """Fulfils ``use_cases.ports.LegsPort``, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def known(self, provider_id: ProviderId, keys: Collection[UUID]) -> list[KeptLeg]:
        return await self._read(_BY_KEY, {"provider_id": provider_id, "keys": list(keys)})

    async def of_groups(self, provider_id: ProviderId, groups: Collection[UUID]) -> list[KeptLeg]:
        return await self._read(_BY_GROUP, {"provider_id": provider_id, "groups": list(groups)})

    async def _read(self, statement: object, values: Mapping[str, object]) -> list[KeptLeg]:
        rows = await self._connection.execute(statement, values)  # type: ignore[call-overload]
        return [
            KeptLeg(
                leg_key=row.leg_key,
                group_id=row.group_id,
                record=msgspec.json.decode(row.record, type=CallRecord),
                fingerprint=bytes(row.fingerprint),
                received_at=row.received_at,
                accepted=row.accepted,
                waiting=row.waiting,
                quarantine_id=row.quarantine_id,
                call_placed_at=row.call_placed_at,
                call_fingerprint=row.call_fingerprint and bytes(row.call_fingerprint),
                call_tenants=tuple(map(UUID, row.call_tenants.split(","))) if row.call_tenants else (),
            )
            for row in rows
        ]

    async def ties(self, provider_id: ProviderId, ties: Collection[UUID]) -> dict[UUID, UUID]:
        rows = await self._connection.execute(_TIES, {"provider_id": provider_id, "ties": list(ties)})
        return {row.tie_key: row.group_id for row in rows}

    async def keep(self, provider_id: ProviderId, legs: Iterable[KeptLeg]) -> None:
        """Inserts legs, or replaces what may change of them: all but the record itself."""
        ordered = sorted(legs, key=lambda leg: leg.leg_key)
        if not ordered:
            return
        columns = {
            name: [getattr(leg, name) for leg in ordered]
            for name in _TYPES
            if name not in ("provider_id", "record", "call_tenants")
        }
        columns["provider_id"] = [provider_id] * len(ordered)
        columns["call_tenants"] = [",".join(map(str, leg.call_tenants)) for leg in ordered]
        columns["record"] = [msgspec.json.encode(leg.record) for leg in ordered]
        await self._connection.execute(_KEEP, columns)

    async def tie(
        self, provider_id: ProviderId, ties: Mapping[UUID, UUID], merged: Mapping[UUID, UUID]
    ) -> None:
        """Keeps the group of each tie; ``merged`` says which groups have become part of which."""
        if merged:
            before: Sequence[UUID] = sorted(merged)
            after = [merged[one] for one in before]
            await self._connection.execute(
                _MOVE_TIES, {"provider_id": provider_id, "before": before, "after": after}
            )
        ordered = sorted(ties)
        await self._connection.execute(
            _TIE, {"provider_id": provider_id, "ties": ordered, "groups": [ties[one] for one in ordered]}
        )

    async def prune(self, before: datetime, limit: int) -> int:
        """Forgets legs that were received before an instant and have no more to wait for; calls stay."""
        found = await self._connection.execute(_PRUNE_TIES, {"before": before, "limit": limit})
        return int(found.scalar_one())
