"""Invoices to collect, payments and attempts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.disputes import TAKES
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.payments import AUTOMATIC, Attempt, Payment
from services.payments.domain.states import OPEN, State
from shared.db.due import due_now
from shared.ids import InvoiceId, PaymentId, TenantId

_DUE = text(
    "SELECT i.tenant_id, i.invoice_id FROM open_invoice i WHERE i.collect_at IS NOT NULL"  # noqa: S608 (constants of our own, never input)
    f" AND i.collect_at <= {due_now('i')} ORDER BY i.collect_at, i.invoice_id LIMIT :limit"
)
_OPEN_STATES = [state.value for state in sorted(OPEN)]


class InvoicesRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, tenant_id: TenantId, invoice_id: InvoiceId) -> OpenInvoice | None:
        held = tables.open_invoice
        found = await self._connection.execute(
            select(held).where(held.c.tenant_id == tenant_id, held.c.invoice_id == invoice_id)
        )
        row = found.mappings().first()
        return rows.invoice_of(dict(row)) if row is not None else None

    async def put(self, invoice: OpenInvoice) -> None:
        values = rows.invoice_values(invoice)
        statement = insert(tables.open_invoice).values(values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "invoice_id"], set_=values)
        )

    async def open_of(self, tenant_id: TenantId) -> list[OpenInvoice]:
        held = tables.open_invoice
        found = await self._connection.execute(
            select(held)
            .where(held.c.tenant_id == tenant_id, held.c.standing == "open")
            .order_by(held.c.due_on, held.c.number)
        )
        return [rows.invoice_of(dict(row)) for row in found.mappings()]

    async def due(self, system_now: datetime, limit: int) -> list[tuple[TenantId, InvoiceId]]:
        found = await self._connection.execute(_DUE, {"system_now": system_now, "limit": limit})
        return [(row.tenant_id, row.invoice_id) for row in found]


class PaymentsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, tenant_id: TenantId, payment_id: PaymentId) -> Payment | None:
        held = tables.payment
        return await self._one(
            select(held).where(held.c.tenant_id == tenant_id, held.c.payment_id == payment_id)
        )

    async def by_request(self, tenant_id: TenantId, request_id: str) -> Payment | None:
        held = tables.payment
        return await self._one(
            select(held).where(held.c.tenant_id == tenant_id, held.c.request_id == request_id)
        )

    async def _one(self, query: Select[Any]) -> Payment | None:
        found = await self._many(query)
        return found[0] if found else None

    async def _many(self, query: Select[Any]) -> list[Payment]:
        found = [dict(row) for row in (await self._connection.execute(query)).mappings()]
        if not found:
            return []
        held = tables.share
        shares = await self._connection.execute(
            select(held)
            .where(
                held.c.tenant_id == found[0]["tenant_id"],
                held.c.payment_id.in_([row["payment_id"] for row in found]),
            )
            .order_by(held.c.position)
        )
        parts: dict[UUID, list[rows.Row]] = {}
        for share in shares.mappings():
            parts.setdefault(share["payment_id"], []).append(dict(share))
        return [rows.payment_of(row, parts.get(row["payment_id"], [])) for row in found]

    async def add(self, payment: Payment) -> None:
        await self._connection.execute(insert(tables.payment).values(rows.payment_values(payment)))
        shares = [
            {
                "tenant_id": payment.tenant_id,
                "payment_id": payment.payment_id,
                "position": position,
                "provider_id": payment.provider_id,
                "invoice_id": share.invoice_id,
                "number": share.number,
                "amount_minor": share.amount_minor,
            }
            for position, share in enumerate(payment.shares)
        ]
        await self._connection.execute(insert(tables.share).values(shares))

    async def update(self, payment: Payment) -> None:
        held = tables.payment
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == payment.tenant_id, held.c.payment_id == payment.payment_id)
            .values(rows.payment_values(payment))
        )

    async def page(self, tenant_id: TenantId, before: PaymentId | None, limit: int) -> list[Payment]:
        held = tables.payment
        query = select(held).where(
            held.c.tenant_id == tenant_id,
            or_(held.c.state != State.CANCELED.value, held.c.reason.is_not(None)),
        )
        if before is not None:
            query = query.where(held.c.payment_id < before)
        return await self._many(query.order_by(held.c.payment_id.desc()).limit(limit))

    async def collected(
        self, tenant_id: TenantId, invoice_ids: Collection[InvoiceId]
    ) -> dict[InvoiceId, int]:
        share, payment = tables.share, tables.payment
        found = await self._connection.execute(
            select(share.c.invoice_id, func.sum(share.c.amount_minor).label("minor"))
            .join(
                payment,
                and_(payment.c.tenant_id == share.c.tenant_id, payment.c.payment_id == share.c.payment_id),
            )
            .where(
                share.c.tenant_id == tenant_id,
                share.c.invoice_id.in_(invoice_ids),
                payment.c.state == State.SUCCEEDED.value,
            )
            .group_by(share.c.invoice_id)
        )
        sums = {row.invoice_id: int(row.minor) for row in found}
        taken = await self._connection.execute(
            select(tables.dispute.c.shares).where(
                tables.dispute.c.tenant_id == tenant_id,
                tables.dispute.c.state.in_([state.value for state in sorted(TAKES)]),
            )
        )
        for row in taken:
            for one in rows.shares_of(row.shares):
                if one.invoice_id in sums:
                    sums[one.invoice_id] -= one.amount_minor
        return sums

    async def tries_since(self, tenant_id: TenantId, stripe_method: str, since: datetime) -> int:
        held = tables.payment
        found = await self._connection.execute(
            select(func.count()).where(
                held.c.tenant_id == tenant_id,
                held.c.stripe_method == stripe_method,
                held.c.trigger.in_(sorted(AUTOMATIC)),
                or_(
                    held.c.state.in_(_OPEN_STATES),
                    and_(held.c.state == State.FAILED.value, held.c.ended_at > since),
                ),
            )
        )
        return int(found.scalar_one())


class AttemptsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, attempt: Attempt) -> bool:
        held = [
            {
                "tenant_id": attempt.tenant_id,
                "attempt_id": attempt.attempt_id,
                "invoice_id": invoice_id,
                "provider_id": attempt.provider_id,
                "is_open": True,
            }
            for invoice_id in attempt.invoice_ids
        ]
        async with self._connection.begin_nested() as savepoint:
            claimed = await self._connection.execute(
                insert(tables.attempt_invoice)
                .values(held)
                .on_conflict_do_nothing()
                .returning(tables.attempt_invoice.c.invoice_id)
            )
            if len(claimed.all()) != len(held):
                await savepoint.rollback()
                return False
        await self._connection.execute(insert(tables.attempt).values(rows.attempt_values(attempt)))
        return True

    async def get(self, tenant_id: TenantId, attempt_id: UUID) -> Attempt | None:
        held = tables.attempt
        return _first(
            await self._many(
                select(held).where(held.c.tenant_id == tenant_id, held.c.attempt_id == attempt_id)
            )
        )

    async def of_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> Attempt | None:
        held = tables.attempt
        return _first(
            await self._many(
                select(held)
                .where(held.c.tenant_id == tenant_id, held.c.payment_id == payment_id)
                .order_by(held.c.attempt_id.desc())
                .limit(1)
            )
        )

    async def by_intent(self, account: str, intent: str) -> Attempt | None:
        held = tables.attempt
        return _first(
            await self._many(select(held).where(held.c.intent == intent, held.c.stripe_account == account))
        )

    async def any_unnamed(self, account: str) -> bool:
        held = tables.attempt
        found = await self._connection.execute(
            select(held.c.attempt_id)
            .where(
                held.c.state.in_([State.SUBMITTED.value, State.UNKNOWN.value]),
                held.c.state.in_(_OPEN_STATES),
                held.c.stripe_account == account,
                held.c.intent.is_(None),
            )
            .limit(1)
        )
        return found.first() is not None

    async def open_on(self, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]) -> list[Attempt]:
        held, of = tables.attempt, tables.attempt_invoice
        holding = select(of.c.attempt_id).where(
            of.c.tenant_id == tenant_id, of.c.invoice_id.in_(invoice_ids), of.c.is_open
        )
        return await self._many(
            select(held).where(held.c.tenant_id == tenant_id, held.c.attempt_id.in_(holding))
        )

    async def update(self, attempt: Attempt) -> None:
        held, of = tables.attempt, tables.attempt_invoice
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == attempt.tenant_id, held.c.attempt_id == attempt.attempt_id)
            .values(rows.attempt_values(attempt))
        )
        if not attempt.is_open:
            await self._connection.execute(
                update(of)
                .where(
                    of.c.tenant_id == attempt.tenant_id, of.c.attempt_id == attempt.attempt_id, of.c.is_open
                )
                .values(is_open=False)
            )

    async def to_check(self, system_now: datetime, untouched_since: datetime, limit: int) -> list[Attempt]:
        held = tables.attempt
        left_alone = and_(
            held.c.state.in_([State.CREATED.value, State.SUBMITTED.value]),
            held.c.check_at.is_(None),
            held.c.touched_at <= untouched_since,
        )
        query = (
            select(held)
            .where(held.c.state.in_(_OPEN_STATES), or_(left_alone, held.c.check_at <= system_now))
            .order_by(held.c.touched_at)
            .limit(limit)
        )
        return await self._many(query)

    async def to_close(self, system_now: datetime, limit: int) -> list[Attempt]:
        held = tables.attempt
        query = select(held).where(
            held.c.state == State.FAILED.value,
            held.c.intent.is_not(None),
            ~held.c.intent_closed,
            or_(held.c.check_at.is_(None), held.c.check_at <= system_now),
        )
        return await self._many(query.limit(limit))

    async def _many(self, query: Select[Any]) -> list[Attempt]:
        found = [dict(row) for row in (await self._connection.execute(query)).mappings()]
        if not found:
            return []
        of = tables.attempt_invoice
        holds = await self._connection.execute(
            select(of.c.attempt_id, of.c.invoice_id).where(
                of.c.tenant_id.in_({row["tenant_id"] for row in found}),
                of.c.attempt_id.in_([row["attempt_id"] for row in found]),
            )
        )
        invoice_ids: dict[UUID, list[UUID]] = {}
        for row in holds:
            invoice_ids.setdefault(row.attempt_id, []).append(row.invoice_id)
        return [rows.attempt_of(row, sorted(invoice_ids.get(row["attempt_id"], []))) for row in found]


def _first(found: list[Attempt]) -> Attempt | None:
    return found[0] if found else None
