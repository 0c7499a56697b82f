"""The facts about tenants' debts in PostgreSQL. Every write is a join: same result in any order, any number of times."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from services.suspension.adapters.rows import (
    account_of,
    fact_of_row,
    kept_of_row,
    override_of_row,
    reminder_of_row,
    row_of_kept,
)
from services.suspension.domain.account import Account, Fact, ReminderSent
from services.suspension.domain.invoices import Kept, News, join
from services.suspension.use_cases.ports import Override, OverrideKind
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import InvoiceId, ProviderId, TenantId

_INVOICE_COLUMNS = (
    *("tenant_id", "invoice_id", "provider_id", "number", "issued_on", "due_on", "currency", "collectable"),
    *("paid_minor", "balance_minor", "settled_at", "newest_at", "newest_paid_minor", "newest_balance_minor"),
    *("newest_settled_at", "life_at", "reopened_at", "reopened_why", "revision"),
)
_KEEP_INVOICE = text(
    f"INSERT INTO open_invoice ({', '.join(_INVOICE_COLUMNS)})"  # noqa: S608 (constants of our own, never input)
    f" VALUES ({', '.join(':' + name for name in _INVOICE_COLUMNS)})"
    " ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _INVOICE_COLUMNS[3:])
    + " RETURNING 1"
)
_KEEP_FACT = """
INSERT INTO fact (tenant_id, kind, source_id, at, ended, provider_id, invoice_ids)
VALUES (:tenant_id, :kind, :source_id, :at, :ended, :provider_id, :invoice_ids)
ON CONFLICT DO NOTHING
RETURNING NOT ended OR EXISTS (
    SELECT 1 FROM fact f
    WHERE f.tenant_id = :tenant_id AND f.kind = :kind AND f.source_id = :source_id AND NOT f.ended) AS matters
"""
_KEEP_REMINDER = """
INSERT INTO reminder_sent (tenant_id, anchor_id, day, life_at, provider_id, sent_at, invoice_ids)
VALUES (:tenant_id, :anchor_id, :day, COALESCE((SELECT reopened_at FROM open_invoice
        WHERE tenant_id = :tenant_id AND invoice_id = :anchor_id), :long_ago), :provider_id, :sent_at, :invoice_ids)
ON CONFLICT DO NOTHING RETURNING 1
"""
_ADD_OVERRIDE = """
INSERT INTO hold (tenant_id, hold_id, provider_id, kind, since, until_at, invoice_ids, reason, decided_by)
VALUES (:tenant_id, :hold_id, :provider_id, :kind, :since, :until_at, :invoice_ids, :reason, :decided_by)
RETURNING 1
"""
_END_OVERRIDES = """
UPDATE hold SET ended_at = :at
WHERE tenant_id = :tenant_id AND kind = ANY(:kinds) AND ended_at IS NULL AND (until_at IS NULL OR until_at > :at)
RETURNING 1
"""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
Rows = dict[TenantId, list[dict[str, Any]]]


class SqlLedger:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def accounts(self, tenant_ids: Sequence[TenantId]) -> dict[TenantId, Account]:
        """Four queries, however many tenants."""
        invoices = await self._rows("open_invoice", tenant_ids)
        facts = await self._rows("fact", tenant_ids)
        reminders = await self._rows("reminder_sent", tenant_ids)
        overrides = await self._rows("hold", tenant_ids)
        return {
            one: account_of(
                [kept_of_row(row) for row in invoices[one]],
                [fact_of_row(row) for row in facts[one]],
                [reminder_of_row(row) for row in reminders[one]],
                [override_of_row(row) for row in overrides[one]],
            )
            for one in tenant_ids
        }

    async def account(self, tenant_id: TenantId) -> Account:
        return (await self.accounts([tenant_id]))[tenant_id]

    async def _rows(self, table: str, tenant_ids: Sequence[TenantId]) -> Rows:
        # The table's name is one of the four above, never input.
        found: Rows = defaultdict(list)
        for row in await self._work.fetch(
            f"SELECT * FROM {table} WHERE tenant_id = ANY(:tenant_ids)",  # noqa: S608 (constants of our own, never input)
            tenant_ids=list(tenant_ids),
        ):
            found[TenantId(row["tenant_id"])].append(row)
        return found

    async def kept_invoices(self, tenant_id: TenantId) -> list[Kept]:
        return [kept_of_row(row) for row in (await self._rows("open_invoice", [tenant_id]))[tenant_id]]

    async def invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Kept | None:
        rows = await self._work.fetch(
            "SELECT * FROM open_invoice WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id",
            tenant_id=tenant_id,
            invoice_id=invoice_id,
        )
        return kept_of_row(rows[0]) if rows else None

    async def hear_invoice(self, provider_id: ProviderId, tenant_id: TenantId, news: News) -> None:
        kept = join(await self.invoice(tenant_id, news.invoice.invoice_id), news)
        await self.correct_invoice(provider_id, tenant_id, kept)

    async def correct_invoice(self, provider_id: ProviderId, tenant_id: TenantId, kept: Kept) -> None:
        await self._work.fetch(
            _KEEP_INVOICE, tenant_id=tenant_id, provider_id=provider_id, **row_of_kept(kept)
        )

    async def keep_fact(self, provider_id: ProviderId, tenant_id: TenantId, fact: Fact) -> bool:
        added = await self._work.fetch(
            _KEEP_FACT,
            tenant_id=tenant_id,
            kind=fact.kind,
            source_id=fact.source_id,
            at=fact.at,
            ended=fact.ended,
            provider_id=provider_id,
            invoice_ids=list(fact.invoice_ids),
        )
        return bool(added and added[0]["matters"])

    async def facts(self, tenant_id: TenantId) -> list[Fact]:
        return [fact_of_row(row) for row in (await self._rows("fact", [tenant_id]))[tenant_id]]

    async def keep_reminder(
        self, provider_id: ProviderId, tenant_id: TenantId, reminder: ReminderSent
    ) -> bool:
        added = await self._work.fetch(
            _KEEP_REMINDER,
            tenant_id=tenant_id,
            anchor_id=reminder.anchor,
            day=reminder.day,
            long_ago=_LONG_AGO,
            provider_id=provider_id,
            sent_at=reminder.sent_at,
            invoice_ids=list(reminder.invoice_ids),
        )
        return bool(added)

    async def add_override(self, override: Override) -> None:
        await self._work.fetch(
            _ADD_OVERRIDE,
            tenant_id=override.tenant_id,
            hold_id=override.override_id,
            provider_id=override.provider_id,
            kind=override.kind,
            since=override.since,
            until_at=override.until,
            invoice_ids=list(override.invoice_ids) if override.invoice_ids is not None else None,
            reason=override.reason,
            decided_by=override.by,
        )

    async def end_overrides(self, tenant_id: TenantId, kinds: Sequence[OverrideKind], at: datetime) -> int:
        return len(await self._work.fetch(_END_OVERRIDES, tenant_id=tenant_id, kinds=list(kinds), at=at))

    async def overrides(self, tenant_id: TenantId, at: datetime) -> list[Override]:
        rows = (await self._rows("hold", [tenant_id]))[tenant_id]
        found = [override_of_row(row) for row in rows]
        return [one for one in found if one.since <= at and (one.until is None or at < one.until)]
