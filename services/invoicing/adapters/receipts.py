"""What a receipt is made of, in PostgreSQL."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.use_cases.receipt_ports import Receipt
from shared.errors import NotFound
from shared.ids import PaymentId, ProviderId, TenantId
from shared.money import Currency, Money


class SqlReceipts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def note_method(self, tenant_id: TenantId, payment_id: PaymentId, shown: str) -> None:
        """Keeps by what a payment came, in the words that people may see."""
        table = tables.payment
        await self._connection.execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.payment_id == payment_id)
            .values(method=shown)
        )

    async def get(self, provider_id: ProviderId, tenant_id: TenantId, payment_id: UUID) -> Receipt:
        """Raises ``NotFound``, also for another tenant's or provider's. Parts that came back later still count:
        a receipt is of the day on which the money came.
        """
        payment, part, invoice = tables.payment, tables.invoice_payment, tables.invoice
        found = await self._connection.execute(
            select(payment).where(
                payment.c.tenant_id == tenant_id,
                payment.c.payment_id == payment_id,
                payment.c.provider_id == provider_id,
            )
        )
        row = found.first()
        if row is None:
            raise NotFound("There is no such payment. Choose one from the payment history.")
        code = Currency(row.currency)
        parts = await self._connection.execute(
            select(invoice.c.number, func.sum(part.c.amount_minor).label("minor"))
            .join(
                invoice,
                (invoice.c.tenant_id == part.c.tenant_id) & (invoice.c.invoice_id == part.c.invoice_id),
            )
            .where(
                part.c.tenant_id == tenant_id,
                part.c.source_id == payment_id,
                part.c.source == "payment",
                part.c.amount_minor > 0,
            )
            .group_by(invoice.c.number)
            .order_by(invoice.c.number)
        )
        return Receipt(
            payment_id,
            Money(row.amount_minor, code),
            row.at,
            row.method,
            tuple((one.number, Money(int(one.minor), code)) for one in parts),
        )
