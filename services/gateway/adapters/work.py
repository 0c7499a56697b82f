"""The gateway's unit of work: one transaction of its own database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.gateway.adapters.kept_answers import SqlKeptAnswers
from services.gateway.adapters.tables import audit
from services.gateway.adapters.webhooks_repository import SqlWebhooks
from services.gateway.domain.change import Change, ChangeRow
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId


class SqlAuditLog:
    """The rows of ``audit``. Rows are added and closed, never changed otherwise, never deleted."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, change: Change) -> None:
        await self._connection.execute(
            insert(audit).values(
                provider_id=change.provider_id,
                change_id=change.change_id,
                tenant_id=change.tenant_id,
                subject=change.subject,
                name=change.name,
                roles=list(change.roles),
                method=change.method,
                route=change.route,
                targets=change.targets,
                asked_at=change.asked_at,
            )
        )

    async def close(self, change: Change, *, outcome: int, finished_at: datetime) -> None:
        await self._connection.execute(
            update(audit)
            .where(
                audit.c.provider_id == change.provider_id,
                audit.c.change_id == change.change_id,
                audit.c.outcome.is_(None),
            )
            .values(outcome=outcome, finished_at=finished_at)
        )

    async def page(self, provider_id: ProviderId, *, before: UUID | None, limit: int) -> list[ChangeRow]:
        """Newest first, those before the change ``before``."""
        query = select(audit).where(audit.c.provider_id == provider_id)
        if before is not None:
            query = query.where(audit.c.change_id < before)
        found = await self._connection.execute(query.order_by(audit.c.change_id.desc()).limit(limit))
        return [
            ChangeRow(
                change=Change(
                    change_id=row.change_id,
                    provider_id=ProviderId(row.provider_id),
                    tenant_id=TenantId(row.tenant_id) if row.tenant_id else None,
                    subject=row.subject,
                    name=row.name,
                    roles=tuple(row.roles),
                    method=row.method,
                    route=row.route,
                    targets=dict(row.targets),
                    asked_at=row.asked_at,
                ),
                outcome=row.outcome,
                finished_at=row.finished_at,
            )
            for row in found
        ]


class GatewayWork(SqlUnitOfWork):
    """``async with GatewayWork(engine) as work: await work.audit.add(…)``."""

    audit: SqlAuditLog
    kept_answers: SqlKeptAnswers
    webhooks: SqlWebhooks

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, source="/services/gateway")

    async def __aenter__(self) -> "GatewayWork":
        await super().__aenter__()
        self.audit = SqlAuditLog(self.connection)
        self.kept_answers = SqlKeptAnswers(self.connection)
        self.webhooks = SqlWebhooks(self.connection)
        return self
