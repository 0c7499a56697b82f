"""Invoicing's unit of work over PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.catalogue import SqlCatalogue
from services.invoicing.adapters.invoices import SqlInvoices
from services.invoicing.adapters.periods import SqlPeriods
from shared.clock import Clock
from shared.db.unit_of_work import SqlUnitOfWork

SOURCE = "tollgate/invoicing"


class InvoicingWork(SqlUnitOfWork):
    """See ``use_cases.ports.Work``."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock | None = None) -> None:
        super().__init__(engine, source=SOURCE, clock=clock)
        self.catalogue = SqlCatalogue(self)
        self.periods = SqlPeriods(self)
        self.invoices = SqlInvoices(self)
