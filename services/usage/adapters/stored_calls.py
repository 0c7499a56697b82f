"""Kept calls, read to be rated again, and written with their new rating."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.ratings import RATING_TYPES, rating_values, read_rating
from services.usage.use_cases.rating_ports import ReRated, StoredCall
from shared.ids import PlanId, ProviderId, TenantId

# Two days more on both sides than any zone can shift: the key is by instant, the day decides.
STORED = text(
    "SELECT * FROM call WHERE tenant_id = :tenant_id AND local_day >= :start AND local_day < :end"
    " AND placed_at >= CAST(:start AS date) - 2 AND placed_at < CAST(:end AS date) + 2"
    " AND (placed_at, call_key) > (:after_at, CAST(:after_key AS uuid)) ORDER BY placed_at, call_key LIMIT :limit"
)
_NEW = {**RATING_TYPES, "plan_id": "uuid", "plan_version": "int4", "not_billed": "text"}
_TYPES = {"tenant_id": "uuid", "placed_at": "timestamptz", "call_key": "uuid", **_NEW}
_UPDATE = text(
    "UPDATE call SET "  # noqa: S608 (names of this module)
    + ", ".join(f"{name} = one.{name}" for name in _NEW)
    + " FROM unnest("
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
    + f") AS one({', '.join(_TYPES)}) WHERE call.tenant_id = one.tenant_id AND call.placed_at = one.placed_at"
    " AND call.call_key = one.call_key AND call.placed_at >= :earliest AND call.placed_at <= :latest"
)
_KEEP_BEFORE = text(
    "INSERT INTO rated_before (tenant_id, call_key, until_revision, provider_id, rating)"
    " SELECT * FROM unnest(CAST(:tenants AS uuid[]), CAST(:keys AS uuid[]), CAST(:revisions AS int4[]),"
    " CAST(:providers AS uuid[]), CAST(:ratings AS jsonb[])) ON CONFLICT DO NOTHING"
)


def read_stored(row: RowMapping) -> StoredCall:
    """A row of ``call``."""
    plan = None if row["plan_id"] is None else (PlanId(row["plan_id"]), int(row["plan_version"]))
    return StoredCall(
        provider_id=ProviderId(row["provider_id"]),
        tenant_id=TenantId(row["tenant_id"]),
        call_key=row["call_key"],
        placed_at=row["placed_at"],
        local_day=row["local_day"],
        direction=row["direction"],
        to_number=row["to_number"],
        talk_ms=row["talk_ms"],
        extension=row["extension"],
        plan=plan,
        not_billed=row["not_billed"],
        rating=read_rating(row),
    )


async def write_ratings(connection: AsyncConnection, changes: Sequence[ReRated]) -> None:
    """Updates the calls; earlier ratings that a revision has said are kept once for each revision."""
    if not changes:
        return
    said = [one for one in changes if one.until_revision is not None]
    if said:
        await connection.execute(
            _KEEP_BEFORE,
            {
                "tenants": [one.before.tenant_id for one in said],
                "keys": [one.before.call_key for one in said],
                "revisions": [one.until_revision for one in said],
                "providers": [one.before.provider_id for one in said],
                "ratings": [_kept(one.before) for one in said],
            },
        )
    ordered = sorted((one.after for one in changes), key=lambda call: (call.placed_at, call.call_key))
    columns: dict[str, list[Any]] = {
        name: [getattr(call, name) for call in ordered]
        for name in ("tenant_id", "placed_at", "call_key", "not_billed")
    }
    columns["plan_id"] = [call.plan[0] if call.plan else None for call in ordered]
    columns["plan_version"] = [call.plan[1] if call.plan else None for call in ordered]
    ratings = [rating_values(call.rating) for call in ordered]
    for name in RATING_TYPES:
        columns[name] = [values[name] for values in ratings]
    bounds = {"earliest": ordered[0].placed_at, "latest": ordered[-1].placed_at}
    await connection.execute(_UPDATE, {**columns, **bounds})


def _kept(call: StoredCall) -> str:
    """The columns as they were, as JSON: ids and prices as text."""
    values = rating_values(call.rating)
    if values["segments"] is not None:
        values["segments"] = orjson.loads(values["segments"])
    values["plan_id"] = call.plan[0] if call.plan else None
    values["plan_version"] = call.plan[1] if call.plan else None
    return orjson.dumps(values, default=str).decode()
