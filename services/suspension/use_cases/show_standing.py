"""A tenant's standing for the Billing page: what is owed, what happened, what will happen and when, what works now."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.suspension.domain.account import Account, Invoice, Stage
from services.suspension.domain.days import Calendar
from services.suspension.domain.ladder import Standing, evaluate
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import Override, StandingRow, SuspensionWork, Tenant
from services.suspension.use_cases.recompute_standing import policy_in_force
from shared.errors import NotFound
from shared.ids import ProviderId, TenantId

StepKind = Literal["reminder", "overdue", "outbound_barred", "both_barred", "termination"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the oldest open invoice's ladder. ``day`` of the ladder; ``on`` the local day, None: paused away.

    ``state``: done, skipped (a reminder that was past when the ladder began or came while paused), or coming.
    """

    kind: StepKind
    day: int
    on: date | None
    at: datetime | None
    state: Literal["done", "skipped", "coming"]


@dataclass(frozen=True, slots=True)
class ShownPause:
    kind: Literal["debit", "dispute", "plan", "promise", "hold", "unsuspend"]
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it, as of ``now`` (the provider's clock)."""

    tenant: Tenant
    row: StandingRow
    standing: Standing
    policy: Policy
    overdue: tuple[Invoice, ...]
    steps: tuple[Step, ...]
    overrides: tuple[Override, ...]
    pauses: tuple[ShownPause, ...]
    reachable_numbers: tuple[str, ...]
    now: datetime


async def tenant_of(work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId) -> Tenant:
    """Raises ``NotFound`` for an unknown tenant and for one of another provider alike."""
    tenant = await work.tenants.get(tenant_id)
    if tenant is None or tenant.provider_id != provider_id:
        raise NotFound("No such tenant.")
    return tenant


async def show_standing(work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId) -> Shown:
    """Changes nothing. Raises ``NotFound``."""
    tenant = await tenant_of(work, provider_id, tenant_id)
    now = await work.now(provider_id)
    policy = await policy_in_force(work, tenant)
    account = await work.ledger.account(tenant_id)
    row = await work.standings.get(tenant_id)
    if row is None:
        raise NotFound("No such tenant.")
    calendar = Calendar(tenant.zone, account.pauses, policy, work.working_days)
    open_invoices = sorted(
        (i for i in account.invoices if i.is_open), key=lambda i: (i.due_on, str(i.invoice_id))
    )
    provider = await work.tenants.provider(provider_id)
    return Shown(
        tenant=tenant,
        row=row,
        standing=evaluate(policy, account, now, tenant.zone, work.working_days),
        policy=policy,
        overdue=tuple(i for i in open_invoices if calendar.overdue_at(i) <= now),
        steps=_steps(policy, account, calendar, open_invoices, row.stage, now),
        overrides=tuple(await work.ledger.overrides(tenant_id, now)),
        pauses=_pauses(account, open_invoices, now),
        reachable_numbers=(provider.support_phone, *provider.reachable_numbers) if provider else (),
        now=now,
    )


def _pauses(account: Account, open_invoices: list[Invoice], now: datetime) -> tuple[ShownPause, ...]:
    """Those that cover an open invoice now."""
    return tuple(
        ShownPause(pause.kind, pause.since, pause.until)
        for pause in sorted(account.pauses, key=lambda pause: pause.since)
        if pause.kind != "paid"
        and pause.holds_at(now)
        and any(pause.covers(invoice) for invoice in open_invoices)
    )


def _steps(
    policy: Policy,
    account: Account,
    calendar: Calendar,
    open_invoices: list[Invoice],
    stage: Stage,
    now: datetime,
) -> tuple[Step, ...]:
    anchor = next((invoice for invoice in open_invoices if invoice.collectable), None)
    if anchor is None:
        return ()
    sent = {
        r.day: r.sent_at
        for r in account.reminders
        if anchor.invoice_id in r.invoice_ids
        and (anchor.reopened_at is None or anchor.reopened_at <= r.sent_at)
    }
    steps: list[Step] = []
    for day in sorted({*policy.reminder_days, *sent}):
        at = sent.get(day) or calendar.begins(anchor, day)
        state: Literal["done", "skipped", "coming"] = (
            "done" if day in sent else "skipped" if at is not None and at <= now else "coming"
        )
        steps.append(_step("reminder", day, at, state, calendar))
    overdue_at = calendar.overdue_at(anchor)
    steps.append(_step("overdue", 1, overdue_at, "done" if overdue_at <= now else "coming", calendar))
    told_at = min(sent.values(), default=None)
    for barred, day in reversed(policy.barred_stages):
        at = calendar.begins(anchor, day)
        if at is not None and told_at is not None:
            at = calendar.first_barring(anchor, max(at, calendar.notice_ends(told_at)))
        done = stage is barred or (stage is Stage.BOTH_BARRED and at is not None and at <= now)
        kind: StepKind = "both_barred" if barred is Stage.BOTH_BARRED else "outbound_barred"
        steps.append(_step(kind, day, at, "done" if done else "coming", calendar))
    if policy.terminate_after_days is not None:
        at = calendar.begins(anchor, policy.terminate_after_days)
        done = at is not None and at <= now and stage is Stage.BOTH_BARRED
        steps.append(
            _step("termination", policy.terminate_after_days, at, "done" if done else "coming", calendar)
        )
    return tuple(sorted(steps, key=lambda step: (step.day, step.kind)))


def _step(
    kind: StepKind,
    day: int,
    at: datetime | None,
    state: Literal["done", "skipped", "coming"],
    calendar: Calendar,
) -> Step:
    return Step(kind, day, calendar.today(at) if at is not None else None, at, state)
