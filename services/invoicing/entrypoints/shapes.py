"""What invoicing shows over HTTP."""

from datetime import date
from typing import Any

from services.invoicing.adapters.clock_advances import TestClock
from services.invoicing.adapters.documents import draft_to_json
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.standing import status
from services.invoicing.use_cases.ports import InvoiceRow, PeriodRow, Tenant
from services.invoicing.use_cases.preview_invoice import Preview


def amount(minor: int, currency: str) -> dict[str, Any]:
    return {"minor": minor, "currency": currency}


def plan_shape(plan: Plan) -> dict[str, Any]:
    fee = plan.monthly_fee
    return {
        "plan_id": str(plan.plan_id),
        "version": plan.version,
        "name": plan.name,
        "billing_model": plan.billing_model,
        "currency": plan.currency,
        "monthly_fee": amount(fee.minor, fee.currency) if fee is not None else None,
        "included": {
            "extensions": plan.included.extensions,
            "dids": plan.included.dids,
            "minutes": plan.included.minutes,
        },
        "prices": {
            "extension": f"{plan.prices.extension:f}",
            "did": f"{plan.prices.did:f}",
            "minute": f"{plan.prices.minute:f}",
        },
        "minimum_seconds": plan.minimum_seconds,
        "increment_seconds": plan.increment_seconds,
    }


def tenant_shape(tenant: Tenant) -> dict[str, Any]:
    return {
        **tenant.raw,
        "tenant_id": str(tenant.tenant_id),
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "plan_id": str(tenant.plan_id),
        "plan_version": tenant.plan_version,
        "anchor_day": tenant.anchor_day,
        "opened_on": tenant.opened_on.isoformat(),
        "trial_ends_on": tenant.trial_ends_on.isoformat() if tenant.trial_ends_on else None,
    }


def _dates(found: tuple[date, date] | None) -> dict[str, str] | None:
    return {"start_date": found[0].isoformat(), "end_date": found[1].isoformat()} if found else None


def invoice_head(invoice: InvoiceRow) -> dict[str, Any]:
    """A row of the Invoices list. Paid and balance are always shown beside the status (R57)."""
    return {
        "invoice_id": str(invoice.invoice_id),
        "number": invoice.number,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "status": status(
            total_minor=invoice.total_minor,
            paid_minor=invoice.paid_minor,
            overdue=invoice.overdue,
            cancelled=invoice.cancelled,
        ),
        "total": amount(invoice.total_minor, invoice.currency),
        "paid": amount(invoice.paid_minor, invoice.currency),
        "balance": amount(invoice.balance_minor, invoice.currency),
        "usage_period": _dates(invoice.usage),
        "fee_period": _dates(invoice.fee),
    }


def invoice_shape(invoice: InvoiceRow, payments: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole invoice."""
    credit = sum(row["amount_minor"] for row in payments if row["kind"] == "credit")
    return {
        **invoice_head(invoice),
        "lines": invoice.document["lines"],
        "taxes": invoice.document["taxes"],
        "subtotal": amount(invoice.subtotal_minor, invoice.currency),
        "tax": amount(invoice.tax_minor, invoice.currency),
        "credit_applied": amount(credit, invoice.currency),
        "billed_by": invoice.document["billed_by"],
        "billed_to": invoice.document["billed_to"],
        "payments": [
            {
                "payment_id": str(row["payment_id"]),
                "kind": row["kind"],
                "amount": amount(row["amount_minor"], invoice.currency),
                "at": row["at"].isoformat(),
            }
            for row in payments
        ],
    }


def preview_shape(preview: Preview) -> dict[str, Any]:
    draft = preview.draft
    return {
        "period": {
            "start_date": preview.period.start.isoformat(),
            "end_date": preview.period.end.isoformat(),
        },
        **draft_to_json(draft),
        "subtotal": amount(draft.subtotal.minor, draft.currency),
        "tax": amount(draft.tax.minor, draft.currency),
        "total": amount(draft.total.minor, draft.currency),
    }


def clock_shape(clock: TestClock) -> dict[str, Any]:
    return {
        "now": clock.now.isoformat(),
        "target": clock.target.isoformat(),
        "state": "ready" if clock.arrived else "advancing",
        "waiting_for": clock.waiting_for,
    }


def parked_shape(row: PeriodRow) -> dict[str, Any]:
    return {
        "tenant_id": str(row.tenant_id),
        "start_date": row.period.start.isoformat(),
        "end_date": row.period.end.isoformat(),
        "reason": row.reason,
    }
