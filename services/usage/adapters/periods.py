"""Ended periods and whether their totals were said since they last changed."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.period_ports import EndedPeriod, MeteredRange, PeriodPart
from services.usage.use_cases.rating_ports import SaidRevision
from shared.ids import PlanId, ProviderId, TenantId

_END = text(
    "INSERT INTO period_close (tenant_id, start_date, end_date, provider_id, plan_id, plan_version, revision, dirty,"
    " parts, share_days, share_of_days, reason) VALUES (:tenant_id, :start_date, :end_date, :provider_id, :plan_id,"
    " :plan_version, 0, true, :parts, :share_days, :share_of_days, 'period_ended')"
    " ON CONFLICT (tenant_id, start_date) DO NOTHING"
).bindparams(bindparam("parts", type_=JSONB))
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
    "UPDATE period_close SET dirty = true, reason = CASE WHEN revision = 0 OR reason = 're_rated' THEN reason"
    " ELSE 'resources_changed' END WHERE tenant_id = :tenant_id AND end_date > :since AND NOT dirty"
)
_METERED = text(
    "UPDATE period_close SET dirty = false, revision = :revision, metered_at = :metered_at, reason = 'late_calls',"
    " reason_text = NULL WHERE tenant_id = :tenant_id AND start_date = :start_date"
)
_KEEP_REVISION = text(
    "INSERT INTO period_revision (tenant_id, start_date, revision, provider_id, metered_at, reason, reason_text, lines,"
    " pools, days) VALUES (:tenant_id, :start_date, :revision, :provider_id, :metered_at, :reason, :reason_text, :lines,"
    " :pools, :days)"
).bindparams(*(bindparam(name, type_=JSONB) for name in ("lines", "pools", "days")))
# A period that was never said stays «period_ended», whatever else happens to it; a re-rating outranks the others.
_MARK_RE_RATED = text(
    "UPDATE period_close SET dirty = true,"
    " reason = CASE WHEN revision = 0 THEN reason ELSE 're_rated' END,"
    " reason_text = CASE WHEN revision = 0 THEN reason_text WHEN reason_text IS NULL OR reason_text = :reason"
    " THEN :reason ELSE left(reason_text || '; ' || :reason, 1000) END"
    " WHERE tenant_id = :tenant_id AND start_date < :end AND end_date > :start"
)
_REVISIONS = text(
    "SELECT tenant_id, start_date, end_date, revision FROM period_close"
    " WHERE tenant_id = :tenant_id AND start_date < :end AND end_date > :start AND revision > 0"
)


_SET_PARTS = text(
    "UPDATE period_close SET parts = :parts WHERE tenant_id = :tenant_id AND start_date = :start_date"
).bindparams(bindparam("parts", type_=JSONB))


def _written(parts: Sequence[PeriodPart]) -> list[list[object]]:
    return [[str(one.start_date), str(one.end_date), str(one.plan_id), one.plan_version] for one in parts]


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
                "parts": _written(period.parts),
                "share_days": period.share_days,
                "share_of_days": period.share_of_days,
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
            parts=tuple(
                PeriodPart(date.fromisoformat(start), date.fromisoformat(end), PlanId(UUID(plan_id)), version)
                for start, end, plan_id, version in row.parts
            ),
            share_days=row.share_days,
            share_of_days=row.share_of_days,
            reason=row.reason,
            reason_text=row.reason_text,
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

    async def mark_re_rated(self, tenant_id: TenantId, start: date, end: date, reason: str) -> None:
        """Calls of these days were rated again: ended periods that hold one of them say so."""
        await self._connection.execute(
            _MARK_RE_RATED, {"tenant_id": tenant_id, "start": start, "end": end, "reason": reason}
        )

    async def last_end(self, tenant_id: TenantId) -> date | None:
        """Where the tenant's newest ended period ends; None before the first."""
        found = await self._connection.execute(
            text("SELECT max(end_date) FROM period_close WHERE tenant_id = :t"), {"t": tenant_id}
        )
        day: date | None = found.scalar_one()
        return day

    async def set_parts(self, tenant_id: TenantId, start_date: date, parts: Sequence[PeriodPart]) -> None:
        """An ended period's plans turned out otherwise."""
        await self._connection.execute(
            _SET_PARTS, {"tenant_id": tenant_id, "start_date": start_date, "parts": _written(parts)}
        )

    async def revisions(self, tenant_id: TenantId, start: date, end: date) -> list[MeteredRange]:
        """Ended periods that reach into ``[start, end)`` and were said."""
        rows = await self._connection.execute(
            _REVISIONS, {"tenant_id": tenant_id, "start": start, "end": end}
        )
        return [
            MeteredRange(TenantId(row.tenant_id), row.start_date, row.end_date, row.revision) for row in rows
        ]

    async def metered(
        self, period: EndedPeriod, *, revision: int, metered_at: datetime, said: SaidRevision
    ) -> None:
        """Keeps what was said. The next revision is for late calls, unless something else says why first."""
        key = {"tenant_id": period.tenant_id, "start_date": period.start_date, "revision": revision}
        await self._connection.execute(_METERED, {**key, "metered_at": metered_at})
        await self._connection.execute(
            _KEEP_REVISION,
            {
                **key,
                "provider_id": period.provider_id,
                "metered_at": metered_at,
                "reason": period.reason,
                "reason_text": period.reason_text,
                "lines": said.lines,
                "pools": said.pools,
                "days": said.days,
            },
        )
