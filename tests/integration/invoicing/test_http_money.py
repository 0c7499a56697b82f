"""Tax, settings, credit notes and credit over HTTP: what they answer, and how bad input is refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.invoicing.domain.settlement import Invoice
from services.invoicing.main import build
from services.invoicing.settings import InvoicingSettings
from shared.ids import new_id
from tests.integration.invoicing.conftest import Stage
from tests.integration.invoicing.money import bill, check_books, pay, rows, said
from tests.integration.invoicing.test_http import TOKEN

pytestmark = pytest.mark.integration
USD = "USD"


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": USD}


@dataclass
class Office:
    """A provider's desk: HTTP over the stage's database."""

    stage: Stage
    client: httpx.AsyncClient

    @property
    def base(self) -> str:
        return f"/v1/providers/{self.stage.provider.provider_id}"

    def of(self, invoice: Invoice) -> str:
        return f"{self.base}/tenants/{invoice.tenant_id}/invoices/{invoice.invoice_id}"

    async def ok(self, method: str, path: str, **more: Any) -> Any:
        answer = await self.client.request(method, path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: object) -> tuple[int, str, str]:
        """Status, type and field of the problem; each says what to do."""
        answer = await self.client.request(method, path, json=body)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert len(problem["detail"]) > 20
        return answer.status_code, problem["type"].rsplit("/", 1)[1], problem.get("field", "")


@pytest.fixture
async def office(stage: Stage) -> AsyncIterator[Office]:
    nowhere = "http://127.0.0.1:9"
    settings = InvoicingSettings(
        database_url=stage.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        broker_url="amqp://127.0.0.1:9/",
        http_port=0,
        internal_token=TOKEN,
        auth_issuer="https://issuer.example",
        auth_jwks="/nowhere.json",
        usage_url=nowhere,
        payments_url=nowhere,
        suspension_url=nowhere,
        notifications_url=nowhere,
    )
    transport = httpx.ASGITransport(build(settings))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://invoicing", headers=headers) as client:
        yield Office(stage, client)


async def test_an_invoice_is_credited_by_line_and_then_in_full(office: Office) -> None:
    """Negative lines; the same request again is the same note; the rest is nothing."""
    tenant = await office.stage.tenant("fenwick")
    invoice = await bill(office.stage, tenant, 10000, 500)
    path = office.of(invoice)
    shown = await office.ok("GET", path)
    assert [line["line_id"] for line in shown["lines"]] == [0, 1]
    body = {
        "lines": [{"line_id": 1, "amount": usd(200)}],
        "reason": "Half the setup",
        "request_id": str(new_id()),
    }
    note = await office.ok("POST", path + "/credit-notes", json=body)
    assert note == await office.ok("POST", path + "/credit-notes", json=body)
    assert [(line["line_id"], line["amount"]["minor"]) for line in note["lines"]] == [(1, -200)]
    # 8.875 % of 105.00 is 9.32 (9.31875), of 103.00 it is 9.14 (9.14125).
    assert (note["total"], note["tax"]) == (usd(-218), usd(-18))
    shown = await office.ok("GET", path)
    assert (shown["credited"], shown["balance"]) == (usd(218), usd(invoice.total_minor - 218))
    assert [one["number"] for one in shown["credit_notes"]] == [note["number"]]
    full = {"full": True, "reason": "Sent in error", "request_id": str(new_id())}
    await office.ok("POST", path + "/credit-notes", json=full)
    assert (await office.ok("GET", path))["status"] == "Cancelled"
    listed = await office.ok("GET", f"{office.base}/tenants/{tenant.tenant_id}/credit-notes")
    assert [one["number"] for one in listed["credit_notes"]] == ["KVCN-2026-00002", "KVCN-2026-00001"]
    one = f"{office.base}/tenants/{tenant.tenant_id}/credit-notes/{note['credit_note_id']}"
    assert await office.ok("GET", one) == note
    await check_books(office.stage)


async def test_what_cannot_be_credited_is_refused_with_the_way_out(office: Office) -> None:
    """Issue 4, bad input: credit above the line, cancelling a paid invoice, another provider's invoice."""
    tenant = await office.stage.tenant("fenwick")
    invoice = await bill(office.stage, tenant, 10000)
    await pay(office.stage, tenant, 100, {invoice: 100})
    notes, request = office.of(invoice) + "/credit-notes", {"reason": "x", "request_id": str(new_id())}

    async def refused(lines: object, **more: object) -> tuple[int, str, str]:
        return await office.refused("POST", notes, {**request, "lines": lines, **more})

    line = {"line_id": 0, "amount": usd(10001)}
    assert await refused([line]) == (422, "credit-above-line", "lines.amount")
    assert await refused([{**line, "amount": usd(0)}]) == (422, "credit-above-line", "lines.amount")
    assert await refused([{**line, "line_id": 7}]) == (422, "invalid-input", "lines.line_id")
    assert await refused([{**line, "amount": {"minor": 1, "currency": "EUR"}}]) == (
        422,
        "invalid-input",
        "lines.amount.currency",
    )
    assert await refused([{**line, "amount": {"minor": 1, "currency": "XXZ"}}]) == (
        422,
        "invalid-input",
        "lines.0.amount.currency",
    )
    assert await refused(None) == (422, "invalid-input", "lines")
    assert await refused(None, full=True, to="method") == (409, "refund-at-payments", "to")
    cancel = office.of(invoice) + "/cancel"
    assert await office.refused("POST", cancel, {"reason": "x"}) == (409, "invoice-paid", "")
    other = cancel.replace(str(tenant.provider_id), str(new_id()))
    assert (await office.refused("POST", other, {"reason": "x"}))[0] == 404
    assert await rows(office.stage, "SELECT count(*) FROM credit_note") == [(0,)]


async def test_settings_change_by_api_and_everybody_is_told(office: Office) -> None:
    """What is left out stays; the next invoice uses it, issued ones keep what they had."""
    tenant = await office.stage.tenant("fenwick")
    before = await bill(office.stage, tenant, 10000, cause="before")
    path = office.base + "/settings"
    changed = await office.ok(
        "PATCH",
        path,
        json={
            "legal_name": "Kestrel Voice Inc.",
            "terms_days": 30,
            "invoice_prefix": "KX",
            "tax_rates": [
                {"name": "Sales tax", "rate": "4", "country": "US"},
                {"name": "Sales tax", "rate": "8.5", "country": "US", "region": "NY"},
            ],
            "card_minimums": {"USD": 200},
        },
    )
    assert changed == await office.ok("GET", path)
    assert (changed["legal_name"], changed["currency"], changed["billing"]["credit_note_prefix"]) == (
        "Kestrel Voice Inc.",
        "USD",
        "KXCN",
    )
    (event,) = [
        one for one in await said(office.stage, "provider.changed") if one["legal_name"].endswith("Inc.")
    ]
    assert event["slug"] == "kestrel"
    tax = f"{office.base}/tenants/{tenant.tenant_id}/tax"
    profile = {"region": "NY", "exemptions": []}
    await office.ok("PUT", tax, json=profile)
    after = await bill(office.stage, tenant, 10000, cause="after")
    assert (after.number, after.tax_minor, (after.due_on - after.issued_on).days) == (
        "KX-2026-00001",
        850,
        30,
    )
    exempt = {**profile, "exemptions": [{"certificate": "ST-120 4471"}]}
    assert (await office.ok("PUT", tax, json=exempt))["exemptions"][0]["certificate"] == "ST-120 4471"
    small = await bill(office.stage, tenant, 199, cause="exempt")
    assert (small.tax_minor, small.collectable) == (0, False)
    shown = await office.ok("GET", office.of(small))
    assert (shown["taxes"][0]["rate"], shown["taxes"][0]["category"]) == ("0", "E")
    assert "ST-120 4471" in shown["taxes"][0]["reason"]
    old = await office.ok("GET", office.of(before))
    assert (old["billed_by"]["name"], old["tax"]["minor"]) == ("Kestrel Voice LLC", 888)


async def test_settings_that_would_break_are_refused(office: Office) -> None:
    """Tax over 100 %, overlapping rates, one series for both, an unknown or another currency (R41), a bad VAT number."""
    tenant = await office.stage.tenant("fenwick")
    path = office.base + "/settings"
    rate = {"name": "VAT", "rate": "19"}
    for body, expected in (
        ({"tax_rates": [{**rate, "rate": "100.01"}]}, (422, "invalid-input", "tax_rates.0.rate")),
        ({"tax_rates": [rate, rate]}, (422, "invalid-input", "tax_rates")),
        ({"tax_rates": [{**rate, "region": "NY"}]}, (422, "invalid-input", "tax.region")),
        (
            {"tax_rates": [{**rate, "valid_from": "2026-02-01", "valid_to": "2026-02-01"}]},
            (422, "invalid-input", "tax.valid_to"),
        ),
        ({"currency": "EUR"}, (409, "currency-fixed", "currency")),
        ({"currency": "EURO"}, (422, "invalid-input", "currency")),
        ({"legal_name": None}, (422, "invalid-input", "legal_name")),
        ({"slug": "other"}, (422, "invalid-input", "slug")),
        (
            {"billing": {"credit_note_prefix": "KV"}},
            (422, "invalid-input", "billing.credit_note_prefix"),
        ),
        ({"invoice_prefix": "KVCN"}, (422, "invalid-input", "invoice_prefix")),
        ({"time_zone": "Mars/Olympus"}, (422, "invalid-input", "time_zone")),
    ):
        assert await office.refused("PATCH", path, body) == expected, body
    tax = f"{office.base}/tenants/{tenant.tenant_id}/tax"
    for number in ("DE123456789", "US1", "136695976"):
        assert await office.refused("PUT", tax, {"vat_number": number}) == (
            422,
            "invalid-input",
            "vat_number",
        )
    assert len(await said(office.stage, "provider.changed")) == 1


async def test_a_provider_without_tenants_may_still_change_its_currency(office: Office) -> None:
    """R41 begins with the first tenant here."""
    changed = await office.ok("PATCH", office.base + "/settings", json={"currency": "EUR", "tax_id": None})
    assert (changed["currency"], changed["tax_id"]) == ("EUR", None)


async def test_inclusive_prices_and_a_business_in_another_state(office: Office) -> None:
    """R35: the gross stays what the price list says; reverse charge names both numbers."""
    stage = office.stage
    settings = {
        "country": "DE",
        "tax_rates": [{"name": "VAT", "rate": "19", "country": "DE"}, {"name": "VAT", "rate": "20", "country": "FR"}],
        "tax_registrations": [{"country": "DE", "number": "DE136695976"}, {"country": "FR", "number": "FR40303265045"}],
        "billing": {"prices_include_tax": True},
    }  # fmt: skip
    await office.ok("PATCH", office.base + "/settings", json=settings)
    tenant = await stage.tenant("fenwick")
    async with stage.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE tenant SET country = 'FR'")
    consumer = await bill(stage, tenant, 12000, 1, cause="consumer")
    assert (consumer.total_minor, consumer.tax_minor, consumer.subtotal_minor) == (12001, 2000, 10001)
    shown = await office.ok("GET", office.of(consumer))
    assert shown["billed_by"]["tax_id"] == "FR40303265045"
    assert [line["evidence"]["gross_minor"] for line in shown["lines"]] == [12000, 1]
    note = {"full": True, "reason": "x", "request_id": str(new_id())}
    made = await office.ok("POST", office.of(consumer) + "/credit-notes", json=note)
    assert (made["total"]["minor"], made["tax"]["minor"]) == (-12001, -2000)
    tax = f"{office.base}/tenants/{tenant.tenant_id}/tax"
    await office.ok("PUT", tax, json={"vat_number": "fr 40 303 265 045"})
    business = await bill(stage, tenant, 12000, cause="business")
    assert (business.total_minor, business.tax_minor) == (12000, 0)
    shown = await office.ok("GET", office.of(business))
    assert (shown["taxes"][0]["category"], shown["billed_to"]["tax_id"]) == ("AE", "FR40303265045")
    assert "Reverse charge" in shown["taxes"][0]["reason"]


async def test_zero_invoices_are_skipped_where_the_provider_wants_it(office: Office) -> None:
    """R37: without a number; by default they are issued as Paid."""
    tenant = await office.stage.tenant("fenwick")
    issued = await bill(office.stage, tenant, 0, cause="issued")
    assert (issued.number, issued.status(issued.issued_at)) == ("KV-2026-00001", "Paid")
    await office.ok("PATCH", office.base + "/settings", json={"billing": {"zero_invoices": "skip"}})
    with pytest.raises(AssertionError):
        await bill(office.stage, tenant, 0, cause="skipped")
    assert (await bill(office.stage, tenant, 5, cause="next")).number == "KV-2026-00002"


async def test_small_invoices_are_collected_once_they_are_enough_together(office: Office) -> None:
    """R38: 0.30 waits; with the next 0.30 the card takes 0.60."""
    tenant = await office.stage.tenant("fenwick")
    first = await bill(office.stage, tenant, 28, cause="first")
    second = await bill(office.stage, tenant, 28, cause="second")
    assert (first.collectable, second.collectable) == (False, True)
    third = await bill(office.stage, tenant, 20, cause="third")
    assert third.collectable


async def test_credit_is_given_listed_and_kept_for_a_tenant_that_goes_on(office: Office) -> None:
    """Once for a request; a pay-out before closing is refused."""
    tenant = await office.stage.tenant("fenwick")
    path = f"{office.base}/tenants/{tenant.tenant_id}/credits"
    body = {"amount": usd(2500), "reason": "Outage on October 3", "request_id": str(new_id())}
    made = [await office.ok("POST", path, json=body) for _ in range(2)]
    assert made[0] == made[1]
    shown = await office.ok("GET", path)
    assert (shown["total"], shown["refundable"], len(shown["credits"])) == (usd(2500), usd(0), 1)
    assert await office.refused("POST", path, {**body, "amount": usd(0)}) == (422, "invalid-input", "amount")
    payout = {"reference": "wire", "request_id": str(new_id())}
    assert (await office.refused("POST", path + "/payout", payout))[1] == "tenant-not-closed"
