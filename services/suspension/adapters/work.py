"""The unit of work of suspension over PostgreSQL, and what is asked of the database outside any use case."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.adapters.holidays_of import check_place
from services.suspension.adapters.ledger import SqlLedger
from services.suspension.adapters.rows import tenant_of_row
from services.suspension.adapters.standings import SqlAudit, SqlPolicies, SqlStandings
from services.suspension.adapters.switches import SqlSwitches
from services.suspension.adapters.tenants import SqlTenants
from services.suspension.domain.days import PLAIN_DAYS, WorkingDays
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import (
    Audit,
    Case,
    Ledger,
    Policies,
    Standings,
    Switches,
    Tenants,
)
from shared.clock import Clock
from shared.db.due import due_now
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId

SOURCE = "tollgate/suspension"
GATE_CHANNEL = "suspension_gate"
# What a transaction may leave to be done at once: tenants to look at, standings to confirm, switches to tell.
Left = Literal["sweep", "confirm", "push"]

# The first bound is the same for all rows, so the index ends the search: without it each look, every second, would ask
# for the clock of every tenant that is not due.
_DUE = text(
    "SELECT tenant_id FROM standing"  # noqa: S608 (constants of our own, never input)
    " WHERE next_step_at <= GREATEST(CAST(:system_now AS timestamptz), (SELECT max(now_at) FROM provider_clock))"
    f" AND next_step_at <= {due_now('standing')}"
    " ORDER BY next_step_at LIMIT :limit"
)
# A barring that waits for invoicing's word is under way, whatever the provider's clock says.
_OWN_WORK = text(
    f"SELECT count(*) FILTER (WHERE doubtful OR next_step_at <= {due_now('standing')}) AS due,"  # noqa: S608 (constants of our own, never input)
    f" min(next_step_at) FILTER (WHERE next_step_at > {due_now('standing')}) AS next"
    " FROM standing WHERE provider_id = :provider_id"
)
# Takes no lock that somebody else holds: then the tenant is looked at anyway.
_LOCK_DUE = text(
    "SELECT tenant_id FROM standing WHERE tenant_id = ANY(:tenant_ids)"  # noqa: S608 (constants of our own, never input)
    f" AND next_step_at <= {due_now('standing')}"
    " AND pg_try_advisory_xact_lock(hashtextextended('tenant/' || tenant_id, 0))"
)
_STILL_DUE = text(
    "SELECT tenant_id FROM standing WHERE tenant_id = ANY(:tenant_ids)"  # noqa: S608 (constants of our own, never input)
    f" AND next_step_at <= {due_now('standing')}"
)
_CASES = (
    "SELECT t.*, pc.now_at FROM tenant t LEFT JOIN provider_clock pc ON pc.provider_id = t.provider_id"
    " WHERE t.tenant_id = ANY(:tenant_ids)"
)
_TRUTH_DUE = text(
    "SELECT tenant_id FROM standing WHERE truth_due_at <= :now ORDER BY truth_due_at LIMIT :limit"
)
# Who takes a tenant up keeps the others off it for a while; invoicing's answer sets the instant anew.
_TAKE_UP = text(
    "UPDATE standing SET truth_due_at = :until WHERE tenant_id = ANY(:tenant_ids) AND truth_due_at <= :now"
    " RETURNING tenant_id"
)


class SqlSuspensionWork(SqlUnitOfWork):
    """Implements ``use_cases.ports.SuspensionWork``."""

    tenants: Tenants
    ledger: Ledger
    policies: Policies
    standings: Standings
    audit: Audit
    switches: Switches

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock | None = None,
        working_days: WorkingDays = PLAIN_DAYS,
        left: Callable[[Left], None] = lambda _: None,
    ) -> None:
        """``left`` is called after the commit for each kind of work that it left."""
        super().__init__(engine, source=SOURCE, clock=clock)
        self._working_days = working_days
        self._tell_left = left
        self._left: set[Left] = set()

    @property
    def working_days(self) -> WorkingDays:
        return self._working_days

    def check_place(self, place: str) -> None:
        check_place(place)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.tenants = SqlTenants(self)
        self.ledger = self._ledger = SqlLedger(self)
        self.policies = self._policies = SqlPolicies(self)
        self.standings = self._standings = SqlStandings(self, self._left)
        self.audit = SqlAudit(self)
        self.switches = self._switches = SqlSwitches(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if kind is None:
            for left in self._left:
                self._tell_left(left)

    async def advance_clock(self, provider_id: ProviderId, now: datetime) -> None:
        await super().advance_clock(provider_id, now)
        self._left.add("sweep")

    async def lock_due(self, tenant_ids: Sequence[TenantId]) -> list[TenantId]:
        values = {"tenant_ids": list(tenant_ids), "system_now": self.system_now()}
        locked = (await self.connection.execute(_LOCK_DUE, values)).scalars().all()
        # Another replica may have finished between the reading of a row and the taking of its lock.
        again = {"tenant_ids": list(locked), "system_now": self.system_now()}
        return [TenantId(one) for one in (await self.connection.execute(_STILL_DUE, again)).scalars()]

    async def cases(self, tenant_ids: Sequence[TenantId]) -> list[Case]:
        rows = await self.fetch(_CASES, tenant_ids=list(tenant_ids))
        tenants = {row["tenant_id"]: (tenant_of_row(row), row["now_at"]) for row in rows}
        if not tenants:
            return []
        known = list(tenants)
        policies = await self._policies.of_all(
            list({tenant.provider_id for tenant, _ in tenants.values()}), known
        )
        before = await self._standings.of_all(known)
        accounts = await self._ledger.accounts(known)
        system_now = self.system_now()
        return [
            Case(
                tenant,
                policies.get(tenant_id) or policies.get(tenant.provider_id) or Policy(),
                accounts[tenant_id],
                before.get(tenant_id),
                now or system_now,
            )
            for tenant_id, (tenant, now) in tenants.items()
        ]

    async def tell_gate(self, subject: TenantId | ProviderId) -> None:
        if await self._switches.queue(subject):
            self._left.add("push")
        await self.connection.execute(
            text("SELECT pg_notify(:channel, :subject)"),
            {"channel": GATE_CHANNEL, "subject": str(subject)},
        )


async def tenants_due(engine: AsyncEngine, system_now: datetime, limit: int) -> list[TenantId]:
    """Tenants whose next step is due by their provider's clock, the longest due first."""
    async with engine.connect() as connection:
        rows = await connection.execute(_DUE, {"system_now": system_now, "limit": limit})
        return [TenantId(row.tenant_id) for row in rows]


async def take_doubtful(
    engine: AsyncEngine, system_now: datetime, limit: int, until: datetime
) -> list[TenantId]:
    """Tenants about which invoicing is to be asked now; other replicas leave them alone before ``until``."""
    async with engine.begin() as connection:
        rows = await connection.execute(_TRUTH_DUE, {"now": system_now, "limit": limit})
        wanted = list(rows.scalars())
        if not wanted:
            return []
        values = {"tenant_ids": wanted, "now": system_now, "until": until}
        return [TenantId(one) for one in (await connection.execute(_TAKE_UP, values)).scalars()]


async def own_work(
    engine: AsyncEngine, provider_id: ProviderId, system_now: datetime
) -> tuple[int, datetime | None]:
    """(tenants whose step is due now, the instant of the next step after that)."""
    async with engine.connect() as connection:
        values = {"provider_id": provider_id, "system_now": system_now}
        row = (await connection.execute(_OWN_WORK, values)).one()
        return row.due, row.next
