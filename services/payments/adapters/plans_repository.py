"""Payment plans and the invoices they hold."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.payment_plans import PaymentPlan
from shared.db.due import due_now
from shared.ids import TenantId

_DUE = text(
    "SELECT p.tenant_id, p.plan_id FROM payment_plan p WHERE p.step_at IS NOT NULL"  # noqa: S608 (constants of our own, never input)
    f" AND p.step_at <= {due_now('p')} ORDER BY p.step_at, p.plan_id LIMIT :limit"
)


class PlansRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, tenant_id: TenantId, plan_id: UUID) -> PaymentPlan | None:
        held = tables.payment_plan
        return await self._one(select(held).where(held.c.tenant_id == tenant_id, held.c.plan_id == plan_id))

    async def by_request(self, tenant_id: TenantId, request_id: str) -> PaymentPlan | None:
        held = tables.payment_plan
        return await self._one(
            select(held).where(held.c.tenant_id == tenant_id, held.c.request_id == request_id)
        )

    async def of_tenant(self, tenant_id: TenantId) -> list[PaymentPlan]:
        held = tables.payment_plan
        return await self._many(
            select(held).where(held.c.tenant_id == tenant_id).order_by(held.c.plan_id.desc())
        )

    async def active_of(self, tenant_id: TenantId) -> list[PaymentPlan]:
        held = tables.payment_plan
        query = select(held).where(held.c.tenant_id == tenant_id, held.c.state == "agreed")
        return await self._many(query.order_by(held.c.plan_id))

    async def add(self, plan: PaymentPlan) -> None:
        await self._connection.execute(insert(tables.payment_plan).values(rows.plan_values(plan)))
        holds = [
            {
                "tenant_id": plan.tenant_id,
                "plan_id": plan.plan_id,
                "invoice_id": invoice_id,
                "position": position,
                "provider_id": plan.provider_id,
                "is_active": plan.is_active,
            }
            for position, invoice_id in enumerate(plan.invoice_ids)
        ]
        await self._connection.execute(insert(tables.payment_plan_invoice).values(holds))

    async def update(self, plan: PaymentPlan) -> None:
        held, of = tables.payment_plan, tables.payment_plan_invoice
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == plan.tenant_id, held.c.plan_id == plan.plan_id)
            .values(rows.plan_values(plan))
        )
        if not plan.is_active:
            await self._connection.execute(
                update(of)
                .where(of.c.tenant_id == plan.tenant_id, of.c.plan_id == plan.plan_id, of.c.is_active)
                .values(is_active=False)
            )

    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, UUID]]:
        found = await self._connection.execute(_DUE, {"system_now": system_now, "limit": limit})
        return [(row.tenant_id, row.plan_id) for row in found]

    async def _one(self, query: Select[Any]) -> PaymentPlan | None:
        found = await self._many(query)
        return found[0] if found else None

    async def _many(self, query: Select[Any]) -> list[PaymentPlan]:
        found = [dict(row) for row in (await self._connection.execute(query)).mappings()]
        if not found:
            return []
        of = tables.payment_plan_invoice
        holds = await self._connection.execute(
            select(of.c.plan_id, of.c.invoice_id)
            .where(
                of.c.tenant_id.in_({row["tenant_id"] for row in found}),
                of.c.plan_id.in_([row["plan_id"] for row in found]),
            )
            .order_by(of.c.position)
        )
        invoice_ids: dict[UUID, list[UUID]] = {}
        for row in holds:
            invoice_ids.setdefault(row.plan_id, []).append(row.invoice_id)
        return [rows.plan_of(row, invoice_ids.get(row["plan_id"], [])) for row in found]
