"""Running periods: counters by which limits are watched, locked last in a recording, in the order of their keys."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.rating_ports import RunningPeriod
from shared.ids import ProviderId, TenantId

_BEGIN = text(
    "INSERT INTO running_period (tenant_id, start_date, end_date, provider_id, seconds, check_seconds, said, released,"
    " holds) SELECT tenant_id, start_date, end_date, provider_id, 0, 0, '[]', false, false FROM unnest("
    "CAST(:tenants AS uuid[]), CAST(:starts AS date[]), CAST(:ends AS date[]), CAST(:providers AS uuid[]))"
    " AS one(tenant_id, start_date, end_date, provider_id) ORDER BY tenant_id, start_date"
    " ON CONFLICT (tenant_id, start_date) DO NOTHING"
)
_LOCK = text(
    "SELECT r.* FROM running_period r JOIN unnest(CAST(:tenants AS uuid[]), CAST(:starts AS date[]))"
    " AS one(tenant_id, start_date) USING (tenant_id, start_date) ORDER BY r.tenant_id, r.start_date FOR UPDATE OF r"
)
_GET = text("SELECT * FROM running_period WHERE tenant_id = :tenant_id AND start_date = :start")
_SAVE = text(
    "UPDATE running_period SET end_date = one.end_date, gross = one.gross, seconds = one.seconds,"
    " check_seconds = one.check_seconds, said = one.said, released = one.released, limit_minor = one.limit_minor,"
    " holds = one.holds FROM unnest(CAST(:tenants AS uuid[]), CAST(:starts AS date[]), CAST(:ends AS date[]),"
    " CAST(:gross AS numeric[]), CAST(:seconds AS int8[]), CAST(:checks AS int8[]), CAST(:said AS jsonb[]),"
    " CAST(:released AS bool[]), CAST(:limits AS int8[]), CAST(:holds AS bool[]))"
    " AS one(tenant_id, start_date, end_date, gross, seconds, check_seconds, said, released, limit_minor, holds)"
    " WHERE running_period.tenant_id = one.tenant_id AND running_period.start_date = one.start_date"
)
_HOLDING = text(
    "SELECT * FROM running_period WHERE provider_id = :provider_id AND holds"
    " AND (CAST(:tenant_id AS uuid) IS NULL OR tenant_id = CAST(:tenant_id AS uuid))"
    " ORDER BY tenant_id, start_date"
)
_INTERNATIONAL = text(
    "SELECT tenant_id, local_day, billed_seconds FROM day_total WHERE tenant_id = ANY(CAST(:tenants AS uuid[]))"
    " AND local_day >= :start AND local_day < :end AND call_class = 'international' AND direction = 'outbound'"
)


def _read(row: Any) -> RunningPeriod:
    return RunningPeriod(
        tenant_id=TenantId(row.tenant_id),
        start_date=row.start_date,
        end_date=row.end_date,
        provider_id=ProviderId(row.provider_id),
        gross=None if row.gross is None else int(row.gross),
        seconds=row.seconds,
        check_seconds=row.check_seconds,
        said=frozenset(row.said if isinstance(row.said, list) else orjson.loads(row.said)),
        released=row.released,
        limit_minor=row.limit_minor,
        holds=row.holds,
    )


class SqlRunning:
    """Running periods in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, wanted: Sequence[RunningPeriod]) -> list[RunningPeriod]:
        """These periods as they are, begun where they were not, held until the transaction ends."""
        ordered = sorted(wanted, key=lambda one: (one.tenant_id, one.start_date))
        keys = {
            "tenants": [one.tenant_id for one in ordered],
            "starts": [one.start_date for one in ordered],
        }
        found = (await self._connection.execute(_LOCK, keys)).all()
        if len(found) < len(ordered):
            await self._connection.execute(
                _BEGIN,
                {
                    **keys,
                    "ends": [one.end_date for one in ordered],
                    "providers": [one.provider_id for one in ordered],
                },
            )
            found = (await self._connection.execute(_LOCK, keys)).all()
        return [_read(row) for row in found]

    async def get(self, tenant_id: TenantId, start_date: date) -> RunningPeriod | None:
        """As it is, not held; None: nothing was counted in it yet."""
        rows = await self._connection.execute(_GET, {"tenant_id": tenant_id, "start": start_date})
        found = rows.one_or_none()
        return None if found is None else _read(found)

    async def save(self, rows: Sequence[RunningPeriod]) -> None:
        if not rows:
            return
        await self._connection.execute(
            _SAVE,
            {
                "tenants": [one.tenant_id for one in rows],
                "starts": [one.start_date for one in rows],
                "ends": [one.end_date for one in rows],
                "gross": [None if one.gross is None else Decimal(one.gross) for one in rows],
                "seconds": [one.seconds for one in rows],
                "checks": [one.check_seconds for one in rows],
                "said": [orjson.dumps(sorted(one.said)).decode() for one in rows],
                "released": [one.released for one in rows],
                "limits": [one.limit_minor for one in rows],
                "holds": [one.holds for one in rows],
            },
        )

    async def forget_sums(self, tenant_id: TenantId) -> None:
        """Plans or ratings changed: the next recording reads the rollup again."""
        await self._connection.execute(
            text("UPDATE running_period SET gross = NULL WHERE tenant_id = :t AND gross IS NOT NULL"),
            {"t": tenant_id},
        )

    async def holding(self, provider_id: ProviderId, tenant_id: TenantId | None) -> list[RunningPeriod]:
        """Periods with a spend limit that was reached and not cleared."""
        rows = await self._connection.execute(_HOLDING, {"provider_id": provider_id, "tenant_id": tenant_id})
        return [_read(row) for row in rows]

    async def international_days(
        self, tenants: Collection[TenantId], start: date, end: date
    ) -> dict[TenantId, dict[date, int]]:
        """Billed seconds of outbound international calls by local day."""
        rows = await self._connection.execute(
            _INTERNATIONAL, {"tenants": list(tenants), "start": start, "end": end}
        )
        found: dict[TenantId, dict[date, int]] = {}
        for row in rows:
            found.setdefault(TenantId(row.tenant_id), {})[row.local_day] = row.billed_seconds
        return found
