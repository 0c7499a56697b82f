"""Between rows and the domain's dataclasses."""

from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.disputes import Dispute, DisputeState
from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payment_plans import Part, PaymentPlan
from services.payments.domain.payments import Attempt, Payment, Share
from services.payments.domain.refunds import Refund, RefundState
from services.payments.domain.states import State
from services.payments.domain.tenants import WebhookEvent
from shared.ids import InvoiceId

Row = dict[str, Any]
_FACTS = ("stripe_method", "kind", "brand", "last4", "expires")


def facts_values(facts: MethodFacts | None) -> Row:
    return {name: getattr(facts, name) if facts else None for name in _FACTS}


def facts_of(row: Row) -> MethodFacts | None:
    return MethodFacts(**{name: row[name] for name in _FACTS}) if row["stripe_method"] else None


def method_values(method: Method) -> Row:
    return {
        "tenant_id": method.tenant_id,
        "method_id": method.method_id,
        "provider_id": method.provider_id,
        "stripe_account": method.account,
        **facts_values(method.facts),
        "is_default": method.is_default,
        "saved_at": method.saved_at,
        "removed_at": method.removed_at,
        "detached": method.detached,
        "blocked": method.blocked,
    }


def method_of(row: Row) -> Method:
    facts = facts_of(row)
    assert facts is not None
    return Method(
        provider_id=row["provider_id"],
        tenant_id=row["tenant_id"],
        method_id=row["method_id"],
        account=row["stripe_account"],
        facts=facts,
        is_default=row["is_default"],
        saved_at=row["saved_at"],
        removed_at=row["removed_at"],
        detached=row["detached"],
        blocked=row["blocked"],
    )


def auto_pay_of(row: Row) -> AutoPay:
    return AutoPay(
        row["provider_id"],
        row["tenant_id"],
        row["enabled"],
        row["since"],
        row["by"],
        row["recorded_at"],
        row["text_version"],
        row["ip"],
    )


_INVOICE = (
    "provider_id",
    "tenant_id",
    "invoice_id",
    "number",
    "currency",
    "total_minor",
    "balance_minor",
    "due_on",
    "collectable",
    "standing",
    "seen_at",
    "issued_balance_minor",
    "auto_pay",
    "retries_done",
    "first_declined_at",
    "collect_at",
    "told_at",
)


def invoice_values(invoice: OpenInvoice) -> Row:
    return {name: getattr(invoice, name) for name in _INVOICE}


def invoice_of(row: Row) -> OpenInvoice:
    return OpenInvoice(**{name: row[name] for name in _INVOICE})


_PAYMENT = (
    "provider_id",
    "tenant_id",
    "payment_id",
    "trigger",
    "request_id",
    "fingerprint",
    "amount_minor",
    "currency",
    "method_id",
    "save_method",
    "at",
    "received_minor",
    "reason",
    "retry_at",
    "ended_at",
    "reference",
)


def payment_values(payment: Payment) -> Row:
    kept = {name: getattr(payment, name) for name in _PAYMENT}
    return {**kept, **facts_values(payment.method), "state": payment.state.value}


def payment_of(row: Row, shares: list[Row]) -> Payment:
    return Payment(
        **{name: row[name] for name in _PAYMENT},
        method=facts_of(row),
        state=State(row["state"]),
        shares=tuple(Share(one["invoice_id"], one["number"], one["amount_minor"]) for one in shares),
    )


_ATTEMPT = (
    "provider_id",
    "tenant_id",
    "attempt_id",
    "payment_id",
    "customer",
    "stripe_method",
    "off_session",
    "save_method",
    "amount_minor",
    "currency",
    "description",
    "touched_at",
    "submitted_at",
    "intent",
    "checks",
    "check_at",
    "intent_closed",
)


def attempt_values(attempt: Attempt) -> Row:
    kept = {name: getattr(attempt, name) for name in _ATTEMPT}
    return {**kept, "stripe_account": attempt.account, "state": attempt.state.value}


def attempt_of(row: Row, invoice_ids: list[Any]) -> Attempt:
    return Attempt(
        **{name: row[name] for name in _ATTEMPT},
        account=row["stripe_account"],
        state=State(row["state"]),
        invoice_ids=tuple(invoice_ids),
    )


def webhook_of(row: Row) -> WebhookEvent:
    return WebhookEvent(
        provider_id=row["provider_id"],
        account=row["account"],
        event_id=row["event_id"],
        type=row["type"],
        body=bytes(row["body"]),
        received_at=row["received_at"],
        tries=row["tries"],
    )


def share_values(shares: tuple[Share, ...]) -> list[Row]:
    return [
        {"invoice_id": str(one.invoice_id), "number": one.number, "amount_minor": one.amount_minor}
        for one in shares
    ]


def shares_of(values: list[Row]) -> tuple[Share, ...]:
    return tuple(
        Share(InvoiceId(UUID(one["invoice_id"])), one["number"], one["amount_minor"]) for one in values
    )


_REFUND = (
    "provider_id",
    "tenant_id",
    "refund_id",
    "payment_id",
    "request_id",
    "fingerprint",
    "amount_minor",
    "currency",
    "to",
    "reason",
    "by",
    "intent",
    "at",
    "touched_at",
    "told",
    "stripe_refund",
    "submitted_at",
    "checks",
    "check_at",
    "ended_at",
)


def refund_values(refund: Refund) -> Row:
    kept = {name: getattr(refund, name) for name in _REFUND}
    return {
        **kept,
        "state": refund.state.value,
        "stripe_account": refund.account,
        "shares": share_values(refund.shares),
    }


def refund_of(row: Row) -> Refund:
    return Refund(
        **{name: row[name] for name in _REFUND},
        state=RefundState(row["state"]),
        account=row["stripe_account"],
        shares=shares_of(row["shares"]),
    )


_DISPUTE = (
    "refunded_minor",
    "provider_id",
    "tenant_id",
    "dispute_id",
    "payment_id",
    "stripe_dispute",
    "amount_minor",
    "fee_minor",
    "currency",
    "reason",
    "opened_at",
    "ended_at",
)


def dispute_values(dispute: Dispute) -> Row:
    kept = {name: getattr(dispute, name) for name in _DISPUTE}
    return {
        **kept,
        "state": dispute.state.value,
        "stripe_account": dispute.account,
        "shares": share_values(dispute.shares),
    }


def dispute_of(row: Row) -> Dispute:
    return Dispute(
        **{name: row[name] for name in _DISPUTE},
        state=DisputeState(row["state"]),
        account=row["stripe_account"],
        shares=shares_of(row["shares"]),
    )


_PLAN = (
    "provider_id",
    "tenant_id",
    "plan_id",
    "request_id",
    "fingerprint",
    "currency",
    "total_minor",
    "state",
    "by",
    "agreed_at",
    "step_at",
    "ended_at",
)


def plan_values(plan: PaymentPlan) -> Row:
    parts = [
        {"due_on": one.due_on.isoformat(), "amount_minor": one.amount_minor, "tried": one.tried}
        for one in plan.parts
    ]
    return {**{name: getattr(plan, name) for name in _PLAN}, "parts": parts}


def plan_of(row: Row, invoice_ids: list[Any]) -> PaymentPlan:
    parts = tuple(
        Part(date.fromisoformat(one["due_on"]), one["amount_minor"], one["tried"]) for one in row["parts"]
    )
    return PaymentPlan(**{name: row[name] for name in _PLAN}, parts=parts, invoice_ids=tuple(invoice_ids))
