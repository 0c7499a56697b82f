"""Between rows and the domain's dataclasses."""

from typing import Any

from services.payments.domain.invoices import OpenInvoice
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payments import Attempt, Payment, Share
from services.payments.domain.states import State
from services.payments.domain.tenants import WebhookEvent

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
    )


def auto_pay_of(row: Row) -> AutoPay:
    return AutoPay(
        row["provider_id"], row["tenant_id"], row["enabled"], row["since"], row["by"], row["recorded_at"]
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
