"""The transaction of invoicing with its repositories."""

from collections.abc import Callable, Collection
from typing import Self

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.accounts import SqlAccount, SqlCharges, SqlClocks
from services.invoicing.adapters.catalogue import SqlPlans, SqlProviders, SqlTenants
from services.invoicing.adapters.credit_notes import SqlCreditNotes
from services.invoicing.adapters.invoices import SqlInvoices
from services.invoicing.adapters.periods import SqlPeriods
from services.invoicing.adapters.receipts import SqlReceipts
from services.invoicing.adapters.reports import SqlReports
from services.invoicing.adapters.returns import SqlReturns
from services.invoicing.adapters.subscriptions import SqlSubscriptions
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId

# The name is that of ``lock_tenant``.
_TRY_LOCKS = text(
    "SELECT t.tenant_id, pg_try_advisory_xact_lock(hashtextextended('tenant/' || t.tenant_id::text, 0)) AS locked"
    " FROM unnest(:ids) AS t (tenant_id)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_TRACES = (
    text("SELECT name, carrier FROM trace_memory WHERE provider_id = :p AND name = ANY(:names)")
    .bindparams(bindparam("names", type_=ARRAY(Text)))
    .columns(name=Text, carrier=JSONB)
)


class SqlWork(SqlUnitOfWork):
    """Implements ``use_cases.ports.Work``."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.providers = SqlProviders(self.connection)
        self.plans = SqlPlans(self.connection)
        self.tenants = SqlTenants(self.connection)
        self.subscriptions = SqlSubscriptions(self.connection)
        self.periods = SqlPeriods(self.connection)
        self.invoices = SqlInvoices(self.connection)
        self.charges = SqlCharges(self.connection)
        self.account = SqlAccount(self.connection)
        self.credit_notes = SqlCreditNotes(self.connection)
        self.receipts = SqlReceipts(self.connection)
        self.reports = SqlReports(self.connection)
        self.returns = SqlReturns(self.connection)
        self.clocks = SqlClocks(self.connection)
        return self

    async def try_lock_tenants(self, ids: Collection[TenantId]) -> set[TenantId]:
        """The locks that are free, until the transaction ends. Never waits, so two of these never block each other."""
        rows = await self.connection.execute(_TRY_LOCKS, {"ids": list(ids)})
        return {TenantId(row.tenant_id) for row in rows if row.locked}

    async def traces(self, provider_id: ProviderId, names: Collection[str]) -> dict[str, dict[str, str]]:
        """Traces that were kept under some names, as carriers."""
        rows = await self.connection.execute(_TRACES, {"p": provider_id, "names": list(names)})
        return {row.name: row.carrier for row in rows}


def work_opener(engine: AsyncEngine, clock: Clock | None = None) -> Callable[[], SqlWork]:
    """Opens a unit of work for each request, event or step."""
    return lambda: SqlWork(engine, source="/tollgate/invoicing", clock=clock)
