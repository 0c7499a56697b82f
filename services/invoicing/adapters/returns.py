"""Refunds and disputes in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.use_cases.money_ports import Dispute, Refund
from shared.ids import InvoiceId, PaymentId, TenantId
from shared.money import Currency, Money

_CREDIT, _CHARGEBACKS = "credit", "chargebacks"


class SqlReturns:
    """Implements ``money_ports.Returns``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> bool:
        table = tables.payment
        found = await self._connection.execute(
            select(exists().where(table.c.tenant_id == tenant_id, table.c.payment_id == payment_id))
        )
        return bool(found.scalar_one())

    async def add_refund(self, refund: Refund) -> bool:
        """Notes a refund once. False: it was here before."""
        table = tables.refund
        added = await self._connection.execute(
            upsert(table)
            .values(
                tenant_id=refund.tenant_id,
                refund_id=refund.refund_id,
                provider_id=refund.provider_id,
                payment_id=refund.payment_id,
                amount_minor=refund.amount.minor,
                currency=refund.amount.currency,
                goes_to=refund.goes_to,
                at=refund.at,
            )
            .on_conflict_do_nothing()
            .returning(table.c.refund_id)
        )
        return added.first() is not None

    async def refund(self, tenant_id: TenantId, refund_id: UUID) -> Refund | None:
        table = tables.refund
        found = await self._connection.execute(
            select(table).where(table.c.tenant_id == tenant_id, table.c.refund_id == refund_id)
        )
        row = found.first()
        if row is None:
            return None
        return Refund(
            row.tenant_id,
            row.refund_id,
            row.provider_id,
            row.payment_id,
            Money(row.amount_minor, Currency(row.currency)),
            row.goes_to,
            row.at,
            row.failed_at,
        )

    async def refund_failed(self, refund: Refund, at: datetime) -> None:
        table = tables.refund
        await self._connection.execute(
            update(table)
            .where(table.c.tenant_id == refund.tenant_id, table.c.refund_id == refund.refund_id)
            .values(failed_at=at)
        )

    async def dispute(self, tenant_id: TenantId, dispute_id: UUID) -> Dispute | None:
        table = tables.dispute
        found = await self._connection.execute(
            select(table).where(table.c.tenant_id == tenant_id, table.c.dispute_id == dispute_id)
        )
        row = found.first()
        return None if row is None else _dispute(row)

    async def disputes_of(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Dispute]:
        table = tables.dispute
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.payment_id == payment_id)
            .order_by(table.c.dispute_id)
        )
        return [_dispute(row) for row in found]

    async def put_dispute(self, dispute: Dispute) -> None:
        taken = {str(invoice_id): minor for invoice_id, minor in dispute.taken.items()}
        row = upsert(tables.dispute).values(
            tenant_id=dispute.tenant_id,
            dispute_id=dispute.dispute_id,
            provider_id=dispute.provider_id,
            payment_id=dispute.payment_id,
            amount_minor=dispute.amount.minor,
            currency=dispute.amount.currency,
            state=dispute.state,
            taken={**taken, _CREDIT: dispute.from_credit_minor, _CHARGEBACKS: dispute.chargebacks_minor},
            at=dispute.at,
        )
        await self._connection.execute(
            row.on_conflict_do_update(
                index_elements=["tenant_id", "dispute_id"], set_={"state": row.excluded.state}
            )
        )


def _dispute(row: Row[Any]) -> Dispute:
    taken = dict(row.taken)
    from_credit, chargebacks = taken.pop(_CREDIT), taken.pop(_CHARGEBACKS)
    return Dispute(
        row.tenant_id,
        row.dispute_id,
        row.provider_id,
        row.payment_id,
        Money(row.amount_minor, Currency(row.currency)),
        row.state,
        {InvoiceId(UUID(invoice_id)): minor for invoice_id, minor in taken.items()},
        from_credit,
        chargebacks,
        row.at,
    )
