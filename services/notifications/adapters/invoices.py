"""What invoices asked for and what payments gave them, in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.adapters import tables
from services.notifications.domain.facts import OwedInvoice
from shared.ids import InvoiceId, TenantId
from shared.money import Currency, Money

_KEEP = text(
    "INSERT INTO invoice (tenant_id, invoice_id, number, due_on, balance_minor, currency)"
    " VALUES (:tenant_id, :invoice_id, :number, :due_on, :balance_minor, :currency) ON CONFLICT DO NOTHING"
)
_ALLOCATE = text(
    "INSERT INTO allocation (tenant_id, invoice_id, payment_id, amount_minor)"
    " VALUES (:tenant_id, :invoice_id, :payment_id, :amount_minor) ON CONFLICT DO NOTHING"
)
_OWED = text(
    "SELECT number, due_on, currency, GREATEST(balance_minor - COALESCE(("
    "SELECT sum(a.amount_minor) FROM allocation a"
    " WHERE a.tenant_id = i.tenant_id AND a.invoice_id = i.invoice_id), 0), 0)::bigint AS left_minor"
    " FROM invoice i WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id"
)


class SqlInvoices:
    """Invoices as far as receipts need them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, tenant_id: TenantId, invoice_id: InvoiceId, invoice: OwedInvoice) -> None:
        await self._connection.execute(
            _KEEP,
            {
                "tenant_id": tenant_id,
                "invoice_id": invoice_id,
                "number": invoice.number,
                "due_on": invoice.due_on,
                "balance_minor": invoice.balance.minor,
                "currency": invoice.balance.currency,
            },
        )

    async def allocate(
        self, tenant_id: TenantId, source_id: UUID, invoice_id: InvoiceId, amount: Money
    ) -> None:
        await self._connection.execute(
            _ALLOCATE,
            {
                "tenant_id": tenant_id,
                "invoice_id": invoice_id,
                "payment_id": source_id,
                "amount_minor": amount.minor,
            },
        )

    async def numbers(self, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]) -> tuple[str, ...]:
        if not invoice_ids:
            return ()
        table = tables.invoice
        found = await self._connection.execute(
            select(table.c.number)
            .where(table.c.tenant_id == tenant_id, table.c.invoice_id.in_(invoice_ids))
            .order_by(table.c.number)
        )
        return tuple(row.number for row in found)

    async def owed(self, tenant_id: TenantId, invoice_id: InvoiceId) -> OwedInvoice | None:
        row = (
            await self._connection.execute(_OWED, {"tenant_id": tenant_id, "invoice_id": invoice_id})
        ).first()
        if row is None:
            return None
        return OwedInvoice(row.number, row.due_on, Money(row.left_minor, Currency(row.currency)))
