"""Issued invoices, payments on them, and account credit in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.invoicing.adapters.documents import draft_to_json
from services.invoicing.use_cases.ports import CreditRow, InvoiceRow, NewInvoice, Provider, Tenant
from shared.db.due import due_now
from shared.db.unit_of_work import SqlUnitOfWork
from shared.errors import NotFound
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency

_NEXT = text(
    "INSERT INTO invoice_number (provider_id, series, last_number) VALUES (:p, :series, 1)"
    " ON CONFLICT (provider_id, series) DO UPDATE SET last_number = invoice_number.last_number + 1"
    " RETURNING last_number"
)
_ADD = text(
    "INSERT INTO invoice (tenant_id, invoice_id, provider_id, number, currency, issued_at, issued_on, due_on,"
    " overdue_at, collectable, usage_start, usage_end, fee_start, fee_end, subtotal_minor, tax_minor, total_minor,"
    " document, paid_minor, paid_at) VALUES (:tenant_id, :invoice_id, :provider_id, :number, :currency, :issued_at,"
    " :issued_on, :due_on, :overdue_at, :collectable, :usage_start, :usage_end, :fee_start, :fee_end,"
    " :subtotal_minor, :tax_minor, :total_minor, :document, 0, :paid_at) RETURNING *"
).bindparams(bindparam("document", type_=JSONB))
_PAID = text(
    "UPDATE invoice SET paid_minor = paid_minor + :amount,"
    " paid_at = CASE WHEN paid_minor + :amount >= total_minor THEN CAST(:at AS timestamptz) ELSE paid_at END"
    " WHERE tenant_id = :t AND invoice_id = :i RETURNING *"
)
_RECORD = text(
    "INSERT INTO invoice_payment (tenant_id, invoice_id, payment_id, provider_id, kind, amount_minor, at)"
    " VALUES (:t, :i, :payment, :p, :kind, :amount, :at) ON CONFLICT DO NOTHING RETURNING payment_id"
)
_OVERDUE = (
    "overdue_marked_at IS NULL AND cancelled_at IS NULL AND collectable AND paid_minor < total_minor"
    f" AND overdue_at <= {due_now('invoice')}"
)


def invoice_row(row: dict[str, Any]) -> InvoiceRow:
    usage = (row["usage_start"], row["usage_end"]) if row["usage_start"] else None
    fee = (row["fee_start"], row["fee_end"]) if row["fee_start"] else None
    return InvoiceRow(
        provider_id=row["provider_id"],
        tenant_id=row["tenant_id"],
        invoice_id=row["invoice_id"],
        number=row["number"],
        currency=Currency(row["currency"]),
        issued_at=row["issued_at"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        overdue_at=row["overdue_at"],
        collectable=row["collectable"],
        subtotal_minor=row["subtotal_minor"],
        tax_minor=row["tax_minor"],
        total_minor=row["total_minor"],
        paid_minor=row["paid_minor"],
        document=row["document"],
        usage=usage,
        fee=fee,
        overdue=row["overdue_marked_at"] is not None,
        cancelled=row["cancelled_at"] is not None,
    )


class SqlInvoices:
    """See ``ports.Invoices``."""

    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def next_number(self, provider: Provider, year: int) -> str:
        """Without gaps: the row stays locked until the invoice is committed, and a rollback gives the number back."""
        series = f"{provider.invoice_prefix}-{year}"
        values = {"p": provider.provider_id, "series": series}
        number = (await self._work.connection.execute(_NEXT, values)).scalar_one()
        return f"{series}-{number:05d}"

    async def add(self, tenant: Tenant, invoice_id: InvoiceId, number: str, new: NewInvoice) -> InvoiceRow:
        draft = new.draft
        document = {**draft_to_json(draft), "billed_by": new.billed_by, "billed_to": new.billed_to}
        values = {
            "tenant_id": tenant.tenant_id,
            "invoice_id": invoice_id,
            "provider_id": tenant.provider_id,
            "number": number,
            "currency": draft.currency,
            "issued_at": new.issued_at,
            "issued_on": new.issued_on,
            "due_on": new.due_on,
            "overdue_at": new.overdue_at,
            "collectable": new.collectable,
            "usage_start": new.usage.start if new.usage else None,
            "usage_end": new.usage.end if new.usage else None,
            "fee_start": new.fee.start if new.fee else None,
            "fee_end": new.fee.end if new.fee else None,
            "subtotal_minor": draft.subtotal.minor,
            "tax_minor": draft.tax.minor,
            "total_minor": draft.total.minor,
            "document": document,
            "paid_at": new.issued_at if draft.total.minor == 0 else None,
        }
        row = (await self._work.connection.execute(_ADD, values)).mappings().one()
        return invoice_row(dict(row))

    async def get(self, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceRow:
        rows = await self._work.fetch(
            "SELECT * FROM invoice WHERE provider_id = :p AND tenant_id = :t AND invoice_id = :i",
            p=provider_id,
            t=tenant_id,
            i=invoice_id,
        )
        if not rows:
            raise NotFound("There is no such invoice.")
        return invoice_row(rows[0])

    async def for_payment(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceRow | None:
        rows = await self._work.fetch(
            "SELECT * FROM invoice WHERE tenant_id = :t AND invoice_id = :i FOR UPDATE",
            t=tenant_id,
            i=invoice_id,
        )
        return invoice_row(rows[0]) if rows else None

    async def list(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        *,
        before: tuple[datetime, InvoiceId] | None,
        limit: int,
    ) -> Sequence[InvoiceRow]:
        """Newest first."""
        rows = await self._work.fetch(
            "SELECT * FROM invoice WHERE provider_id = :p AND tenant_id = :t"
            " AND (CAST(:at AS timestamptz) IS NULL OR (issued_at, invoice_id) < (:at, CAST(:i AS uuid)))"
            " ORDER BY issued_at DESC, invoice_id DESC LIMIT :limit",
            p=provider_id,
            t=tenant_id,
            at=before[0] if before else None,
            i=before[1] if before else None,
            limit=limit,
        )
        return [invoice_row(row) for row in rows]

    async def open(self, tenant_id: TenantId) -> Sequence[InvoiceRow]:
        """With a balance, oldest due first."""
        rows = await self._work.fetch(
            "SELECT * FROM invoice WHERE tenant_id = :t AND cancelled_at IS NULL AND paid_minor < total_minor"
            " ORDER BY due_on, number FOR UPDATE",
            t=tenant_id,
        )
        return [invoice_row(row) for row in rows]

    async def payments(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Sequence[dict[str, Any]]:
        """What paid it: payments and account credit, oldest first."""
        return await self._work.fetch(
            "SELECT payment_id, kind, amount_minor, at FROM invoice_payment"
            " WHERE tenant_id = :t AND invoice_id = :i ORDER BY at, payment_id",
            t=tenant_id,
            i=invoice_id,
        )

    async def record_payment(
        self, invoice: InvoiceRow, payment_id: UUID, kind: str, amount_minor: int, at: datetime
    ) -> InvoiceRow | None:
        """The invoice as it is then; None when this payment is on it already."""
        values = {
            "t": invoice.tenant_id,
            "i": invoice.invoice_id,
            "payment": payment_id,
            "p": invoice.provider_id,
            "kind": kind,
            "amount": amount_minor,
            "at": at,
        }
        if (await self._work.connection.execute(_RECORD, values)).first() is None:
            return None
        row = (
            (
                await self._work.connection.execute(
                    _PAID, {key: values[key] for key in ("t", "i", "amount", "at")}
                )
            )
            .mappings()
            .one()
        )
        return invoice_row(dict(row))

    async def mark_overdue(self, invoice: InvoiceRow, at: datetime) -> InvoiceRow:
        statement = text(
            "UPDATE invoice SET overdue_marked_at = :at WHERE tenant_id = :t AND invoice_id = :i RETURNING *"
        )
        values = {"at": at, "t": invoice.tenant_id, "i": invoice.invoice_id}
        return invoice_row(dict((await self._work.connection.execute(statement, values)).mappings().one()))

    async def claim_overdue(self, system_now: datetime) -> InvoiceRow | None:
        """One whose due day has passed, under its tenant's lock."""
        due = await self._work.fetch(
            f"SELECT tenant_id, invoice_id FROM invoice WHERE {_OVERDUE} ORDER BY overdue_at, tenant_id LIMIT 20",  # noqa: S608
            system_now=system_now,
        )
        for one in due:
            if not await self._work.try_lock_tenant(one["tenant_id"]):
                continue
            rows = await self._work.fetch(
                f"SELECT * FROM invoice WHERE tenant_id = :t AND invoice_id = :i AND {_OVERDUE} FOR UPDATE",  # noqa: S608
                t=one["tenant_id"],
                i=one["invoice_id"],
                system_now=system_now,
            )
            if rows:
                return invoice_row(rows[0])
        return None

    async def add_credit(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        credit_id: UUID,
        amount_minor: int,
        reason: str,
        at: datetime,
    ) -> None:
        await self._work.connection.execute(
            text(
                "INSERT INTO credit (tenant_id, credit_id, provider_id, reason, amount_minor, left_minor, created_at)"
                " VALUES (:t, :c, :p, :reason, :amount, :amount, :at)"
            ),
            {
                "t": tenant_id,
                "c": credit_id,
                "p": provider_id,
                "reason": reason,
                "amount": amount_minor,
                "at": at,
            },
        )

    async def credits(self, tenant_id: TenantId) -> Sequence[CreditRow]:
        """Oldest first, with something left."""
        rows = await self._work.fetch(
            "SELECT credit_id, left_minor FROM credit WHERE tenant_id = :t AND left_minor > 0"
            " ORDER BY created_at, credit_id FOR UPDATE",
            t=tenant_id,
        )
        return [CreditRow(row["credit_id"], row["left_minor"]) for row in rows]

    async def use_credit(self, tenant_id: TenantId, credit_id: UUID, amount_minor: int) -> None:
        await self._work.connection.execute(
            text("UPDATE credit SET left_minor = left_minor - :a WHERE tenant_id = :t AND credit_id = :c"),
            {"a": amount_minor, "t": tenant_id, "c": credit_id},
        )
