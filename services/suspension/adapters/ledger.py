"""The facts about a tenant's debts in PostgreSQL. Every write is a join: same result in any order, any number of times.

An invoice's row only moves towards paid (paid grows, balance shrinks, settled stays): event times could disagree by
the moment in which two writers waited for each other, amounts cannot.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.suspension.domain.account import (
    Account,
    Invoice,
    ManualSuspension,
    Pause,
    PauseKind,
    PaymentFact,
    ReminderSent,
    debit_pauses,
    invoice_ids,
)
from services.suspension.use_cases.ports import Override, OverrideKind
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId

_KEEP_INVOICE = """
INSERT INTO open_invoice AS known (tenant_id, invoice_id, provider_id, number, issued_on, due_on, currency, collectable,
                                   paid_minor, balance_minor, settled_at)
VALUES (:tenant_id, :invoice_id, :provider_id, :number, :issued_on, :due_on, :currency, :collectable,
        :paid_minor, :balance_minor, :settled_at)
ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET
  paid_minor = GREATEST(known.paid_minor, EXCLUDED.paid_minor),
  balance_minor = LEAST(known.balance_minor, EXCLUDED.balance_minor),
  collectable = known.collectable AND EXCLUDED.collectable,
  settled_at = LEAST(known.settled_at, EXCLUDED.settled_at)
RETURNING 1
"""
_KEEP_PAYMENT = """
INSERT INTO payment_fact (tenant_id, payment_id, at, ended, provider_id, invoice_ids)
VALUES (:tenant_id, :payment_id, :at, :ended, :provider_id, :invoice_ids)
ON CONFLICT DO NOTHING RETURNING 1
"""
_KEEP_REMINDER = """
INSERT INTO reminder_sent (tenant_id, anchor_id, day, provider_id, sent_at, invoice_ids)
VALUES (:tenant_id, :anchor_id, :day, :provider_id, :sent_at, :invoice_ids)
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


class SqlLedger:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def account(self, tenant_id: TenantId) -> Account:
        invoices = await self._rows("open_invoice", tenant_id)
        facts = await self._rows("payment_fact", tenant_id)
        reminders = await self._rows("reminder_sent", tenant_id)
        overrides = [_override(row) for row in await self._rows("hold", tenant_id)]
        return Account(
            invoices=[_invoice(row) for row in invoices],
            pauses=debit_pauses(_fact(row) for row in facts) + pauses_by_hand(overrides),
            suspensions=suspensions_by_hand(overrides),
            reminders=[_reminder(row) for row in reminders],
        )

    async def _rows(self, table: str, tenant_id: TenantId) -> list[dict[str, Any]]:
        # The table's name is one of the four above, never input.
        return await self._work.fetch(
            f"SELECT * FROM {table} WHERE tenant_id = :tenant_id",  # noqa: S608
            tenant_id=tenant_id,
        )

    async def keep_invoice(
        self, provider_id: ProviderId, tenant_id: TenantId, invoice: Invoice, paid_minor: int
    ) -> None:
        await self._work.fetch(
            _KEEP_INVOICE,
            tenant_id=tenant_id,
            invoice_id=invoice.invoice_id,
            provider_id=provider_id,
            number=invoice.number,
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            currency=invoice.currency,
            collectable=invoice.collectable,
            paid_minor=paid_minor,
            balance_minor=invoice.balance_minor,
            settled_at=invoice.settled_at,
        )

    async def keep_payment(self, provider_id: ProviderId, tenant_id: TenantId, fact: PaymentFact) -> None:
        await self._work.fetch(
            _KEEP_PAYMENT,
            tenant_id=tenant_id,
            payment_id=fact.payment_id,
            at=fact.at,
            ended=fact.ended,
            provider_id=provider_id,
            invoice_ids=list(fact.invoice_ids),
        )

    async def keep_reminder(
        self, provider_id: ProviderId, tenant_id: TenantId, reminder: ReminderSent
    ) -> bool:
        added = await self._work.fetch(
            _KEEP_REMINDER,
            tenant_id=tenant_id,
            anchor_id=reminder.anchor,
            day=reminder.day,
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
        found = [_override(row) for row in await self._rows("hold", tenant_id)]
        return [one for one in found if one.since <= at and (one.until is None or at < one.until)]


def pauses_by_hand(overrides: Sequence[Override]) -> list[Pause]:
    """Promises, holds and unsuspensions; one that was cut short at its beginning covers no instant."""
    kinds: dict[OverrideKind, PauseKind] = {"promise": "promise", "hold": "hold", "unsuspend": "unsuspend"}
    return [
        Pause(kinds[one.kind], one.since, one.until, one.invoice_ids)
        for one in overrides
        if one.kind != "suspend"
    ]


def suspensions_by_hand(overrides: Sequence[Override]) -> list[ManualSuspension]:
    return [ManualSuspension(one.since, one.until, one.reason) for one in overrides if one.kind == "suspend"]


def _invoice(row: dict[str, Any]) -> Invoice:
    return Invoice(
        invoice_id=InvoiceId(row["invoice_id"]),
        number=row["number"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        balance_minor=row["balance_minor"],
        currency=row["currency"],
        collectable=row["collectable"],
        settled_at=row["settled_at"],
    )


def _fact(row: dict[str, Any]) -> PaymentFact:
    return PaymentFact(PaymentId(row["payment_id"]), row["at"], row["ended"], invoice_ids(row["invoice_ids"]))


def _reminder(row: dict[str, Any]) -> ReminderSent:
    return ReminderSent(
        InvoiceId(row["anchor_id"]), row["day"], row["sent_at"], invoice_ids(row["invoice_ids"])
    )


def _override(row: dict[str, Any]) -> Override:
    ends = [at for at in (row["until_at"], row["ended_at"]) if at is not None]
    return Override(
        override_id=row["hold_id"],
        tenant_id=TenantId(row["tenant_id"]),
        provider_id=ProviderId(row["provider_id"]),
        kind=row["kind"],
        since=row["since"],
        until=min(ends, default=None),
        invoice_ids=invoice_ids(row["invoice_ids"]) if row["invoice_ids"] is not None else None,
        reason=row["reason"],
        by=row["decided_by"],
    )
