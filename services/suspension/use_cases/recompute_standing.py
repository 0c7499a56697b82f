"""The only place where a standing changes: look again at all facts of a tenant, under its lock."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from services.suspension.domain.account import Account, Invoice, ReminderSent, Stage, ids
from services.suspension.domain.ladder import Reminder, Standing, evaluate
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry, StandingRow, SuspensionWork, Tenant
from shared.events.suspension import OwedInvoice, ReminderDue, TenantRestored, TenantSuspended
from shared.ids import TenantId

BY_POLICY = "policy"


async def policy_in_force(work: SuspensionWork, tenant: Tenant) -> Policy:
    """The tenant's own policy, else its provider's, else the default."""
    own = await work.policies.of_tenant(tenant.provider_id, tenant.tenant_id)
    return own or await work.policies.of_provider(tenant.provider_id) or Policy()


async def recompute_standing(work: SuspensionWork, tenant_id: TenantId) -> None:
    """Derives the standing anew, sends the reminder that is due and announces what changed. Twice changes nothing.

    A tenant that is not known yet is looked at when it becomes known: its facts are kept by then.
    """
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(tenant_id)
    if tenant is None:
        return
    now = await work.now(tenant.provider_id)
    policy = await policy_in_force(work, tenant)
    account = await work.ledger.account(tenant_id)
    standing = evaluate(policy, account, now, tenant.zone)
    if standing.reminder is not None:
        await _remind(work, tenant, standing, standing.reminder)
        account = await work.ledger.account(tenant_id)
        standing = evaluate(policy, account, now, tenant.zone)
    before = await work.standings.get(tenant_id)
    changed = before is None or before.stage is not standing.stage
    row = StandingRow(
        tenant_id=tenant_id,
        provider_id=tenant.provider_id,
        stage=standing.stage,
        since=now if before is None or changed else before.since,
        why=standing.why,
        next_step_at=standing.next_step_at,
        evaluated_at=now,
    )
    await work.standings.keep(row)
    if changed:
        await _announce(work, tenant, account, before.stage if before else Stage.NONE, row, standing)


async def _announce(
    work: SuspensionWork,
    tenant: Tenant,
    account: Account,
    before: Stage,
    row: StandingRow,
    standing: Standing,
) -> None:
    await work.tell_gate(tenant.tenant_id)
    stage = row.stage
    if stage is before:
        return
    if stage.barred:
        barred: Literal["outbound_barred", "both_barred"] = (
            "both_barred" if stage is Stage.BOTH_BARRED else "outbound_barred"
        )
        work.emit(
            TenantSuspended(
                provider_id=tenant.provider_id,
                tenant_id=tenant.tenant_id,
                stage=barred,
                since=row.since,
                currency=tenant.currency,
                invoices=owed(standing.counted),
            ),
            time=row.evaluated_at,
        )
    elif before.barred:
        work.emit(
            TenantRestored(provider_id=tenant.provider_id, tenant_id=tenant.tenant_id, at=row.evaluated_at),
            time=row.evaluated_at,
        )
    action = "suspended" if stage.barred else "restored" if before.barred else "stage changed"
    await _note(
        work,
        tenant,
        row.evaluated_at,
        action,
        standing.why,
        {
            "from": before.value,
            "to": stage.value,
            "manual": standing.manual,
            "invoices": [facts_of(invoice) for invoice in standing.counted],
            "reminders": [
                {"day": sent.day, "sent_at": sent.sent_at.isoformat(), "anchor": str(sent.anchor)}
                for sent in account.reminders
                if sent.invoice_ids & ids(standing.counted)
            ],
        },
    )


async def _remind(work: SuspensionWork, tenant: Tenant, standing: Standing, reminder: Reminder) -> None:
    now = await work.now(tenant.provider_id)
    sent = ReminderSent(reminder.anchor.invoice_id, reminder.day, now, ids(reminder.invoices))
    if not await work.ledger.keep_reminder(tenant.provider_id, tenant.tenant_id, sent):
        return
    suspends_at = standing.suspends_at
    suspends_on = suspends_at.astimezone(tenant.zone).date() if suspends_at else None
    work.emit(
        ReminderDue(
            provider_id=tenant.provider_id,
            tenant_id=tenant.tenant_id,
            day=reminder.day,
            currency=tenant.currency,
            invoices=owed(reminder.invoices),
            suspends_on=suspends_on,
        ),
        time=now,
    )
    details = {
        "day": reminder.day,
        "suspends_on": suspends_on.isoformat() if suspends_on else None,
        "invoices": [facts_of(invoice) for invoice in reminder.invoices],
    }
    await _note(work, tenant, now, "reminded", f"day {reminder.day} of the ladder", details)


async def _note(
    work: SuspensionWork, tenant: Tenant, at: datetime, action: str, reason: str, details: dict[str, Any]
) -> None:
    entry = AuditEntry(at, work.system_now(), action, BY_POLICY, reason, details)
    await work.audit.add(tenant.provider_id, tenant.tenant_id, entry)


def owed(invoices: Iterable[Invoice]) -> tuple[OwedInvoice, ...]:
    return tuple(
        OwedInvoice(
            invoice_id=invoice.invoice_id,
            number=invoice.number,
            due_on=invoice.due_on,
            balance_minor=invoice.balance_minor,
        )
        for invoice in invoices
    )


def facts_of(invoice: Invoice) -> dict[str, Any]:
    """An invoice as the audit trail keeps it."""
    return {
        "invoice_id": str(invoice.invoice_id),
        "number": invoice.number,
        "due_on": invoice.due_on.isoformat(),
        "balance_minor": invoice.balance_minor,
        "currency": invoice.currency,
    }
