"""Documents of what was really issued: over HTTP, in every form, for its own tenant only."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pypdf import PdfReader

from services.invoicing.adapters.documents.press import Press
from services.invoicing.adapters.documents.writing import DocumentWriter
from services.invoicing.entrypoints import scheduler
from services.invoicing.entrypoints.consumers import on_payment_succeeded
from services.invoicing.entrypoints.http_documents import documents_router
from services.invoicing.use_cases.issue_credit_note import credit_invoice
from shared.events.envelope import Envelope
from shared.events.payments import Allocation, MethodShown, PaymentSucceeded
from shared.http import problems
from shared.ids import EventId, InvoiceId, MethodId, PaymentId, new_id
from tests.integration.invoicing.conftest import Stage

pytestmark = pytest.mark.integration
AT = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    press = Press()
    app = FastAPI()
    problems.install(app)
    app.include_router(
        documents_router(
            stage.open_work, lambda: None, DocumentWriter(press), "https://billing.example/billing"
        )
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://invoicing") as made:
        yield made
    await press.close()


def text_of(content: bytes) -> str:
    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return " ".join(pages.split())


async def opened(stage: Stage) -> tuple[str, InvoiceId, Any]:
    """A tenant with its first fee invoiced; the path of its documents."""
    tenant = await stage.tenant("fenwick")
    await scheduler.invoice_first_fees(stage.open_work)
    async with stage.open_work() as work:
        (invoice,) = await work.invoices.open(tenant.tenant_id)
    path = f"/v1/providers/{stage.provider.provider_id}/tenants/{tenant.tenant_id}"
    return path, invoice.invoice_id, tenant


async def test_an_issued_invoice_comes_in_every_form(stage: Stage, client: httpx.AsyncClient) -> None:
    """PDF by both addresses, Factur-X, CII and UBL; the same bytes again; the link leads to this invoice."""
    path, invoice_id, _ = await opened(stage)
    forms = {
        form: await client.get(f"{path}/invoices/{invoice_id}/documents/{form}")
        for form in (
            "pdf",
            "facturx",
            "cii",
            "ubl",
        )
    }
    assert [answer.status_code for answer in forms.values()] == [200] * 4
    plain = await client.get(f"{path}/invoices/{invoice_id}/pdf")
    assert plain.content == forms["pdf"].content
    assert "inline" in plain.headers["content-disposition"]
    assert 'filename="KV-2026-00001-ubl.xml"' in forms["ubl"].headers["content-disposition"]
    shown = text_of(plain.content)
    for said in ("Invoice KV-2026-00001", "Professional plan", "$271.10", "New York sales tax"):
        assert said in shown
    assert b">KV-2026-00001<" in forms["cii"].content
    assert b">271.10<" in forms["ubl"].content
    links = [
        note.get_object()["/A"]["/URI"]
        for page in PdfReader(io.BytesIO(plain.content)).pages
        for note in page.get("/Annots", [])
    ]
    assert f"https://billing.example/billing/invoices/{invoice_id}" in links


async def test_what_is_not_there_or_another_tenants_is_a_404(stage: Stage, client: httpx.AsyncClient) -> None:
    """Invoices, credit notes and payments alike; an unknown form is a 422."""
    path, invoice_id, _ = await opened(stage)
    other = await stage.tenant("harbor")
    elsewhere = f"/v1/providers/{stage.provider.provider_id}/tenants/{other.tenant_id}"
    wrong = f"/v1/providers/{uuid4()}/tenants/{path.rpartition('/')[2]}"
    for asked in (
        f"{elsewhere}/invoices/{invoice_id}/documents/pdf",
        f"{wrong}/invoices/{invoice_id}/documents/ubl",
        f"{path}/credit-notes/{uuid4()}/documents/pdf",
        f"{path}/payments/{uuid4()}/receipt",
    ):
        answer = await client.get(asked)
        assert answer.status_code == 404, asked
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get(f"{path}/invoices/{invoice_id}/documents/doc")).status_code == 422


async def test_an_electronic_invoice_without_a_tax_number_says_what_to_set(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    """The PDF comes all the same."""
    async with stage.open_work() as work:
        await work.providers.change(replace(stage.provider, tax_id=None))
    path, invoice_id, _ = await opened(stage)
    answer = await client.get(f"{path}/invoices/{invoice_id}/documents/ubl")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/einvoice-incomplete")
    assert answer.json()["field"] == "provider.tax_id"
    assert (await client.get(f"{path}/invoices/{invoice_id}/documents/pdf")).status_code == 200


async def test_a_payment_has_a_receipt_with_its_method(stage: Stage, client: httpx.AsyncClient) -> None:
    """The guide's receipt as a PDF: what came, by what, for which invoice, what became credit (R52, R63)."""
    path, invoice_id, tenant = await opened(stage)
    event = PaymentSucceeded(
        provider_id=stage.provider.provider_id,
        tenant_id=tenant.tenant_id,
        payment_id=PaymentId(new_id()),
        trigger="pay_now",
        amount_minor=28110,
        currency="USD",
        method=MethodShown(method_id=MethodId(new_id()), kind="card", brand="visa", last4="4242"),
        allocations=(Allocation(invoice_id=invoice_id, number="KV-2026-00001", amount_minor=27110),),
        at=AT,
    )
    async with stage.open_work() as work:
        await on_payment_succeeded(
            work, event, Envelope.of(event, event_id=EventId(new_id()), source="t", time=AT, sent_at=AT)
        )
    answer = await client.get(f"{path}/payments/{event.payment_id}/receipt")
    assert answer.status_code == 200, answer.text
    shown = text_of(answer.content)
    for said in (
        "Visa •••• 4242",
        "KV-2026-00001",
        "$271.10",
        "Credited to your account",
        "$10.00",
        "$281.10",
    ):
        assert said in shown
    paid = text_of((await client.get(f"{path}/invoices/{invoice_id}/pdf")).content)
    assert "Nothing is due on this invoice." in paid


async def test_a_credit_note_is_a_document_of_its_invoice(stage: Stage, client: httpx.AsyncClient) -> None:
    """PDF and both syntaxes, type 381, naming what it corrects; the invoice then shows what was credited."""
    path, invoice_id, tenant = await opened(stage)
    async with stage.open_work() as work:
        note = await credit_invoice(
            work,
            stage.provider.provider_id,
            tenant.tenant_id,
            invoice_id,
            lines={0: 10000},
            reason="Setup was late",
            request_id=new_id(),
        )
    asked = f"{path}/credit-notes/{note.credit_note_id}/documents"
    shown = text_of((await client.get(f"{asked}/pdf")).content)
    for said in ("Corrects invoice KV-2026-00001", "Setup was late", "$108.88"):
        assert said in shown
    for form in ("cii", "ubl", "facturx"):
        answer = await client.get(f"{asked}/{form}")
        assert answer.status_code == 200, answer.text
    assert b">381<" in (await client.get(f"{asked}/ubl")).content
    assert "Credited −$108.88" in text_of((await client.get(f"{path}/invoices/{invoice_id}/pdf")).content)
