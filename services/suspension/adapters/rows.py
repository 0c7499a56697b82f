"""Rows of the tables as the domain's values, and back."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.suspension.domain.account import (
    Account,
    Fact,
    Invoice,
    ManualSuspension,
    Pause,
    PauseKind,
    ReminderSent,
    Stage,
    invoice_ids,
    limits_of,
    pauses_of,
    spans_of,
)
from services.suspension.domain.invoices import Kept
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import Override, OverrideKind, StandingRow, Tenant
from shared.ids import InvoiceId, ProviderId, TenantId

# A bank's dispute may be dated a little before invoicing said that it reopened the invoice.
_DISPUTE_SLACK = timedelta(days=1)


def tenant_of_row(row: dict[str, Any]) -> Tenant:
    return Tenant(
        tenant_id=TenantId(row["tenant_id"]),
        provider_id=ProviderId(row["provider_id"]),
        name=row["name"],
        country=row["country"],
        zone=ZoneInfo(row["time_zone"]),
        currency=row["currency"],
        sip_domain=row["sip_domain"],
        account_codes=tuple(row["account_codes"]),
        closed=row["closed_on"] is not None,
    )


def kept_of_row(row: dict[str, Any]) -> Kept:
    invoice = Invoice(
        invoice_id=InvoiceId(row["invoice_id"]),
        number=row["number"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        balance_minor=row["balance_minor"],
        currency=row["currency"],
        collectable=row["collectable"],
        settled_at=row["settled_at"],
        reopened_at=row["reopened_at"],
    )
    return Kept(
        invoice,
        row["paid_minor"],
        newest_at=row["newest_at"],
        newest_paid_minor=row["newest_paid_minor"],
        newest_balance_minor=row["newest_balance_minor"],
        newest_settled_at=row["newest_settled_at"],
        life_at=row["life_at"],
        reopened_why=row["reopened_why"],
        revision=row["revision"],
    )


def row_of_kept(kept: Kept) -> dict[str, Any]:
    names = (
        *("invoice_id", "number", "issued_on", "due_on", "balance_minor", "currency", "collectable"),
        *("settled_at", "reopened_at"),
    )
    return {
        **{name: getattr(kept.invoice, name) for name in names},
        "paid_minor": kept.paid_minor,
        "newest_at": kept.newest_at,
        "newest_paid_minor": kept.newest_paid_minor,
        "newest_balance_minor": kept.newest_balance_minor,
        "newest_settled_at": kept.newest_settled_at,
        "life_at": kept.life_at,
        "reopened_why": kept.reopened_why,
        "revision": kept.revision,
    }


def fact_of_row(row: dict[str, Any]) -> Fact:
    return Fact(row["source_id"], row["at"], row["ended"], invoice_ids(row["invoice_ids"]), kind=row["kind"])


def reminder_of_row(row: dict[str, Any]) -> ReminderSent:
    return ReminderSent(
        InvoiceId(row["anchor_id"]), row["day"], row["sent_at"], invoice_ids(row["invoice_ids"])
    )


def override_of_row(row: dict[str, Any]) -> Override:
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


def standing_of_row(row: dict[str, Any]) -> StandingRow:
    names = (
        *("since", "why", "next_step_at", "evaluated_at", "cause", "international_barred"),
        *("termination_proposed_at", "doubtful", "truth_due_at"),
    )
    return StandingRow(
        tenant_id=TenantId(row["tenant_id"]),
        provider_id=ProviderId(row["provider_id"]),
        stage=Stage(row["stage"]),
        **{name: row[name] for name in names},
    )


_SAME_IN_BOTH = (
    *("grace_days", "outbound_after_days", "smallest_minor", "inbound", "terminate_after_days", "counting"),
    *("quiet_weekends", "holidays", "debit_lifts", "dispute_lifts", "unusual_international_bars"),
    "jurisdiction",
)


def policy_of_row(row: dict[str, Any]) -> Policy:
    return Policy(
        reminder_days=tuple(row["reminder_days"]),
        quiet_dates=tuple(row["quiet_dates"]),
        **{name: row[name] for name in _SAME_IN_BOTH},
    )


def row_of_policy(policy: Policy) -> dict[str, Any]:
    return {
        "reminder_days": list(policy.reminder_days),
        "quiet_dates": list(policy.quiet_dates),
        **{name: getattr(policy, name) for name in _SAME_IN_BOTH},
    }


def account_of(
    kept: Sequence[Kept],
    facts: Iterable[Fact],
    reminders: Sequence[ReminderSent],
    overrides: Sequence[Override],
) -> Account:
    """All facts of one tenant together."""
    known = list(facts)
    spans = spans_of(known)
    return Account(
        invoices=[one.invoice for one in kept],
        pauses=[*pauses_of(spans), *_undecided(kept, known), *pauses_by_hand(overrides)],
        suspensions=suspensions_by_hand(overrides),
        reminders=reminders,
        limits=limits_of(spans),
    )


def _undecided(kept: Sequence[Kept], facts: Sequence[Fact]) -> list[Pause]:
    """Invoicing told of a chargeback before payments did: paused all the same until payments says more (R49)."""
    pauses = []
    for one in kept:
        at, invoice_id = one.invoice.reopened_at, one.invoice.invoice_id
        if at is None or one.reopened_why != "disputed" or not one.invoice.is_open:
            continue
        told = any(
            fact.kind == "dispute" and invoice_id in fact.invoice_ids and fact.at >= at - _DISPUTE_SLACK
            for fact in facts
        )
        if not told:
            pauses.append(Pause("dispute", at, None, frozenset({invoice_id})))
    return pauses


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
