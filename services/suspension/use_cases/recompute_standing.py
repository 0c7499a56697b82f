"""The only place where a standing changes: look again at all facts of a tenant, under its lock."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.suspension.domain.account import Account, Invoice, ReminderSent, Stage, ids
from services.suspension.domain.ladder import Reminder, Standing, evaluate
from services.suspension.domain.on_its_way import PAYMENTS_KINDS
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry, Case, StandingRow, SuspensionWork, Tenant
from shared.events.suspension import (
    OwedInvoice,
    ReminderDue,
    TenantRestored,
    TenantSuspended,
    TerminationProposed,
)
from shared.ids import TenantId

BY_POLICY = "policy"
# How often invoicing and payments are asked about a tenant that is barred for not paying: as long can a lost event keep
# it barred. And about one whose ladder stands still for a debit, a dispute or a plan: as long can a lost end keep it.
TRUTH_SECONDS = 120
TRUTH_PAUSED_SECONDS = 3600
_BETWEEN_TURNS = 10
_RANK = {Stage.NONE: 0, Stage.NOTICE: 1, Stage.OUTBOUND_BARRED: 2, Stage.BOTH_BARRED: 3}


async def policy_in_force(work: SuspensionWork, tenant: Tenant) -> Policy:
    """The tenant's own policy, else its provider's, else the default."""
    own = await work.policies.of_tenant(tenant.provider_id, tenant.tenant_id)
    return own or await work.policies.of_provider(tenant.provider_id) or Policy()


async def recompute_standing(work: SuspensionWork, tenant_id: TenantId, *, confirmed: bool = False) -> None:
    """Derives the standing anew, sends the reminder that is due and announces what changed. Twice changes nothing.

    A tenant that is not known yet is looked at when it becomes known: its facts are kept by then. ``confirmed``:
    invoicing and payments have just been asked, so the tenant may be barred; else a barring waits until they have been.
    """
    await work.lock_tenant(tenant_id)
    await look_again(work, [tenant_id], confirmed=confirmed)


async def look_again(
    work: SuspensionWork, tenant_ids: Sequence[TenantId], *, confirmed: bool = False
) -> None:
    """The same for many tenants, all of them locked by the caller."""
    rows = []
    for place, case in enumerate(await work.cases(tenant_ids)):
        if place % _BETWEEN_TURNS == _BETWEEN_TURNS - 1:
            # Calls are answered by the same process: a sweep must not keep them waiting.
            await asyncio.sleep(0)
        row = await _look(work, case, confirmed=confirmed)
        if row != case.before:
            rows.append(row)
    await work.standings.keep(rows)


async def _look(work: SuspensionWork, case: Case, *, confirmed: bool) -> StandingRow:
    tenant, now, before = case.tenant, case.now, case.before
    account = case.account
    standing = evaluate(case.policy, account, now, tenant.zone, work.working_days)
    if standing.reminder is not None:
        sent = await _remind(work, tenant, standing, standing.reminder, now)
        account = replace(account, reminders=[*account.reminders, sent])
        standing = evaluate(case.policy, account, now, tenant.zone, work.working_days)
    was = before.stage if before else Stage.NONE
    worse = standing.cause == "unpaid" and _RANK[standing.stage] > _RANK[was]
    row = _row(case, standing, worse=worse, confirmed=confirmed, system_now=work.system_now())
    if before is None or (row.stage, row.cause, row.international_barred) != (
        before.stage,
        before.cause,
        before.international_barred,
    ):
        await work.tell_gate(tenant.tenant_id)
    if row.stage is not was or (row.stage.barred and before is not None and row.cause != before.cause):
        await _announce(work, case, account, was, row, standing)
    if row.international_barred != (before is not None and before.international_barred):
        await _note_international(work, tenant, account, row)
    if row.termination_proposed_at is not None and (before is None or before.termination_proposed_at is None):
        await _propose_termination(work, tenant, row, standing)
    return row


def _row(
    case: Case, standing: Standing, *, worse: bool, confirmed: bool, system_now: datetime
) -> StandingRow:
    before, now = case.before, case.now
    was = before.stage if before else Stage.NONE
    # Until the others have been asked, and while all that bars is being paid, nothing gets worse than it was.
    doubtful = worse and not confirmed
    kept = doubtful or (worse and standing.spared)
    stage = max(was, Stage.NOTICE, key=_RANK.__getitem__) if kept else standing.stage
    cause = before.cause if kept and before else None if kept else standing.cause
    proposed = before.termination_proposed_at if before else None
    if not standing.termination_due:
        proposed = None
    elif proposed is None and not kept:
        proposed = now
    return StandingRow(
        tenant_id=case.tenant.tenant_id,
        provider_id=case.tenant.provider_id,
        stage=stage,
        since=now if before is None or stage is not was else before.since,
        why=standing.why,
        next_step_at=standing.next_step_at,
        evaluated_at=now,
        cause=cause,
        international_barred=standing.international_barred,
        termination_proposed_at=proposed,
        doubtful=doubtful,
        truth_due_at=_truth_due_at(
            None if confirmed else before,
            doubtful=doubtful,
            every=TRUTH_SECONDS if cause == "unpaid" else TRUTH_PAUSED_SECONDS if _waits(case) else None,
            system_now=system_now,
        ),
    )


def _waits(case: Case) -> bool:
    """Whether the ladder stands still for something of which payments knows more."""
    return any(
        pause.kind in PAYMENTS_KINDS
        and pause.holds_at(case.now)
        and any(one.is_open and pause.covers(one) for one in case.account.invoices)
        for pause in case.account.pauses
    )


def _truth_due_at(
    before: StandingRow | None, *, doubtful: bool, every: int | None, system_now: datetime
) -> datetime | None:
    """``every``: seconds between two questions; None: nothing to ask about."""
    planned = before.truth_due_at if before else None
    if doubtful:
        return planned if before and before.doubtful and planned else system_now
    if every is None:
        return None
    next_at = system_now + timedelta(seconds=every)
    return min(planned, next_at) if planned else next_at


async def _announce(
    work: SuspensionWork,
    case: Case,
    account: Account,
    before: Stage,
    row: StandingRow,
    standing: Standing,
) -> None:
    tenant, policy, stage, at = case.tenant, case.policy, row.stage, row.evaluated_at
    if stage.barred:
        barred: Literal["outbound_barred", "both_barred"] = (
            "both_barred" if stage is Stage.BOTH_BARRED else "outbound_barred"
        )
        work.emit(
            TenantSuspended(
                provider_id=tenant.provider_id,
                tenant_id=tenant.tenant_id,
                stage=barred,
                why=row.cause or "unpaid",
                since=row.since,
                currency=tenant.currency,
                invoices=owed(standing.counted),
            ),
            time=at,
        )
    elif before.barred:
        work.emit(TenantRestored(provider_id=tenant.provider_id, tenant_id=tenant.tenant_id, at=at), time=at)
    action = "suspended" if stage.barred else "restored" if before.barred else "stage changed"
    details = {
        "from": before.value,
        "to": stage.value,
        "cause": row.cause,
        "manual": standing.manual,
        "policy": {
            "grace_days": policy.grace_days,
            "outbound_after_days": policy.outbound_after_days,
            "smallest_minor": policy.smallest_minor,
            "counting": policy.counting,
        },
        "invoices": [facts_of(invoice) for invoice in standing.counted],
        "reminders": [
            {"day": sent.day, "sent_at": sent.sent_at.isoformat(), "anchor": str(sent.anchor)}
            for sent in account.reminders
            if sent.invoice_ids & ids(standing.counted)
        ],
    }
    await _note(work, tenant, at, action, standing.why, details)


async def _note_international(
    work: SuspensionWork, tenant: Tenant, account: Account, row: StandingRow
) -> None:
    """No stage, and no mail (usage has told of its alert): but calls were refused, and the trail has to say why."""
    barred = row.international_barred
    alerts = [one.since for one in account.limits if one.kind == "unusual_international"]
    details = {"alert_at": max(alerts).isoformat() if alerts else None}
    action = "international calls barred" if barred else "international calls allowed again"
    reason = "usage's alert about unusual international calls" if barred else "the alert is over or released"
    await _note(work, tenant, row.evaluated_at, action, reason, details)


async def _propose_termination(
    work: SuspensionWork, tenant: Tenant, row: StandingRow, standing: Standing
) -> None:
    """Only the provider ends a contract."""
    at = row.evaluated_at
    since = row.since.astimezone(tenant.zone).date()
    work.emit(
        TerminationProposed(
            provider_id=tenant.provider_id,
            tenant_id=tenant.tenant_id,
            since=since,
            currency=tenant.currency,
            invoices=owed(standing.counted),
        ),
        time=at,
    )
    details = {
        "suspended_since": since.isoformat(),
        "invoices": [facts_of(invoice) for invoice in standing.counted],
    }
    await _note(work, tenant, at, "termination proposed", standing.why, details)


async def _remind(
    work: SuspensionWork, tenant: Tenant, standing: Standing, reminder: Reminder, now: datetime
) -> ReminderSent:
    sent = ReminderSent(reminder.anchor.invoice_id, reminder.day, now, ids(reminder.invoices))
    if not await work.ledger.keep_reminder(tenant.provider_id, tenant.tenant_id, sent):
        return sent
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
    return sent


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
