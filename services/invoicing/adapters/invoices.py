"""Issued invoices in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.adapters.many import is_one_of
from services.invoicing.adapters.tables import invoice as table
from services.invoicing.domain.lines import Line, LineKind
from services.invoicing.domain.settlement import Invoice
from services.invoicing.domain.taxes import TaxLine
from services.invoicing.use_cases.ports import Document, Issued
from shared.db.due import due_now, instant
from shared.db.many_rows import copy_rows
from shared.errors import NotFound
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency, Money

_OVERDUE = text(
    "SELECT i.* FROM invoice i WHERE i.collectable AND i.overdue_marked_at IS NULL"  # noqa: S608 (a constant)
    " AND i.cancelled_at IS NULL AND i.paid_minor + i.credited_minor < i.total_minor"
    f" AND i.overdue_at <= {due_now('i')} ORDER BY i.overdue_at, i.number LIMIT 1"
)


def _status_is(status: str, now: datetime) -> ColumnElement[bool]:
    """R57 in SQL; ``unpaid`` is any with a balance."""
    alive = table.c.cancelled_at.is_(None)
    settled = table.c.paid_minor + table.c.credited_minor
    unpaid = and_(alive, settled < table.c.total_minor)
    late = and_(unpaid, table.c.collectable, table.c.overdue_at <= instant(now))
    early = and_(unpaid, or_(~table.c.collectable, table.c.overdue_at > instant(now)))
    return {
        "unpaid": unpaid,
        "cancelled": table.c.cancelled_at.is_not(None),
        "paid": and_(alive, settled >= table.c.total_minor),
        "overdue": late,
        "partially_paid": and_(early, table.c.paid_minor > 0),
        "sent": and_(early, table.c.paid_minor == 0),
    }[status]


# The columns of a line that people see.
_SHOWN = (
    "kind",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "amount_minor",
    "start_date",
    "end_date",
    "evidence",
    "detail",
)


class SqlInvoices:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_all(self, issued: Sequence[Issued]) -> None:
        """Each table in one statement."""
        heads = [(*_head(one.invoice), orjson.dumps(one.parties).decode()) for one in issued]
        await copy_rows(self._connection, "invoice", (*_HEAD, "parties"), heads)
        lines = [row for one in issued for row in _line_rows(one)]
        if lines:
            await copy_rows(self._connection, "invoice_line", _LINE_COLUMNS, lines)
        taxes = [row for one in issued for row in _tax_rows(one)]
        if taxes:
            await copy_rows(self._connection, "invoice_tax", _TAX_COLUMNS, taxes)

    async def get(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Invoice | None:
        found = await self._connection.execute(
            select(table).where(table.c.tenant_id == tenant_id, table.c.invoice_id == invoice_id)
        )
        row = found.mappings().first()
        return None if row is None else _invoice(row)

    async def document(self, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId) -> Document:
        """Raises ``NotFound``, also for another tenant's or provider's."""
        found = await self._connection.execute(
            select(table).where(
                table.c.tenant_id == tenant_id,
                table.c.invoice_id == invoice_id,
                table.c.provider_id == provider_id,
            )
        )
        row = found.mappings().first()
        if row is None:
            raise NotFound("There is no such invoice. Choose one from the list of invoices.")
        code = Currency(row["currency"])
        lines, taxes = tables.invoice_line, tables.invoice_tax
        line_rows = await self._connection.execute(
            select(*(lines.c[name] for name in _SHOWN))
            .where(lines.c.tenant_id == tenant_id, lines.c.invoice_id == invoice_id)
            .order_by(lines.c.position)
        )
        tax_rows = await self._connection.execute(
            select(taxes)
            .where(taxes.c.tenant_id == tenant_id, taxes.c.invoice_id == invoice_id)
            .order_by(taxes.c.name)
        )
        return Document(
            _invoice(row),
            tuple(_line(code, *one) for one in line_rows),
            tuple(
                TaxLine(
                    t.name,
                    t.rate.normalize(),
                    Money(t.base_minor, code),
                    Money(t.amount_minor, code),
                    t.category,
                    t.reason,
                )
                for t in tax_rows
            ),
            row["parties"],
        )

    async def page(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        *,
        status: str | None,
        now: datetime,
        cursor: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[Invoice]:
        """Newest first."""
        query = select(table).where(table.c.tenant_id == tenant_id, table.c.provider_id == provider_id)
        if status is not None:
            query = query.where(_status_is(status, now))
        if cursor is not None:
            query = query.where(tuple_(table.c.issued_at, table.c.invoice_id) < cursor)
        query = query.order_by(table.c.issued_at.desc(), table.c.invoice_id.desc()).limit(limit)
        return [_invoice(row) for row in (await self._connection.execute(query)).mappings()]

    async def open(self, tenant_id: TenantId) -> list[Invoice]:
        """With a balance; locked until the transaction ends."""
        found = await self._connection.execute(
            select(table)
            .where(
                table.c.tenant_id == tenant_id,
                table.c.cancelled_at.is_(None),
                table.c.paid_minor + table.c.credited_minor < table.c.total_minor,
            )
            .order_by(table.c.invoice_id)
            .with_for_update()
        )
        return [_invoice(row) for row in found.mappings()]

    async def find_overdue(self, system_now: datetime) -> Invoice | None:
        found = await self._connection.execute(_OVERDUE, {"system_now": system_now})
        row = found.mappings().first()
        return None if row is None else _invoice(row)

    async def _set(self, invoice: Invoice, **values: Any) -> None:
        await self._connection.execute(
            update(table)
            .where(table.c.tenant_id == invoice.tenant_id, table.c.invoice_id == invoice.invoice_id)
            .values(values)
        )

    async def set_settled(self, invoice: Invoice) -> None:
        """Writes all that may still change of an issued invoice."""
        await self._set(
            invoice,
            paid_minor=invoice.paid_minor,
            paid_at=invoice.paid_at,
            collectable=invoice.collectable,
            credited_minor=invoice.credited_minor,
            overdue_marked_at=invoice.overdue_marked_at,
            cancelled_at=invoice.cancelled_at,
        )

    async def mark_overdue(self, invoice: Invoice, at: datetime) -> None:
        await self._set(invoice, overdue_marked_at=at)

    async def add_part(
        self,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        source: str,
        source_id: UUID,
        minor: int,
        at: datetime,
    ) -> None:
        """Notes what paid an invoice, or with less than nothing what a bank took back."""
        parts = tables.invoice_payment
        row = upsert(parts).values(
            tenant_id=tenant_id,
            invoice_id=invoice_id,
            source_id=source_id,
            source=source,
            amount_minor=minor,
            at=at,
        )
        await self._connection.execute(
            row.on_conflict_do_update(
                index_elements=["tenant_id", "invoice_id", "source_id"],
                set_={"amount_minor": parts.c.amount_minor + row.excluded.amount_minor},
            )
        )

    async def parts_from(self, tenant_id: TenantId, sources: Collection[UUID]) -> dict[InvoiceId, int]:
        """What is left on each invoice of what ``sources`` together paid, in minor units; only above 0."""
        parts = tables.invoice_payment
        paid = func.sum(parts.c.amount_minor)
        found = await self._connection.execute(
            select(parts.c.invoice_id, paid.label("minor"))
            .where(parts.c.tenant_id == tenant_id, parts.c.source_id.in_(sources))
            .group_by(parts.c.invoice_id)
            .having(paid > 0)
            .order_by(parts.c.invoice_id)
        )
        return {InvoiceId(row.invoice_id): int(row.minor) for row in found}

    async def small_open(self, tenants: Collection[TenantId]) -> dict[TenantId, int]:
        """What each tenant owes on invoices that wait for the next one because of the card's minimum (R38)."""
        rest = table.c.total_minor - table.c.paid_minor - table.c.credited_minor
        found = await self._connection.execute(
            select(table.c.tenant_id, func.sum(rest).label("minor"))
            .where(
                is_one_of(table.c.tenant_id, tenants),
                ~table.c.collectable,
                table.c.cancelled_at.is_(None),
                rest > 0,
            )
            .group_by(table.c.tenant_id)
        )
        return {TenantId(row.tenant_id): int(row.minor) for row in found}

    async def any(self, provider_id: ProviderId) -> bool:
        found = await self._connection.execute(select(exists().where(table.c.provider_id == provider_id)))
        return bool(found.scalar_one())

    async def before(self, invoice: Invoice) -> InvoiceId | None:
        """The tenant's invoice before this one; one that was cancelled does not count."""
        found = await self._connection.execute(
            select(table.c.invoice_id)
            .where(
                table.c.tenant_id == invoice.tenant_id,
                tuple_(table.c.issued_at, table.c.number) < (invoice.issued_at, invoice.number),
                table.c.currency == invoice.currency,
                table.c.cancelled_at.is_(None),
            )
            .order_by(table.c.issued_at.desc(), table.c.number.desc())
            .limit(1)
        )
        made: InvoiceId | None = found.scalar_one_or_none()
        return made


_HEAD = tuple(field.name for field in fields(Invoice))
_head = attrgetter(*_HEAD)


_LINE_COLUMNS = (
    "tenant_id",
    "invoice_id",
    "position",
    "kind",
    "description",
    "detail",
    "quantity",
    "unit",
    "unit_price",
    "amount_minor",
    "start_date",
    "end_date",
    "evidence",
)


def _line_rows(one: Issued) -> list[tuple[Any, ...]]:
    """In the order of ``_LINE_COLUMNS``; JSON as the text that the driver's own codec takes."""
    return [
        (
            one.invoice.tenant_id,
            one.invoice.invoice_id,
            position,
            line.kind,
            line.description,
            line.detail,
            line.quantity,
            line.unit,
            line.unit_price,
            line.amount.minor,
            line.start,
            line.end,
            orjson.dumps(line.evidence).decode(),
        )
        for position, line in enumerate(one.draft.lines)
    ]


_TAX_COLUMNS = (
    "tenant_id",
    "invoice_id",
    "name",
    "rate",
    "base_minor",
    "amount_minor",
    "category",
    "reason",
)


def _tax_rows(one: Issued) -> list[tuple[Any, ...]]:
    """In the order of ``_TAX_COLUMNS``."""
    return [
        (
            one.invoice.tenant_id,
            one.invoice.invoice_id,
            tax.name,
            tax.rate,
            tax.base.minor,
            tax.amount.minor,
            tax.category,
            tax.reason,
        )
        for tax in one.draft.taxes
    ]


def _invoice(row: Mapping[Any, Any]) -> Invoice:
    return Invoice(**{name: row[name] for name in _HEAD})


def _line(
    code: Currency,
    kind: LineKind,
    description: str,
    quantity: Decimal,
    unit: str | None,
    unit_price: Decimal,
    amount_minor: int,
    start: date,
    end: date,
    evidence: dict[str, Any],
    detail: str | None,
) -> Line:
    """In the order of ``_SHOWN``: an invoice may have hundreds, and looking names up is most of the work."""
    return Line(
        kind, description, quantity, unit, unit_price, Money(amount_minor, code), start, end, evidence, detail
    )
