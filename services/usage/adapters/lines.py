"""The rollup that periods are metered from: one row a day and kind of call, moved by the transaction that moves a call."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.domain.metering import DayLine, day_lines
from services.usage.domain.rating import RatedCall
from services.usage.use_cases.rating_ports import Moved
from shared.ids import PlanId, TenantId

_KEY = {
    "tenant_id": "uuid",
    "local_day": "date",
    "plan_id": "uuid",
    "plan_version": "int4",
    "call_class": "text",
    "direction": "text",
    "destination": "text",
    "price_per_minute": "numeric",
    "connect_fee": "numeric",
    "capped": "bool",
    "chargeable": "bool",
    "extension": "text",
}
_COUNTS = {"calls": "int8", "line_calls": "int8", "billed_seconds": "int8", "charge": "numeric"}
_TYPES = {**_KEY, "provider_id": "uuid", **_COUNTS}
_UNNEST = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
_ADD = text(
    f"INSERT INTO day_line ({', '.join(_TYPES)}) SELECT * FROM unnest({_UNNEST})"  # noqa: S608 (names of this module)
    f" ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = day_line.{name} + EXCLUDED.{name}" for name in _COUNTS)
)
_FORGET_EMPTY = text(
    "DELETE FROM day_line WHERE tenant_id = :tenant_id AND local_day = ANY(CAST(:days AS date[]))"
    " AND calls = 0 AND line_calls = 0 AND billed_seconds = 0"
)
_OF = text(
    "SELECT * FROM day_line WHERE tenant_id = :tenant_id AND local_day >= :start AND local_day < :end"
    " AND billed_seconds > 0"
)


def _alike(moved: Iterable[Moved]) -> Iterable[tuple[Moved, int]]:
    """One of each kind, and how often: most calls of a batch share their price and a few lengths."""
    kinds: dict[tuple[Any, ...], list[Any]] = {}
    alive: list[RatedCall] = []
    for one in moved:
        call = one.call
        # By identity, which holds as long as the object does: calls of one batch share the rating of a length.
        alive.append(call.rated)
        what = (call.plan, call.call_class, call.direction, call.destination, call.extension)
        key = (one.provider_id, one.tenant_id, one.day, id(call.rated), *what)
        kind = kinds.setdefault(key, [one, 0])
        kind[1] += one.sign
    return [(one, times) for one, times in kinds.values()]


class SqlLines:
    """The rollup in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def move(self, moved: Iterable[Moved]) -> None:
        """Adds and takes out, rows in the order of their keys, so that no two batches deadlock."""
        sums: dict[tuple[Any, ...], list[Any]] = {}
        for one, times in _alike(moved):
            for row in day_lines(one.day, one.call):
                key: tuple[Any, ...] = (
                    one.tenant_id,
                    row.day,
                    *row.plan,
                    row.call_class,
                    row.direction,
                    row.destination,
                    row.price_per_minute,
                    row.connect_fee,
                    row.capped,
                    row.chargeable,
                    row.extension,
                    one.provider_id,
                )
                counts = sums.setdefault(key, [0, 0, 0, Decimal(0)])
                for position, added in enumerate((row.calls, row.line_calls, row.billed_seconds)):
                    counts[position] += times * added
                counts[3] += times * row.charge
        if not sums:
            return
        rows = [(*key, *sums[key]) for key in sorted(sums)]
        columns = {name: [row[position] for row in rows] for position, name in enumerate(_TYPES)}
        await self._connection.execute(_ADD, columns)

    async def forget_empty(self, tenant_id: TenantId, days: Iterable[date]) -> None:
        """Rows that a re-rating has emptied."""
        await self._connection.execute(_FORGET_EMPTY, {"tenant_id": tenant_id, "days": sorted(set(days))})

    async def of_period(self, tenant_id: TenantId, start: date, end: date) -> list[DayLine]:
        """Rows of the tenant's local days ``[start, end)``."""
        found = await self._connection.execute(_OF, {"tenant_id": tenant_id, "start": start, "end": end})
        return [
            DayLine(
                day=row.local_day,
                plan=(PlanId(row.plan_id), row.plan_version),
                call_class=row.call_class,
                direction=row.direction,
                destination=row.destination,
                price_per_minute=row.price_per_minute.normalize(),
                connect_fee=row.connect_fee.normalize(),
                capped=row.capped,
                chargeable=row.chargeable,
                extension=row.extension,
                calls=row.calls,
                line_calls=row.line_calls,
                billed_seconds=row.billed_seconds,
                charge=row.charge,
            )
            for row in found
        ]
