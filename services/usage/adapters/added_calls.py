"""Writing a batch's calls: one statement that keeps a leg's key if nobody had it, and only then the call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.ratings import RATING_TYPES, rating_values
from services.usage.domain.calls import Call

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
    "talk_ms": "int8",
    "hold_ms": "int8",
    "plan_id": "uuid",
    "plan_version": "int4",
    "flags": "text",
    "not_billed": "text",
    "received_at": "timestamptz",
    "extension": "text",
    "extra": "text",
    **RATING_TYPES,
}


def unnest(types: Mapping[str, str]) -> str:
    """One array a column: the statement stays the same for every size of batch, and is planned once."""
    return "unnest(" + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items()) + ")"


_KEY_TYPES = {
    "provider_id": "uuid",
    "call_key": "uuid",
    "tenant_id": "uuid",
    "placed_at": "timestamptz",
    "fingerprint": "bytea",
}
_RATED = frozenset(RATING_TYPES)
_PLAIN = [name for name in (*_TYPES, "fingerprint") if name not in {"flags", "received_at", *_RATED}]
_plain_values = attrgetter(*_PLAIN)
# The order in which a call's values are written; that of the table's columns is another.
_ROW = (*_PLAIN, *RATING_TYPES, "flags", "received_at")
_INCOMING = {**_TYPES, "fingerprint": "bytea"}
# What a call alone has; the rest, prices above all, it has in common with many calls of its batch.
_OWN = (
    *(
        "call_key",
        "leg_id",
        "sip_call_id",
        "started_at",
        "answered_at",
        "ended_at",
        "from_number",
        "to_number",
    ),
    *("talk_ms", "hold_ms", "extension", "extra", "fingerprint"),
)
_own_values = attrgetter(*_OWN)
_KIND = (
    "provider_id",
    "tenant_id",
    "switch",
    "local_day",
    "direction",
    "plan_id",
    "plan_version",
    "not_billed",
)
_kind_values = attrgetter(*_KIND)
_KIND_TYPES = {**{name: _TYPES[name] for name in (*_KIND, "flags", "received_at")}, **RATING_TYPES}
# Copying into a table of the session's own costs a fixed part that is worth it for many rows alone.
COPIED_FROM = 100
_MAKE_INCOMING = text(
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_call (kind int4, "
    + ", ".join(f"{name} {_INCOMING[name]}" for name in _OWN)
    + ") ON COMMIT DELETE ROWS"
)
_INCOMING_AND_KINDS = (
    f"(SELECT {', '.join(f'one.{name}' for name in _OWN)}, coalesce(answered_at, started_at) AS placed_at,"  # noqa: S608 (constants of our own, never input)
    f" {', '.join(f'kinds.{name}' for name in _KIND_TYPES)} FROM incoming_call AS one"
    f" JOIN {unnest(_KIND_TYPES)} WITH ORDINALITY AS kinds({', '.join(_KIND_TYPES)}, kind) USING (kind)"
    # The join may give another order.
    " ORDER BY call_key) AS one"
)


def _add(source: str) -> TextClause:
    """One statement: a leg's key goes in if nobody had it, and only then the call. Keys are written in their order."""
    return text(
        f"WITH incoming AS MATERIALIZED (SELECT * FROM {source}),"  # noqa: S608 (callers pass one of two constants of this module)
        f" fresh AS (INSERT INTO call_key ({', '.join(_KEY_TYPES)}) SELECT {', '.join(_KEY_TYPES)} FROM incoming"
        " ON CONFLICT DO NOTHING RETURNING call_key),"
        f" added AS (INSERT INTO call ({', '.join(_TYPES)}) SELECT {', '.join(f'CAST(incoming.{name} AS {kind})' for name, kind in _TYPES.items())}"
        " FROM incoming JOIN fresh USING (call_key))"
        # Nearly always none: what was there before.
        " SELECT call_key FROM incoming LEFT JOIN fresh USING (call_key) WHERE fresh.call_key IS NULL"
    )


_ADD = _add(f"{unnest(_INCOMING)} AS one({', '.join(_INCOMING)})")
_ADD_COPIED = _add(_INCOMING_AND_KINDS)


async def add_few(
    connection: AsyncConnection, calls: Sequence[Call], received_at: datetime
) -> Sequence[UUID]:
    """Adds calls, each with all its values, and says which keys were there before."""
    ordered = sorted(calls, key=lambda call: call.call_key.int)
    rows = [
        (*_plain_values(call), *rating_values(call.rating).values(), ",".join(call.flags), received_at)
        for call in ordered
    ]
    columns = dict(zip(_ROW, map(list, zip(*rows, strict=True)), strict=True))
    return (await connection.execute(_ADD, columns)).scalars().all()


async def add_many(
    connection: AsyncConnection, calls: Sequence[Call], received_at: datetime
) -> Sequence[UUID]:
    """The same by copying; values that many calls share are sent once: to encode them costs most of it."""
    kinds: dict[tuple[object, ...], int] = {}
    values: list[tuple[object, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for call in calls:
        # By identity where hashing is slow: what is equal and not the same object is one kind more, no error.
        key = (
            *(id(call.rating), id(call.tenant_id), id(call.plan_id), call.plan_version, call.switch),
            *(call.local_day, call.direction, call.not_billed, call.flags),
        )
        kind = kinds.get(key)
        if kind is None:
            kind = kinds[key] = len(kinds) + 1
            rating = rating_values(call.rating).values()
            values.append((*_kind_values(call), ",".join(call.flags), received_at, *rating))
        rows.append((kind, *_own_values(call)))
    await connection.execute(_MAKE_INCOMING)
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None, "the connection is open"
    await driver.copy_records_to_table("incoming_call", records=rows, columns=("kind", *_OWN))
    columns = dict(zip(_KIND_TYPES, map(list, zip(*values, strict=True)), strict=True))
    return (await connection.execute(_ADD_COPIED, columns)).scalars().all()
