"""The transaction of invoicing with its repositories."""

from collections.abc import Callable
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.accounts import SqlAccount, SqlCharges, SqlClocks
from services.invoicing.adapters.catalogue import SqlPlans, SqlProviders, SqlTenants
from services.invoicing.adapters.credit_notes import SqlCreditNotes
from services.invoicing.adapters.invoices import SqlInvoices
from services.invoicing.adapters.periods import SqlPeriods
from services.invoicing.adapters.returns import SqlReturns
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork


class SqlWork(SqlUnitOfWork):
    """Implements ``use_cases.ports.Work``."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.providers = SqlProviders(self.connection)
        self.plans = SqlPlans(self.connection)
        self.tenants = SqlTenants(self.connection)
        self.periods = SqlPeriods(self.connection)
        self.invoices = SqlInvoices(self.connection)
        self.charges = SqlCharges(self.connection)
        self.account = SqlAccount(self.connection)
        self.credit_notes = SqlCreditNotes(self.connection)
        self.returns = SqlReturns(self.connection)
        self.clocks = SqlClocks(self.connection)
        return self


def work_opener(engine: AsyncEngine, clock: Clock | None = None) -> Callable[[], SqlWork]:
    """Opens a unit of work for each request, event or step."""
    return lambda: SqlWork(engine, source="/tollgate/invoicing", clock=clock)
