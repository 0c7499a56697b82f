"""Refunds and disputes: money that left a captured payment."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.disputes import Dispute, DisputeState
from services.payments.domain.refunds import UNSETTLED, Refund, RefundState
from shared.ids import PaymentId, TenantId

_UNSETTLED = [state.value for state in sorted(UNSETTLED)]


class RefundsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, tenant_id: TenantId, refund_id: UUID) -> Refund | None:
        held = tables.refund
        return await self._one(
            select(held).where(held.c.tenant_id == tenant_id, held.c.refund_id == refund_id)
        )

    async def by_request(self, tenant_id: TenantId, request_id: str) -> Refund | None:
        held = tables.refund
        return await self._one(
            select(held).where(held.c.tenant_id == tenant_id, held.c.request_id == request_id)
        )

    async def by_stripe(self, account: str, stripe_refund: str) -> Refund | None:
        held = tables.refund
        return await self._one(
            select(held).where(held.c.stripe_refund == stripe_refund, held.c.stripe_account == account)
        )

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Refund]:
        return await self.of_payments(tenant_id, [payment_id])

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Refund]:
        held = tables.refund
        query = select(held).where(held.c.tenant_id == tenant_id, held.c.payment_id.in_(payment_ids))
        return await self._many(query.order_by(held.c.refund_id))

    async def add(self, refund: Refund) -> None:
        await self._connection.execute(insert(tables.refund).values(rows.refund_values(refund)))

    async def update(self, refund: Refund) -> None:
        held = tables.refund
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == refund.tenant_id, held.c.refund_id == refund.refund_id)
            .values(rows.refund_values(refund))
        )

    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Refund]:
        held = tables.refund
        left_alone = and_(
            held.c.state.in_([RefundState.CREATED.value, RefundState.SUBMITTED.value]),
            held.c.check_at.is_(None),
            held.c.touched_at <= untouched_since,
        )
        query = (
            select(held)
            .where(held.c.state.in_(_UNSETTLED), or_(left_alone, held.c.check_at <= system_now))
            .order_by(held.c.touched_at)
        )
        return await self._many(query.limit(limit))

    async def _one(self, query: Select[Any]) -> Refund | None:
        found = await self._many(query)
        return found[0] if found else None

    async def _many(self, query: Select[Any]) -> list[Refund]:
        return [rows.refund_of(dict(row)) for row in (await self._connection.execute(query)).mappings()]


class DisputesRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, tenant_id: TenantId, dispute_id: UUID) -> Dispute | None:
        held = tables.dispute
        found = await self._many(
            select(held).where(held.c.tenant_id == tenant_id, held.c.dispute_id == dispute_id)
        )
        return found[0] if found else None

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Dispute]:
        return await self.of_payments(tenant_id, [payment_id])

    async def of_payments(self, tenant_id: TenantId, payment_ids: list[PaymentId]) -> list[Dispute]:
        held = tables.dispute
        query = select(held).where(held.c.tenant_id == tenant_id, held.c.payment_id.in_(payment_ids))
        return await self._many(query.order_by(held.c.opened_at, held.c.dispute_id))

    async def opened(self, tenant_id: TenantId) -> list[Dispute]:
        held = tables.dispute
        query = select(held).where(held.c.tenant_id == tenant_id, held.c.state == DisputeState.OPENED.value)
        return await self._many(query.order_by(held.c.opened_at, held.c.dispute_id))

    async def add(self, dispute: Dispute) -> None:
        await self._connection.execute(insert(tables.dispute).values(rows.dispute_values(dispute)))

    async def update(self, dispute: Dispute) -> None:
        held = tables.dispute
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == dispute.tenant_id, held.c.dispute_id == dispute.dispute_id)
            .values(rows.dispute_values(dispute))
        )

    async def _many(self, query: Select[Any]) -> list[Dispute]:
        return [rows.dispute_of(dict(row)) for row in (await self._connection.execute(query)).mappings()]
