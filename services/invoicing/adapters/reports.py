"""Statement, aged receivables, revenue and exports out of PostgreSQL. Exports stream: no list is ever whole in memory."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.domain.statement import Entry
from services.invoicing.use_cases.report_ports import BUCKETS, Aged, ExportKind, Revenue, Step
from shared.ids import ProviderId, TenantId
from shared.money import Currency, Money

_ENTRIES = text(
    "SELECT entry_id, booked_at, reason, account, sum(amount_minor)::bigint AS minor FROM journal_posting"
    " WHERE tenant_id = :tenant_id GROUP BY entry_id, booked_at, reason, account"
)
# Days past due on the tenant's own calendar (R45).
_AGED = text(
    "SELECT o.tenant_id, o.name, o.currency,"
    " sum(rest) FILTER (WHERE late <= 0)::bigint AS not_due,"
    " sum(rest) FILTER (WHERE late BETWEEN 1 AND 30)::bigint AS days_0_30,"
    " sum(rest) FILTER (WHERE late BETWEEN 31 AND 60)::bigint AS days_31_60,"
    " sum(rest) FILTER (WHERE late BETWEEN 61 AND 90)::bigint AS days_61_90,"
    " sum(rest) FILTER (WHERE late > 90)::bigint AS days_over_90"
    " FROM (SELECT i.tenant_id, t.name, i.currency, i.total_minor - i.paid_minor - i.credited_minor AS rest,"
    " (CAST(:now AS timestamptz) AT TIME ZONE t.time_zone)::date - i.due_on AS late"
    " FROM invoice i JOIN tenant t ON t.provider_id = i.provider_id AND t.tenant_id = i.tenant_id"
    " WHERE i.provider_id = :provider_id AND i.cancelled_at IS NULL"
    " AND i.paid_minor + i.credited_minor < i.total_minor) o"
    " GROUP BY o.tenant_id, o.name, o.currency ORDER BY o.name, o.tenant_id"
)
_DAYS = (bindparam("start", type_=Date), bindparam("end", type_=Date))
_REVENUE = text(
    "SELECT date_trunc(:step, on_day)::date AS start, currency, kind, sum(billed)::bigint AS billed,"
    " sum(credited)::bigint AS credited FROM ("
    " SELECT i.issued_on AS on_day, i.currency, l.kind, l.amount_minor AS billed, 0 AS credited"
    " FROM invoice i JOIN invoice_line l ON l.tenant_id = i.tenant_id AND l.invoice_id = i.invoice_id"
    " WHERE i.provider_id = :provider_id AND i.issued_on >= :start AND i.issued_on < :end"
    " UNION ALL SELECT i.issued_on, i.currency, 'tax', i.tax_minor, 0 FROM invoice i"
    " WHERE i.provider_id = :provider_id AND i.issued_on >= :start AND i.issued_on < :end"
    " UNION ALL SELECT n.issued_on, n.currency, l.kind, 0, l.amount_minor"
    " FROM credit_note n JOIN credit_note_line l"
    " ON l.tenant_id = n.tenant_id AND l.credit_note_id = n.credit_note_id"
    " WHERE n.provider_id = :provider_id AND n.issued_on >= :start AND n.issued_on < :end"
    " UNION ALL SELECT n.issued_on, n.currency, 'tax', 0, n.tax_minor FROM credit_note n"
    " WHERE n.provider_id = :provider_id AND n.issued_on >= :start AND n.issued_on < :end"
    ") moved GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
).bindparams(*_DAYS)

# The columns of each export, in order; *_minor is shown as an amount in major units beside it.
_EXPORTS: dict[ExportKind, str] = {
    "journal": "SELECT j.booked_at, j.entry_id, j.position, t.slug AS tenant, j.tenant_id, j.reason, j.account,"
    " j.currency, j.amount_minor FROM journal_posting j"
    " JOIN tenant t ON t.provider_id = j.provider_id AND t.tenant_id = j.tenant_id"
    " JOIN provider p ON p.provider_id = j.provider_id WHERE j.provider_id = :provider_id"
    " AND (:start IS NULL OR (j.booked_at AT TIME ZONE p.time_zone)::date >= :start) AND (:end IS NULL OR (j.booked_at AT TIME ZONE p.time_zone)::date < :end)"
    " ORDER BY j.booked_at, j.entry_id, j.position",
    "invoices": "SELECT i.number, i.invoice_id, t.slug AS tenant, t.name, i.tenant_id, i.issued_on, i.due_on,"
    " i.currency, i.subtotal_minor, i.tax_minor, i.total_minor, i.credit_applied_minor, i.paid_minor,"
    " i.credited_minor, i.total_minor - i.paid_minor - i.credited_minor AS balance_minor, i.paid_at,"
    " i.cancelled_at FROM invoice i JOIN tenant t ON t.provider_id = i.provider_id AND t.tenant_id = i.tenant_id"
    " WHERE i.provider_id = :provider_id"
    " AND (:start IS NULL OR i.issued_on >= :start) AND (:end IS NULL OR i.issued_on < :end)"
    " ORDER BY i.issued_at, i.number",
    "invoice-lines": "SELECT i.number, l.position, l.kind, l.description, l.detail, l.quantity, l.unit, l.unit_price,"
    " i.currency, l.amount_minor, l.start_date, l.end_date, i.invoice_id, i.tenant_id"
    " FROM invoice i JOIN invoice_line l ON l.tenant_id = i.tenant_id AND l.invoice_id = i.invoice_id"
    " WHERE i.provider_id = :provider_id"
    " AND (:start IS NULL OR i.issued_on >= :start) AND (:end IS NULL OR i.issued_on < :end)"
    " ORDER BY i.issued_at, i.number, l.position",
    "credit-notes": "SELECT n.number, n.credit_note_id, n.invoice_number, n.invoice_id, t.slug AS tenant, t.name,"
    " n.tenant_id, n.issued_on, n.reason, n.currency, n.subtotal_minor, n.tax_minor, n.total_minor,"
    " n.open_balance_minor, n.account_credit_minor, n.refund_minor, n.refund_id FROM credit_note n"
    " JOIN tenant t ON t.provider_id = n.provider_id AND t.tenant_id = n.tenant_id"
    " WHERE n.provider_id = :provider_id"
    " AND (:start IS NULL OR n.issued_on >= :start) AND (:end IS NULL OR n.issued_on < :end)"
    " ORDER BY n.issued_at, n.number",
}
_MINOR = "_minor"
_BATCH = 500


class SqlReports:
    """Implements ``report_ports.Reports``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def entries(self, tenant_id: TenantId) -> list[Entry]:
        accounts: dict[UUID, dict[str, int]] = defaultdict(dict)
        heads: dict[UUID, tuple[datetime, str]] = {}
        for row in await self._connection.execute(_ENTRIES, {"tenant_id": tenant_id}):
            accounts[row.entry_id][row.account] = row.minor
            heads[row.entry_id] = row.booked_at, row.reason
        return [Entry(*heads[entry_id], accounts[entry_id]) for entry_id in heads]

    async def aged(self, provider_id: ProviderId, now: datetime) -> list[Aged]:
        found = await self._connection.execute(_AGED, {"provider_id": provider_id, "now": now})
        return [
            Aged(
                TenantId(row.tenant_id),
                row.name,
                Currency(row.currency),
                {name: getattr(row, name) or 0 for name in BUCKETS},
            )
            for row in found
        ]

    async def revenue(self, provider_id: ProviderId, start: date, end: date, step: Step) -> list[Revenue]:
        values = {"provider_id": provider_id, "start": start, "end": end, "step": step}
        return [
            Revenue(row.start, Currency(row.currency), row.kind, row.billed, row.credited)
            for row in await self._connection.execute(_REVENUE, values)
        ]

    async def export(
        self, provider_id: ProviderId, kind: ExportKind, start: date | None, end: date | None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Rows one after the other, with a cursor on the server. Half-open days of issue, or of booking."""
        values = {"provider_id": provider_id, "start": start, "end": end}
        query = text(_EXPORTS[kind]).bindparams(*_DAYS)
        async with self._connection.stream(query, values, execution_options={"yield_per": _BATCH}) as found:
            async for row in found.mappings():
                yield _with_amounts(dict(row))


def _with_amounts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Minor units, and the same in major units without the ending."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith(_MINOR):
            made[name.removesuffix(_MINOR)] = str(Money(value, row["currency"]).decimal)
        made[name] = value
    return made
