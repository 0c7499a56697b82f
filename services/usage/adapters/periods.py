"""Ended periods and whether their totals were said since they last changed."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.ports import EndedPeriod, MeteredRange
from shared.ids import PlanId, ProviderId, TenantId

_END = text(
    "INSERT INTO period_close (tenant_id, start_date, end_date, provider_id, plan_id, plan_version, revision, dirty)"
    " VALUES (:tenant_id, :start_date, :end_date, :provider_id, :plan_id, :plan_version, 0, true)"
    " ON CONFLICT (tenant_id, start_date) DO NOTHING"
)
# Whoever records holds the tenants' shared lock, so no revision is made between this look and the commit.
_TOUCHED = text(
    "SELECT DISTINCT p.tenant_id, p.start_date, p.end_date, p.revision FROM period_close p"
    " JOIN (SELECT DISTINCT * FROM unnest(CAST(:tenants AS uuid[]), CAST(:days AS date[]))) AS d(tenant_id, day)"
    " ON d.tenant_id = p.tenant_id AND d.day >= p.start_date AND d.day < p.end_date"
    " ORDER BY p.tenant_id, p.start_date"
)
# In the order of the keys, as every other writer of these rows.
_DIRTY = text(
    "WITH touched AS (SELECT p.tenant_id, p.start_date FROM period_close p"
    " JOIN unnest(CAST(:tenants AS uuid[]), CAST(:starts AS date[])) AS d(tenant_id, start_date)"
    " USING (tenant_id, start_date) WHERE NOT p.dirty ORDER BY p.tenant_id, p.start_date FOR UPDATE OF p)"
    " UPDATE period_close SET dirty = true FROM touched"
    " WHERE period_close.tenant_id = touched.tenant_id AND period_close.start_date = touched.start_date"
)
_DIRTY_SINCE = text(
    "UPDATE period_close SET dirty = true WHERE tenant_id = :tenant_id AND end_date > :since AND NOT dirty"
)
_METERED = text(
    "UPDATE period_close SET dirty = false, revision = :revision, metered_at = :metered_at"
    " WHERE tenant_id = :tenant_id AND start_date = :start_date"
)


class SqlPeriods:
    """Ended periods in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def end(self, period: EndedPeriod) -> None:
        """Keeps that a period is over; once."""
        await self._connection.execute(
            _END,
            {
                "tenant_id": period.tenant_id,
                "start_date": period.start_date,
                "end_date": period.end_date,
                "provider_id": period.provider_id,
                "plan_id": period.plan_id,
                "plan_version": period.plan_version,
            },
        )

    async def get(self, tenant_id: TenantId, start_date: date) -> EndedPeriod | None:
        rows = await self._connection.execute(
            text("SELECT * FROM period_close WHERE tenant_id = :tenant_id AND start_date = :start_date"),
            {"tenant_id": tenant_id, "start_date": start_date},
        )
        row = rows.first()
        if row is None:
            return None
        return EndedPeriod(
            provider_id=ProviderId(row.provider_id),
            tenant_id=TenantId(row.tenant_id),
            start_date=row.start_date,
            end_date=row.end_date,
            plan_id=PlanId(row.plan_id),
            plan_version=row.plan_version,
            revision=row.revision,
            dirty=row.dirty,
        )

    async def dirty(self, limit: int) -> list[tuple[TenantId, date]]:
        rows = await self._connection.execute(
            text(
                "SELECT tenant_id, start_date FROM period_close WHERE dirty ORDER BY provider_id LIMIT :limit"
            ),
            {"limit": limit},
        )
        return [(TenantId(row.tenant_id), row.start_date) for row in rows]

    async def mark_dirty(self, days: Collection[tuple[TenantId, date]]) -> list[MeteredRange]:
        """These days got a new call: the ended periods that hold one of them, to be metered again (R42)."""
        if not days:
            return []
        rows = await self._connection.execute(
            _TOUCHED, {"tenants": [tenant for tenant, _ in days], "days": [day for _, day in days]}
        )
        touched = [
            MeteredRange(TenantId(row.tenant_id), row.start_date, row.end_date, row.revision) for row in rows
        ]
        if touched:
            await self._connection.execute(
                _DIRTY,
                {
                    "tenants": [one.tenant_id for one in touched],
                    "starts": [one.start_date for one in touched],
                },
            )
        return touched

    async def mark_dirty_since(self, tenant_id: TenantId, since: date) -> None:
        """Something that lasts changed from a day on: every ended period that reaches beyond it."""
        await self._connection.execute(_DIRTY_SINCE, {"tenant_id": tenant_id, "since": since})

    async def metered(self, period: EndedPeriod, *, revision: int, metered_at: datetime) -> None:
        await self._connection.execute(
            _METERED,
            {
                "tenant_id": period.tenant_id,
                "start_date": period.start_date,
                "revision": revision,
                "metered_at": metered_at,
            },
        )
