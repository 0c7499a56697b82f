"""The ports of ``use_cases.ports`` over the services' HTTP APIs (docs/design-month.md)."""

from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.adapters.service_client import ServiceClient
from services.gateway.use_cases import answers
from services.gateway.use_cases.ports import Document, Query, Where, Whose
from shared.ids import InvoiceId, PaymentId, PlanId, ProviderId


def _tenant(whose: Whose, *more: str | UUID) -> Where:
    return Where.of("v1", "providers", whose.provider_id, "tenants", whose.tenant_id, *more)


class HttpInvoicing:
    """Providers, tenants, subscriptions, invoices."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def provider(self, provider_id: ProviderId) -> answers.Provider:
        return await self._client.read(answers.Provider, Where.of("v1", "providers", provider_id))

    async def tenant(self, whose: Whose) -> answers.Tenant:
        return await self._client.read(answers.Tenant, _tenant(whose))

    async def summary(self, whose: Whose) -> answers.Summary:
        return await self._client.read(answers.Summary, _tenant(whose, "summary"))

    async def preview(self, whose: Whose) -> answers.Preview:
        return await self._client.read(answers.Preview, _tenant(whose, "preview"))

    async def invoices(
        self, whose: Whose, *, status: str | None, cursor: str | None, limit: int
    ) -> answers.InvoiceList:
        query: Query = {"status": status, "cursor": cursor, "limit": limit}
        return await self._client.read(answers.InvoiceList, _tenant(whose, "invoices"), query)

    async def invoice(self, whose: Whose, invoice_id: InvoiceId) -> answers.Invoice:
        return await self._client.read(answers.Invoice, _tenant(whose, "invoices", invoice_id))

    async def explanation(
        self, whose: Whose, invoice_id: InvoiceId, locale: str | None
    ) -> answers.Explanation:
        where = _tenant(whose, "invoices", invoice_id, "explanation")
        return await self._client.read(answers.Explanation, where, {"locale": locale})

    async def credit_notes(self, whose: Whose) -> answers.CreditNotes:
        return await self._client.read(answers.CreditNotes, _tenant(whose, "credit-notes"))

    async def invoice_pdf(self, whose: Whose, invoice_id: InvoiceId) -> Document:
        return await self._client.ask(
            "GET", _tenant(whose, "invoices", invoice_id, "pdf"), deadline_seconds=10.0
        )


class HttpUsage:
    """Figures of the running period, and calls."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def figures(
        self, whose: Whose, *, start_date: date, end_date: date, plan_id: PlanId, plan_version: int
    ) -> answers.Usage:
        query: Query = {
            "start_date": start_date.isoformat(),
            "end_date": end_date.isoformat(),
            "plan_id": str(plan_id),
            "plan_version": plan_version,
        }
        return await self._client.read(answers.Usage, _tenant(whose, "usage"), query)

    async def calls(self, whose: Whose, query: Query) -> answers.CallList:
        return await self._client.read(answers.CallList, _tenant(whose, "calls"), query)

    async def call_totals(self, whose: Whose, query: Query) -> answers.CallTotals:
        return await self._client.read(answers.CallTotals, _tenant(whose, "calls", "totals"), query)

    async def line_calls(self, whose: Whose, query: Query) -> answers.LineCalls:
        return await self._client.read(answers.LineCalls, _tenant(whose, "calls"), query)


class HttpPayments:
    """Methods, auto-pay, payments. Changes may ask Stripe, so they have a deadline of their own."""

    def __init__(self, client: ServiceClient, *, change_deadline_seconds: float) -> None:
        self._client = client
        self._deadline_seconds = change_deadline_seconds

    async def methods(self, whose: Whose) -> answers.Methods:
        return await self._client.read(answers.Methods, _tenant(whose, "methods"))

    async def payments(self, whose: Whose, *, cursor: str | None, limit: int) -> answers.PaymentList:
        query: Query = {"cursor": cursor, "limit": limit}
        return await self._client.read(answers.PaymentList, _tenant(whose, "payments"), query)

    async def payment(self, whose: Whose, payment_id: PaymentId) -> answers.Payment:
        return await self._client.read(answers.Payment, _tenant(whose, "payments", payment_id))

    async def plans(self, whose: Whose) -> answers.PaymentPlans:
        return await self._client.read(answers.PaymentPlans, _tenant(whose, "payment-plans"))

    async def change(
        self,
        whose: Whose,
        method: str,
        *path: str | UUID,
        body: Any = None,
        query: Query | None = None,
    ) -> Document:
        return await self._client.ask(
            method, _tenant(whose, *path), body=body, query=query, deadline_seconds=self._deadline_seconds
        )


class HttpSuspension:
    """Whether calls are barred."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def standing(self, whose: Whose) -> answers.Standing:
        return await self._client.read(answers.Standing, _tenant(whose, "standing"))
