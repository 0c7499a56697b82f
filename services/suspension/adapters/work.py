"""The unit of work of suspension over PostgreSQL, and what is asked of the database outside any use case."""

from datetime import datetime
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.adapters.ledger import SqlLedger
from services.suspension.adapters.standings import SqlAudit, SqlPolicies, SqlStandings
from services.suspension.adapters.tenants import SqlTenants
from services.suspension.use_cases.ports import Audit, Ledger, Policies, Standings, Tenants
from shared.clock import Clock
from shared.db.due import due_now
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId

SOURCE = "tollgate/suspension"
GATE_CHANNEL = "suspension_gate"

_DUE = text(
    f"SELECT tenant_id FROM standing WHERE next_step_at <= {due_now('standing')}"  # noqa: S608
    " ORDER BY next_step_at LIMIT :limit"
)
_OWN_WORK = text(
    f"SELECT count(*) FILTER (WHERE next_step_at <= {due_now('standing')}) AS due,"  # noqa: S608
    f" min(next_step_at) FILTER (WHERE next_step_at > {due_now('standing')}) AS next"
    " FROM standing WHERE provider_id = :provider_id"
)


class SqlSuspensionWork(SqlUnitOfWork):
    """Implements ``use_cases.ports.SuspensionWork``."""

    tenants: Tenants
    ledger: Ledger
    policies: Policies
    standings: Standings
    audit: Audit

    def __init__(self, engine: AsyncEngine, *, clock: Clock | None = None) -> None:
        super().__init__(engine, source=SOURCE, clock=clock)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.tenants = SqlTenants(self)
        self.ledger = SqlLedger(self)
        self.policies = SqlPolicies(self)
        self.standings = SqlStandings(self)
        self.audit = SqlAudit(self)
        return self

    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        await self.connection.execute(
            text("SELECT pg_notify(:channel, :subject)"),
            {"channel": GATE_CHANNEL, "subject": str(subject)},
        )


async def tenants_due(engine: AsyncEngine, system_now: datetime, limit: int) -> list[TenantId]:
    """Tenants whose next step is due by their provider's clock, the longest due first."""
    async with engine.connect() as connection:
        rows = await connection.execute(_DUE, {"system_now": system_now, "limit": limit})
        return [TenantId(row.tenant_id) for row in rows]


async def own_work(
    engine: AsyncEngine, provider_id: ProviderId, system_now: datetime
) -> tuple[int, datetime | None]:
    """(tenants whose step is due now, the instant of the next step after that)."""
    async with engine.connect() as connection:
        values = {"provider_id": provider_id, "system_now": system_now}
        row = (await connection.execute(_OWN_WORK, values)).one()
        return row.due, row.next
