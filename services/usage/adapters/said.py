"""What was said of an ended period, and its calls as that revision counted them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.calls import listed_call
from services.usage.adapters.ratings import read_timed_call
from services.usage.domain.included import Pool, Pools
from services.usage.use_cases.period_ports import SaidPeriod
from services.usage.use_cases.ports import CountedCall
from shared.events.usage import MeteredMinutes
from shared.ids import PlanId, TenantId

_REVISION = text(
    "SELECT r.revision, p.end_date, r.lines, r.pools, r.days FROM period_revision r"
    " JOIN period_close p USING (tenant_id, start_date) WHERE r.tenant_id = :tenant_id AND r.start_date = :start"
    " AND r.revision = coalesce(CAST(:revision AS int), p.revision)"
)
_AFTER = " AND (placed_at, call_key) > (:after_at, CAST(:after_key AS uuid)) ORDER BY placed_at, call_key LIMIT :limit"
# Two days more on both sides than any zone can shift: the key is by instant, the day decides. What was re-rated or
# taken out since is read as it was.
_COUNTED = text(
    "WITH counted AS ((SELECT * FROM call WHERE tenant_id = :tenant_id AND local_day >= :start AND local_day < :end"  # noqa: S608 (constants of our own, never input)
    " AND placed_at >= CAST(:start AS date) - 2 AND placed_at < CAST(:end AS date) + 2"
    " AND first_revision <= :revision" + _AFTER + ") UNION ALL"
    " (SELECT (jsonb_populate_record(CAST(NULL AS call), call)).* FROM taken_out WHERE tenant_id = :tenant_id"
    " AND local_day >= :start AND local_day < :end AND first_revision <= :revision AND until_revision > :revision"
    + _AFTER
    + ")) SELECT counted.*, b.rating AS rated_before FROM counted LEFT JOIN LATERAL (SELECT rating FROM rated_before r"
    " WHERE r.tenant_id = counted.tenant_id AND r.call_key = counted.call_key AND r.until_revision > :revision"
    " ORDER BY r.until_revision LIMIT 1) b ON true ORDER BY placed_at, call_key LIMIT :limit"
)
_FIRST = datetime(1, 1, 1, tzinfo=UTC)


class SqlSaid:
    """Revisions in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def period(self, tenant_id: TenantId, start: date, revision: int | None) -> SaidPeriod | None:
        """One revision of the period that starts on a day; without a number the newest."""
        found = await self._connection.execute(
            _REVISION, {"tenant_id": tenant_id, "start": start, "revision": revision}
        )
        row = found.first()
        if row is None:
            return None
        return SaidPeriod(
            start_date=start,
            end_date=row.end_date,
            revision=row.revision,
            lines=tuple(MeteredMinutes.model_validate(line) for line in row.lines),
            pools=_pools(row.pools),
            read_days=tuple(
                (date.fromisoformat(one["day"]), tuple((at, who, used) for at, who, used in one["used"]))
                for one in row.days
            ),
        )

    async def calls(
        self,
        tenant_id: TenantId,
        said: SaidPeriod,
        *,
        since: date,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[CountedCall]:
        """Calls of the period's days from ``since`` on, in the order of time, after a place in it."""
        at, key = after or (_FIRST, UUID(int=0))
        rows = await self._connection.execute(
            _COUNTED,
            {
                "tenant_id": tenant_id,
                "start": since,
                "end": said.end_date,
                "revision": said.revision,
                "after_at": at,
                "after_key": key,
                "limit": limit,
            },
        )
        return [_counted(_as_it_was(row), by_extension=said.pools.own) for row in rows.mappings()]


def _counted(row: RowMapping, *, by_extension: bool) -> CountedCall:
    timed = None
    if row["billed_seconds"] and row["plan_id"] is not None:
        timed = read_timed_call(row, by_extension=by_extension)
    return CountedCall(listed_call(row), timed)


def _as_it_was(row: RowMapping) -> RowMapping:
    """The row with the rating that the revision had, where another one came later."""
    before: Mapping[str, Any] | None = row["rated_before"]
    if before is None:
        return row
    values = {**row, **before}
    for name in ("plan_id", "deck_version_id"):
        values[name] = None if values[name] is None else UUID(str(values[name]))
    for name in ("price_per_minute", "connect_fee", "charge_cap", "charge"):
        values[name] = None if values[name] is None else Decimal(values[name])
    return cast(RowMapping, values)


def _pools(kept: Mapping[str, Any]) -> Pools:
    return Pools(
        tuple(
            Pool(
                one["name"],
                None if one["classes"] is None else frozenset(one["classes"]),
                one["own"],
                one["seconds"],
            )
            for one in kept["pools"]
        ),
        {(PlanId(UUID(plan)), version): tuple(positions) for plan, version, positions in kept["of_plan"]},
    )
