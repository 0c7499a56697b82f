"""What the tests of credit, refunds and disputes do over and over."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.invoices import make_invoice
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.settlement import Invoice
from services.invoicing.entrypoints.consumers import HANDLERS
from services.invoicing.use_cases.issue_invoice import issue_invoice
from services.invoicing.use_cases.tax_terms import terms
from shared.events.envelope import Envelope, Event
from shared.events.payments import PaymentDisputed, PaymentRefunded, PaymentSucceeded, RefundFailed
from shared.http.journal import journal_check
from shared.ids import EventId, InvoiceId, new_id
from shared.money import Money
from tests.integration.invoicing.conftest import Stage

AT = datetime(2026, 10, 2, 4, 0, tzinfo=UTC)
CARD = {"method_id": None, "kind": "card", "brand": "visa", "last4": "4242"}


async def bill(stage: Stage, tenant: Tenant, *amounts: int, cause: str = "test") -> Invoice:
    """Issues an invoice of one-time charges."""
    charges = [
        OneTimeCharge(new_id(), f"Charge {number}", Money(minor, tenant.currency), date(2026, 10, 1))
        for number, minor in enumerate(amounts)
    ]
    async with stage.open_work() as work:
        await work.lock_tenant(tenant.tenant_id)
        provider = await work.providers.get(tenant.provider_id)
        known = await work.tenants.get(tenant.provider_id, tenant.tenant_id)
        now = await work.now(tenant.provider_id)
        draft = make_invoice(tenant.currency, charges=charges, **terms(provider, known, now, None))
        issued = await issue_invoice(work, provider, known, draft, cause=cause)
    assert issued is not None
    return issued


async def now_of(stage: Stage, invoice: Invoice) -> Invoice:
    async with stage.open_work() as work:
        found = await work.invoices.get(invoice.tenant_id, invoice.invoice_id)
    assert found is not None
    return found


async def hear(stage: Stage, event: Event) -> None:
    """Handles an event as the consumer does, in a transaction of its own."""
    envelope = Envelope.of(
        event, event_id=EventId(new_id()), source="/tollgate/payments", time=AT, sent_at=AT
    )
    async with stage.open_work() as work:
        await HANDLERS[type(event)](work, event, envelope)


def _allocations(parts: dict[Invoice, int]) -> list[dict[str, Any]]:
    return [
        {"invoice_id": one.invoice_id, "number": one.number, "amount_minor": minor}
        for one, minor in parts.items()
    ]


async def pay(stage: Stage, tenant: Tenant, minor: int, parts: dict[Invoice, int]) -> UUID:
    """A card payment; answers its id."""
    payment_id = new_id()
    values = {
        "provider_id": tenant.provider_id,
        "tenant_id": tenant.tenant_id,
        "payment_id": payment_id,
        "trigger": "pay_now",
        "amount_minor": minor,
        "currency": tenant.currency,
        "method": CARD,
        "allocations": _allocations(parts),
        "at": AT,
    }
    await hear(stage, PaymentSucceeded.model_validate(values))
    return payment_id


def refunded(
    tenant: Tenant, payment_id: UUID, minor: int, parts: dict[Invoice, int], *, to: str = "method"
) -> PaymentRefunded:
    return PaymentRefunded.model_validate(
        {
            "provider_id": tenant.provider_id,
            "tenant_id": tenant.tenant_id,
            "payment_id": payment_id,
            "refund_id": new_id(),
            "amount_minor": minor,
            "currency": tenant.currency,
            "to": to,
            "method": CARD,
            "allocations": _allocations(parts),
            "payment_fully_refunded": False,
            "reason": "Wrong quantity",
            "by": "anna",
            "at": AT,
        }
    )


def refund_failed(event: PaymentRefunded) -> RefundFailed:
    kept = ("provider_id", "tenant_id", "payment_id", "refund_id", "amount_minor", "currency", "at")
    return RefundFailed(**{name: getattr(event, name) for name in kept})


def disputed(
    tenant: Tenant,
    payment_id: UUID,
    minor: int,
    parts: dict[Invoice, int],
    state: str = "opened",
    dispute_id: UUID | None = None,
) -> PaymentDisputed:
    return PaymentDisputed.model_validate(
        {
            "provider_id": tenant.provider_id,
            "tenant_id": tenant.tenant_id,
            "payment_id": payment_id,
            "dispute_id": dispute_id or new_id(),
            "state": state,
            "amount_minor": minor,
            "fee_minor": 1500,
            "currency": tenant.currency,
            "method": CARD,
            "allocations": _allocations(parts),
            "at": AT,
        }
    )


async def rows(stage: Stage, query: str, **values: object) -> list[tuple[Any, ...]]:
    async with stage.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query), values)]


async def said(stage: Stage, kind: str) -> list[dict[str, Any]]:
    """The data of the events of a type, in order."""
    found = await rows(
        stage,
        "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' FROM outbox WHERE type = :kind ORDER BY sequence",
        kind=f"invoicing.{kind}.v1",
    )
    return [row[0] for row in found]


async def balances(stage: Stage) -> dict[str, int]:
    return {one.account: one.minor for one in (await journal_check(stage.engine)).accounts if one.minor}


async def check_books(stage: Stage) -> None:
    """Entries sum to zero; receivable is what is open; account credit is what is left; parts are what is paid."""
    check = await journal_check(stage.engine)
    assert check.unbalanced_entries == 0
    assert set(check.sums.values()) <= {0}
    found = await balances(stage)
    ((open_minor,),) = await rows(
        stage,
        "SELECT coalesce(sum(total_minor - paid_minor - credited_minor), 0)::bigint FROM invoice",
    )
    ((credit_minor,),) = await rows(stage, "SELECT coalesce(sum(remaining_minor), 0)::bigint FROM credit")
    assert (found.get("receivable", 0), found.get("account_credit", 0)) == (open_minor, -credit_minor)
    off = await rows(
        stage,
        "SELECT i.number FROM invoice i WHERE i.paid_minor <>"
        " (SELECT coalesce(sum(p.amount_minor), 0) FROM invoice_payment p"
        " WHERE p.tenant_id = i.tenant_id AND p.invoice_id = i.invoice_id)",
    )
    assert off == []


async def at_once(*steps: Callable[[], Awaitable[object]]) -> list[object]:
    """Runs steps at the same time; answers results and errors."""
    return await asyncio.gather(*(step() for step in steps), return_exceptions=True)


def ids(*invoices: Invoice) -> list[InvoiceId]:
    return [one.invoice_id for one in invoices]
