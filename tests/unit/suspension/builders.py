"""Builders for suspension's tests: a tenant in New York with readable defaults."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.suspension.domain.account import Account, Invoice, ReminderSent
from services.suspension.domain.ladder import Standing, evaluate
from services.suspension.domain.policy import Policy
from shared.events import invoicing
from shared.ids import InvoiceId, PlanId, ProviderId, TenantId, derived_id

NEW_YORK = ZoneInfo("America/New_York")
DUE = date(2026, 3, 15)


def local(day: date, hour: int = 0, minute: int = 0, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A wall time in the tenant's zone as an instant."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


def on_day(n: int, hour: int = 0, minute: int = 0) -> datetime:
    """Day ``n`` of the ladder of an invoice due on ``DUE``."""
    return local(DUE + timedelta(days=n), hour, minute)


def invoice_id(name: str) -> InvoiceId:
    return InvoiceId(derived_id("invoice", name))


def make_invoice(name: str = "KV-1", **values: Any) -> Invoice:
    due_on = values.pop("due_on", DUE)
    fields: dict[str, Any] = {
        "invoice_id": invoice_id(name),
        "number": name,
        "issued_on": due_on - timedelta(days=14),
        "due_on": due_on,
        "balance_minor": 10_000,
        "currency": "USD",
    }
    return Invoice(**{**fields, **values})


def reminded(invoice: Invoice, day: int = -3, at: datetime | None = None) -> ReminderSent:
    """A reminder of an invoice's own ladder, sent as its day began."""
    sent_at = at or local(invoice.due_on + timedelta(days=day))
    return ReminderSent(invoice.invoice_id, day, sent_at, frozenset({invoice.invoice_id}))


def look(
    account: Account, now: datetime, policy: Policy | None = None, zone: ZoneInfo = NEW_YORK
) -> Standing:
    return evaluate(policy or Policy(), account, now, zone)


def told(*invoices: Invoice, **values: Any) -> Account:
    """An account whose tenant was reminded of each invoice three days before its due day."""
    return Account(invoices=invoices, reminders=[reminded(one) for one in invoices], **values)


PROVIDER = ProviderId(UUID("01900000-0000-7000-8000-000000000001"))
OTHER_PROVIDER = ProviderId(UUID("01900000-0000-7000-8000-000000000002"))
TENANT = TenantId(UUID("01900000-0000-7000-8000-00000000000a"))


def opened(tenant_id: TenantId = TENANT, **values: Any) -> invoicing.TenantOpened:
    fields: dict[str, Any] = {
        "provider_id": PROVIDER,
        "tenant_id": tenant_id,
        "slug": "acme",
        "name": "Acme",
        "status": "active",
        "country": "US",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "currency": "USD",
        "billing_email": "billing@acme.example",
        "admin_email": "admin@acme.example",
        "sip_domain": "acme.sip.example",
        "account_codes": ("acme-1",),
        "plan_id": PlanId(derived_id("plan")),
        "plan_version": 1,
        "plan_from": date(2026, 1, 1),
        "opened_on": date(2026, 1, 1),
    }
    return invoicing.TenantOpened(**{**fields, **values})


def provider_changed(provider_id: ProviderId = PROVIDER, **values: Any) -> invoicing.ProviderChanged:
    fields: dict[str, Any] = {
        "provider_id": provider_id,
        "slug": "keystone",
        "legal_name": "Keystone Voice Inc.",
        "address": ("1 Main St",),
        "tax_id": None,
        "currency": "USD",
        "country": "US",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "brand": invoicing.Brand(name="Keystone", colour="#112233"),
        "billing_email": "billing@keystone.example",
        "support_phone": "+12125550100",
        "reachable_numbers": ("+12125550111",),
    }
    return invoicing.ProviderChanged(**{**fields, **values})


def invoice_event(
    kind: type[Any] = invoicing.InvoiceIssued,
    name: str = "KV-1",
    *,
    paid: int = 0,
    total: int = 10_000,
    tenant_id: TenantId = TENANT,
    due_on: date = DUE,
    provider_id: ProviderId = PROVIDER,
    **more: Any,
) -> Any:
    return kind(
        **more,
        provider_id=provider_id,
        tenant_id=tenant_id,
        invoice_id=invoice_id(name),
        number=name,
        currency="USD",
        total_minor=total,
        paid_minor=paid,
        balance_minor=total - paid,
        issued_on=due_on - timedelta(days=14),
        due_on=due_on,
        overdue_at=local(due_on + timedelta(days=1)),
    )


def days(standings: Sequence[Standing]) -> list[int]:
    """The days of the reminders that were due."""
    return [s.reminder.day for s in standings if s.reminder is not None]
