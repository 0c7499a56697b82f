"""Credit notes in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.adapters.many import is_one_of
from services.invoicing.domain.credit_notes import Creditable, HeldLine, HeldTax, Note, NoteTax
from services.invoicing.use_cases.money_ports import CreditNote, NoteDocument, NoteLine
from shared.errors import NotFound
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import round_half_up


class SqlCreditNotes:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def creditable(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Creditable:
        """What the invoice billed and what notes took off it; the tenant's lock must be held to act on it."""
        lines, noted = tables.invoice_line, tables.credit_note_line
        taken = (
            select(noted.c.line_position, func.sum(noted.c.amount_minor).label("minor"))
            .where(noted.c.tenant_id == tenant_id, noted.c.invoice_id == invoice_id)
            .group_by(noted.c.line_position)
        )
        before = {row.line_position: int(row.minor) for row in await self._connection.execute(taken)}
        billed = await self._connection.execute(
            select(lines.c.position, lines.c.kind, lines.c.amount_minor, lines.c.evidence)
            .where(lines.c.tenant_id == tenant_id, lines.c.invoice_id == invoice_id)
            .order_by(lines.c.position)
        )
        rows = list(billed)
        return Creditable(
            tuple(
                HeldLine(r.position, r.amount_minor, before.get(r.position, 0), r.kind != "rounding")
                for r in rows
            ),
            await self._taxes(tenant_id, invoice_id),
            any("gross_minor" in row.evidence for row in rows),
        )

    async def _taxes(self, tenant_id: TenantId, invoice_id: InvoiceId) -> tuple[HeldTax, ...]:
        taxes, noted, notes = tables.invoice_tax, tables.credit_note_tax, tables.credit_note
        taken = (
            select(noted.c.name, func.sum(noted.c.amount_minor).label("minor"))
            .join(
                notes,
                (notes.c.tenant_id == noted.c.tenant_id) & (notes.c.credit_note_id == noted.c.credit_note_id),
            )
            .where(notes.c.tenant_id == tenant_id, notes.c.invoice_id == invoice_id)
            .group_by(noted.c.name)
        )
        before = {row.name: int(row.minor) for row in await self._connection.execute(taken)}
        billed = await self._connection.execute(
            select(taxes)
            .where(taxes.c.tenant_id == tenant_id, taxes.c.invoice_id == invoice_id)
            .order_by(taxes.c.name)
        )
        return tuple(
            HeldTax(row.name, row.rate.normalize(), row.amount_minor, before.get(row.name, 0), row.category)
            for row in billed
        )

    async def add(self, head: CreditNote, note: Note) -> None:
        """The database refuses more than the invoice and its lines hold. Parties are those of the invoice."""
        keys = {"tenant_id": head.tenant_id, "credit_note_id": head.credit_note_id}
        invoices = tables.invoice
        parties = await self._connection.execute(
            select(invoices.c.parties).where(
                invoices.c.tenant_id == head.tenant_id, invoices.c.invoice_id == head.invoice_id
            )
        )
        await self._connection.execute(
            insert(tables.credit_note).values(
                **{field.name: getattr(head, field.name) for field in fields(CreditNote)},
                parties=parties.scalar_one(),
            )
        )
        billed = tables.invoice_line
        words = {
            row.position: row
            for row in await self._connection.execute(
                select(billed.c.position, billed.c.kind, billed.c.description).where(
                    billed.c.tenant_id == head.tenant_id, billed.c.invoice_id == head.invoice_id
                )
            )
        }
        lines = [
            {
                **keys,
                "line_position": position,
                "invoice_id": head.invoice_id,
                "kind": words[position].kind,
                "description": words[position].description,
                "amount_minor": minor,
            }
            for position, minor in sorted(note.lines.items())
        ]
        if lines:
            await self._connection.execute(insert(tables.credit_note_line), lines)
        taxes = [
            {
                **keys,
                "name": tax.name,
                "rate": tax.rate,
                "category": tax.category,
                "base_minor": tax.base_minor,
                "amount_minor": tax.amount_minor,
            }
            for tax in note.taxes
        ]
        if taxes:
            await self._connection.execute(insert(tables.credit_note_tax), taxes)

    async def credited_fees(self, ids: Collection[TenantId]) -> dict[TenantId, dict[str, int]]:
        """What notes took off fees and add-ons of some tenants, by the line's key, in terms of the price list:
        tax included where the prices are (R35).
        """
        billed, noted = tables.invoice_line, tables.credit_note_line
        key = billed.c.evidence["key"].astext
        rows = await self._connection.execute(
            select(
                noted.c.tenant_id,
                key.label("key"),
                func.sum(noted.c.amount_minor).label("minor"),
                billed.c.amount_minor.label("net"),
                cast(billed.c.evidence["gross_minor"].astext, BigInteger).label("gross"),
            )
            .join(
                billed,
                (billed.c.tenant_id == noted.c.tenant_id)
                & (billed.c.invoice_id == noted.c.invoice_id)
                & (billed.c.position == noted.c.line_position),
            )
            .where(is_one_of(noted.c.tenant_id, ids), billed.c.kind.in_(("fee", "add_on")))
            .group_by(noted.c.tenant_id, noted.c.invoice_id, noted.c.line_position, key, "net", "gross")
        )
        found: dict[TenantId, dict[str, int]] = defaultdict(dict)
        for row in rows:
            if row.key is not None:
                taken = int(row.minor)
                if row.gross is not None and row.net:
                    taken = round_half_up(Decimal(taken * row.gross) / row.net)
                known = found[row.tenant_id]
                known[row.key] = known.get(row.key, 0) + taken
        return found

    async def lines_of(self, tenant_id: TenantId, key: str, start: date) -> list[tuple[InvoiceId, int]]:
        """Invoice and position of the lines that billed ``key`` of the period from ``start`` on; newest first."""
        billed, heads = tables.invoice_line, tables.invoice
        rows = await self._connection.execute(
            select(billed.c.invoice_id, billed.c.position)
            .join(
                heads,
                (heads.c.tenant_id == billed.c.tenant_id) & (heads.c.invoice_id == billed.c.invoice_id),
            )
            .where(
                billed.c.tenant_id == tenant_id,
                billed.c.evidence["key"].astext == key,
                billed.c.start_date >= start,
                billed.c.amount_minor > 0,
                heads.c.cancelled_at.is_(None),
            )
            .order_by(heads.c.issued_at.desc(), billed.c.position)
            .limit(50)
        )
        return [(row.invoice_id, row.position) for row in rows]

    async def get(self, tenant_id: TenantId, credit_note_id: UUID) -> CreditNote | None:
        table = tables.credit_note
        found = await self._connection.execute(
            select(table).where(table.c.tenant_id == tenant_id, table.c.credit_note_id == credit_note_id)
        )
        row = found.mappings().first()
        return None if row is None else _head(row)

    async def document(
        self, provider_id: ProviderId, tenant_id: TenantId, credit_note_id: UUID
    ) -> NoteDocument:
        """Raises ``NotFound``, also for another tenant's or provider's."""
        table, lines, taxes = tables.credit_note, tables.credit_note_line, tables.credit_note_tax
        found = await self._connection.execute(
            select(table).where(
                table.c.tenant_id == tenant_id,
                table.c.credit_note_id == credit_note_id,
                table.c.provider_id == provider_id,
            )
        )
        row = found.mappings().first()
        if row is None:
            raise NotFound("There is no such credit note. Choose one from the list of credit notes.")
        line_rows = await self._connection.execute(
            select(lines)
            .where(lines.c.tenant_id == tenant_id, lines.c.credit_note_id == credit_note_id)
            .order_by(lines.c.line_position)
        )
        tax_rows = await self._connection.execute(
            select(taxes)
            .where(taxes.c.tenant_id == tenant_id, taxes.c.credit_note_id == credit_note_id)
            .order_by(taxes.c.name)
        )
        return NoteDocument(
            _head(row),
            tuple(NoteLine(r.line_position, r.kind, r.description, r.amount_minor) for r in line_rows),
            tuple(
                NoteTax(r.name, r.rate.normalize(), r.base_minor, r.amount_minor, r.category)
                for r in tax_rows
            ),
            row["parties"],
        )

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> list[CreditNote]:
        """In the order of issue."""
        table = tables.credit_note
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.invoice_id == invoice_id)
            .order_by(table.c.issued_at, table.c.number)
        )
        return [_head(row) for row in found.mappings()]

    async def of_tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> list[CreditNote]:
        """Newest first."""
        table = tables.credit_note
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.provider_id == provider_id)
            .order_by(table.c.issued_at.desc(), table.c.number.desc())
        )
        return [_head(row) for row in found.mappings()]


def _head(row: Mapping[Any, Any]) -> CreditNote:
    return CreditNote(**{field.name: row[field.name] for field in fields(CreditNote)})
