"""Which revisions of ended periods the invoices bill."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.period_ports import BilledRevision
from shared.ids import InvoiceId, ProviderId, TenantId

_ADD = text(
    "INSERT INTO billed_revision (tenant_id, start_date, revision, provider_id, end_date, invoice_id, number, issued_on)"
    " VALUES (:tenant_id, :start_date, :revision, :provider_id, :end_date, :invoice_id, :number, :issued_on)"
    " ON CONFLICT (tenant_id, start_date, revision) DO NOTHING"
)
_BETWEEN = text(
    "SELECT * FROM billed_revision WHERE tenant_id = :tenant_id AND start_date <= :last AND end_date > :first"
    " ORDER BY start_date, revision"
)


class SqlInvoices:
    """Billed revisions in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, billed: BilledRevision) -> None:
        """The first invoice that names a revision is the one that bills it."""
        await self._connection.execute(
            _ADD,
            {
                "tenant_id": billed.tenant_id,
                "start_date": billed.start_date,
                "revision": billed.revision,
                "provider_id": billed.provider_id,
                "end_date": billed.end_date,
                "invoice_id": billed.invoice_id,
                "number": billed.number,
                "issued_on": billed.issued_on,
            },
        )

    async def between(self, tenant_id: TenantId, first: date, last: date) -> list[BilledRevision]:
        """Of all periods that hold a local day from ``first`` to ``last``, by period and revision."""
        rows = await self._connection.execute(
            _BETWEEN, {"tenant_id": tenant_id, "first": first, "last": last}
        )
        return [
            BilledRevision(
                provider_id=ProviderId(row.provider_id),
                tenant_id=TenantId(row.tenant_id),
                start_date=row.start_date,
                end_date=row.end_date,
                revision=row.revision,
                invoice_id=InvoiceId(row.invoice_id),
                number=row.number,
                issued_on=row.issued_on,
            )
            for row in rows
        ]
