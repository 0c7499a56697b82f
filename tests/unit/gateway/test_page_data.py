"""What the page's sections need beside the overview: days, calls and their totals, plans, refunds, standing."""

from typing import Any

import httpx

from tests.support.fake_services import OPEN_INVOICE, PAYMENT, TENANT, usd
from tests.unit.gateway.conftest import Gateway


async def get(gateway: Gateway, path: str, **query: str) -> httpx.Response:
    header = gateway.people.header("tenant_admin")
    return await gateway.client.get(f"/api/v1/billing{path}", headers=header, params=query)


async def body(gateway: Gateway, path: str, **query: str) -> dict[str, Any]:
    answer = await get(gateway, path, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_usage_alone_is_the_overviews_section(gateway: Gateway) -> None:
    """Days, classes, bundles, spending and warnings: the same as in the overview."""
    alone = await body(gateway, "/usage")
    assert alone == (await body(gateway, "/overview"))["usage"]
    assert alone["days"][0]["used_seconds"] == 11652
    assert [one["percent"] for one in alone["warnings"]] == [50]
    assert alone["spending"]["limit_minor"] == 20000


async def test_usage_without_a_running_period(gateway: Gateway) -> None:
    """After the contract's end the overview still stands; its section says why it is empty, the route is a 404."""
    gateway.services.answers[f"invoicing {TENANT}/summary"] |= {"period": None, "status": "closed"}
    overview = await body(gateway, "/overview")
    assert overview["subscription"]["status"] == "Closed"
    assert overview["subscription"]["period"] is None
    assert overview["usage"]["error"]["title"] == "There is no running period."
    assert "error" not in overview["balance"]
    assert (await get(gateway, "/usage")).status_code == 404


async def test_connect_fees_accrue(gateway: Gateway) -> None:
    """A connect fee is a charge of a call: what accrues would fall short of the invoice without it."""
    preview = gateway.services.answers[f"invoicing {TENANT}/preview"]
    fee = {**preview["lines"][0], "kind": "connect_fees", "amount": usd(90)}
    before = (await body(gateway, "/usage"))["accruing"]["minor"]
    preview["lines"] = [*preview["lines"], fee]
    assert (await body(gateway, "/usage"))["accruing"] == usd(before + 90)


async def test_calls_totals_and_file_are_filtered_alike(gateway: Gateway) -> None:
    """Every filter reaches the service under its name, once; what was not asked is not sent."""
    gateway.services.raw[f"usage GET {TENANT}/calls/export"] = httpx.Response(200, content=b"call_id")
    asked = {"direction": "inbound", "number": "201", "class": "national", "start_date": "2026-10-01",
             "end_date": "2026-11-01", "unanswered": "true"}  # fmt: skip
    totals = await body(gateway, "/calls/totals", **asked)
    assert totals == {"calls": 1486, "billed_calls": 1402, "billed_seconds": 216744, "talk_ms": 212810400,
                      "hold_ms": 1240000}  # fmt: skip
    assert dict(gateway.services.requests[-1].url.params) == asked
    await body(gateway, "/calls", **asked)
    assert dict(gateway.services.requests[-1].url.params) == {**asked, "limit": "50"}
    assert (await get(gateway, "/calls/export", **asked)).status_code == 200
    assert dict(gateway.services.requests[-1].url.params) == {**asked, "format": "csv"}


async def test_an_instant_without_a_zone_is_refused(gateway: Gateway) -> None:
    """Nobody can tell which instant it is; no service is asked."""
    answer = await get(gateway, "/calls", **{"from": "2026-10-01T00:00:00"})
    assert (answer.status_code, answer.json()["field"]) == (422, "from")
    assert gateway.services.requests == []


async def test_a_lines_calls_carry_the_equation(gateway: Gateway) -> None:
    """Billed less included is charged; each call says what it adds, and no call has a price of its own."""
    found = await body(gateway, "/line-calls", line="minutes|018f", start_date="2026-10-01", revision="1")
    line = found["line"]
    assert line["billed_seconds"] - line["included_seconds"] == line["charged_seconds"] == 36744
    assert found["calls"][0]["share"] == {
        "billed_seconds": 192, "included_seconds": 0, "charge": "0.060800"
    }  # fmt: skip
    assert "charge" not in found["calls"][0]
    assert (await get(gateway, "/line-calls", line="x")).json()["field"] == "start_date"


async def test_payment_plans_do_not_name_the_providers_people(gateway: Gateway) -> None:
    """Instalments and what Pay Now offers; who agreed on it is the provider's own business."""
    answer = await get(gateway, "/payment-plans")
    (plan,) = answer.json()["payment_plans"]
    assert plan["next_amount"] == usd(8948)
    assert "Ann Reyes" not in answer.text


async def test_standing_keeps_the_providers_words(gateway: Gateway) -> None:
    """Cause, pauses and next step are shown; by whom and why it was decided by hand is not."""
    gateway.services.answers[f"suspension {TENANT}/standing"] |= {
        "suspended": True,
        "cause": "manual",
        "why": "suspended by hand: never pays in time",
        "overrides": [{"kind": "suspend", "reason": "never pays in time", "by": "Ann Reyes"}],
        "pauses": [{"kind": "promise", "since": "2026-11-18T15:24:00Z", "until": None}],
        "next_step_at": "2026-11-25T05:00:00Z",
    }
    for path in ("/standing", "/overview"):
        answer = await get(gateway, path)
        standing = answer.json() if path == "/standing" else answer.json()["standing"]
        assert standing["cause"] == "manual"
        assert [one["kind"] for one in standing["pauses"]] == ["promise"]
        assert standing["next_step_at"] == "2026-11-25T05:00:00Z"
        assert "never pays" not in answer.text and "Ann Reyes" not in answer.text


async def test_refunds_stand_beneath_their_payment(gateway: Gateway) -> None:
    """R58: the refund's negative amount, its words, and the payment's own state beside it."""
    refund = {
        "refund_id": str(PAYMENT),
        "amount": usd(-2000),
        "to": "method",
        "status": "succeeded",
        "status_words": "Refunded",
        "reason": "Billed twice",
        "at": "2026-11-06T10:00:00Z",
        "ended_at": None,
        "sentence": "$20.00 was refunded.",
    }
    row = gateway.services.answers[f"payments {TENANT}/payments"]["payments"][0]
    row |= {"refunded": usd(2000), "refunds": [refund], "status_words": "Partly refunded"}
    shown = (await body(gateway, "/payments"))["payments"][0]
    assert (shown["refunded"], shown["status_words"]) == (usd(2000), "Partly refunded")
    assert shown["refunds"][0]["amount"] == usd(-2000)
    assert shown["refunds"][0]["sentence"] == "$20.00 was refunded."


async def test_the_explanation_is_typed(gateway: Gateway) -> None:
    """Its parts sum to the difference."""
    found = await body(gateway, f"/invoices/{OPEN_INVOICE}/explanation")
    assert sum(part["amount"]["minor"] for part in found["parts"]) == found["difference"]["minor"]
