"""The overview composes all services, and each section fails alone."""

from typing import Any

import pytest

from services.gateway.use_cases.answers import Usage
from tests.support.fake_services import OPEN_INVOICE, TENANT, usd
from tests.unit.gateway.conftest import Gateway

SECTIONS = {"balance", "subscription", "usage", "methods", "invoices", "payments", "standing"}


async def overview(gateway: Gateway) -> dict[str, Any]:
    answer = await gateway.client.get(
        "/api/v1/billing/overview", headers=gateway.people.header("tenant_admin")
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def missing(body: dict[str, Any]) -> set[str]:
    return {name for name in SECTIONS if "error" in body[name]}


async def test_has_every_section(gateway: Gateway) -> None:
    """With all services up nothing is missing, and the figures are the services' own."""
    body = await overview(gateway)
    assert set() == missing(body)
    assert usd(17895) == body["balance"]["balance"]
    assert body["balance"]["face"] == "due"
    assert body["balance"]["due_on"] == "2026-11-22"
    assert body["subscription"]["status"] == "Active"
    assert body["subscription"]["period"] == {"start_date": "2026-11-01", "end_date": "2026-12-01"}
    assert usd(2650) == body["usage"]["accruing"]
    assert body["usage"]["extensions"] == {"used": 22, "included": 20, "unit_price": "12.00"}
    assert body["session"]["provider"]["name"] == "Kestrel Voice"
    assert body["session"]["tenant"]["name"] == "Fenwick Dental Group"


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ("usage", {"usage"}),
        ("payments", {"methods", "payments"}),
        ("suspension", {"standing"}),
        ("invoicing", {"balance", "subscription", "usage", "invoices"}),
        ("notifications", set()),
    ],
)
async def test_a_service_that_is_away_takes_only_its_sections(
    gateway: Gateway, away: str, expected: set[str]
) -> None:
    """The section says so in words; the rest works."""
    gateway.services.away.add(away)
    body = await overview(gateway)
    assert expected == missing(body)
    for name in expected:
        assert body[name]["error"]["title"].endswith("right now.")
        assert "try again" in body[name]["error"]["detail"]


async def test_an_answer_that_breaks_the_contract_takes_only_its_section(gateway: Gateway) -> None:
    """A service that answers nonsense is treated as one that is away, not as a crash of the page."""
    gateway.services.answers[f"payments {TENANT}/methods"] = {"methods": "many"}
    body = await overview(gateway)
    assert {"methods"} == missing(body)
    assert "does not understand" in body["methods"]["error"]["detail"]


async def test_suspension_stands_over_the_subscription(gateway: Gateway) -> None:
    """The guide's status is Suspended although invoicing calls the subscription active."""
    standing = gateway.services.answers[f"suspension {TENANT}/standing"]
    standing |= {
        "suspended": True,
        "stage": "both_barred",
        "works_now": {"outbound": "reject", "inbound": "announce", "reachable_numbers": []},
    }
    body = await overview(gateway)
    assert body["subscription"]["status"] == "Suspended"
    assert body["session"]["service"]["inbound"] == "announce"


async def test_money_on_its_way_is_shown_instead_of_asked_for_again(gateway: Gateway) -> None:
    """A bank debit in process that covers the balance turns the strip to «on its way»."""
    gateway.services.answers[f"payments {TENANT}/payments"]["payments"][0] |= {
        "status": "processing",
        "amount": usd(17895),
        "invoices": [{"invoice_id": str(OPEN_INVOICE), "number": "KV-2026-01187", "amount": usd(17895)}],
    }
    body = await overview(gateway)
    assert body["balance"]["face"] == "on_its_way"
    assert usd(17895) == body["balance"]["on_its_way"]


async def test_nothing_to_pay_needs_no_open_invoice(gateway: Gateway) -> None:
    """Without open invoices the strip is in the tenant's currency and asks for nothing."""
    gateway.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"] = {"invoices": [], "next": None}
    body = await overview(gateway)
    assert body["balance"]["face"] == "nothing"
    assert usd(0) == body["balance"]["balance"]


async def test_asks_usage_for_the_running_period_of_the_plan(gateway: Gateway) -> None:
    """Period and plan version come from invoicing, so that both services speak of the same days."""
    await overview(gateway)
    asked = next(one for one in gateway.services.requests if one.url.path.endswith("/usage"))
    assert asked.url.params["start_date"] == "2026-11-01"
    assert asked.url.params["end_date"] == "2026-12-01"
    assert asked.url.params["plan_version"] == "1"
    assert Usage.model_fields.keys() >= {"as_of", "days"}


async def test_sends_the_trace_on(gateway: Gateway) -> None:
    """Every request to a service carries the trace context of the page's request."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    with trace.use_span(TracerProvider().get_tracer("test").start_span("page")) as span:
        await overview(gateway)
        wanted = format(span.get_span_context().trace_id, "032x")
    assert {True} == {wanted in one.headers.get("traceparent", "") for one in gateway.services.requests}
