"""Re-ratings and where they are; a stop at any point goes on from the last committed step."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.rating_ports import ReRating
from shared.ids import ProviderId, TenantId

_ADD = text(
    "INSERT INTO re_rating (provider_id, re_rating_id, tenant_id, start_date, end_date, reason, asked_at, state,"
    " tenant_changed, calls, changed, unrated) VALUES (:provider_id, :re_rating_id, :tenant_id, :start_date, :end_date,"
    " :reason, :asked_at, 'running', false, 0, 0, 0) ON CONFLICT (provider_id, re_rating_id) DO NOTHING"
)
_NEXT = text(
    "SELECT * FROM re_rating WHERE state = 'running' ORDER BY provider_id, asked_at LIMIT 1 FOR UPDATE SKIP LOCKED"
)
_HOLDS = text(
    "SELECT EXISTS (SELECT FROM re_rating r JOIN tenant t ON t.provider_id = r.provider_id"
    " WHERE t.tenant_id = :tenant_id AND r.state = 'running' AND r.at_tenant = t.tenant_id)"
)
_NEXT_TENANT = text(
    "SELECT tenant_id FROM tenant WHERE provider_id = :provider_id"
    " AND (CAST(:after AS uuid) IS NULL OR tenant_id > CAST(:after AS uuid)) ORDER BY tenant_id LIMIT 1"
)
_SAVE = text(
    "UPDATE re_rating SET state = :state, at_tenant = :at_tenant, at_placed = :at_placed, at_call = :at_call,"
    " tenant_changed = :tenant_changed, calls = :calls, changed = :changed, unrated = :unrated,"
    " finished_at = :finished_at WHERE provider_id = :provider_id AND re_rating_id = :re_rating_id"
)


def _read(row: Any) -> ReRating:
    place = None if row.at_placed is None else (row.at_placed, row.at_call)
    return ReRating(
        provider_id=ProviderId(row.provider_id),
        re_rating_id=row.re_rating_id,
        tenant_id=None if row.tenant_id is None else TenantId(row.tenant_id),
        start_date=row.start_date,
        end_date=row.end_date,
        reason=row.reason,
        asked_at=row.asked_at,
        state=row.state,
        at_tenant=None if row.at_tenant is None else TenantId(row.at_tenant),
        after=place,
        tenant_changed=row.tenant_changed,
        calls=row.calls,
        changed=row.changed,
        unrated=row.unrated,
        finished_at=row.finished_at,
    )


class SqlReRatings:
    """Re-ratings in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, one: ReRating) -> None:
        """Once for the same id."""
        await self._connection.execute(
            _ADD,
            {
                "provider_id": one.provider_id,
                "re_rating_id": one.re_rating_id,
                "tenant_id": one.tenant_id,
                "start_date": one.start_date,
                "end_date": one.end_date,
                "reason": one.reason,
                "asked_at": one.asked_at,
            },
        )

    async def get(self, provider_id: ProviderId, re_rating_id: UUID) -> ReRating | None:
        found = await self._connection.execute(
            text("SELECT * FROM re_rating WHERE provider_id = :p AND re_rating_id = :r"),
            {"p": provider_id, "r": re_rating_id},
        )
        row = found.first()
        return None if row is None else _read(row)

    async def listed(self, provider_id: ProviderId, limit: int) -> list[ReRating]:
        """The newest first."""
        found = await self._connection.execute(
            text("SELECT * FROM re_rating WHERE provider_id = :p ORDER BY asked_at DESC LIMIT :limit"),
            {"p": provider_id, "limit": limit},
        )
        return [_read(row) for row in found]

    async def next(self) -> ReRating | None:
        """One that is running and in nobody else's hand; locked for this transaction."""
        row = (await self._connection.execute(_NEXT)).first()
        return None if row is None else _read(row)

    async def holds(self, tenant_id: TenantId) -> bool:
        """Whether calls of the tenant are being rated again, so that its periods wait."""
        found = await self._connection.execute(_HOLDS, {"tenant_id": tenant_id})
        return bool(found.scalar_one())

    async def next_tenant(self, provider_id: ProviderId, after: TenantId | None) -> TenantId | None:
        found = await self._connection.execute(_NEXT_TENANT, {"provider_id": provider_id, "after": after})
        tenant_id = found.scalar_one_or_none()
        return None if tenant_id is None else TenantId(tenant_id)

    async def save(self, one: ReRating, finished_at: datetime | None) -> None:
        await self._connection.execute(
            _SAVE,
            {
                "provider_id": one.provider_id,
                "re_rating_id": one.re_rating_id,
                "state": one.state,
                "at_tenant": one.at_tenant,
                "at_placed": one.after[0] if one.after else None,
                "at_call": one.after[1] if one.after else None,
                "tenant_changed": one.tenant_changed,
                "calls": one.calls,
                "changed": one.changed,
                "unrated": one.unrated,
                "finished_at": finished_at,
            },
        )
