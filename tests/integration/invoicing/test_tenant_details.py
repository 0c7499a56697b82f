"""A tenant moves, is renamed, gets mail elsewhere: over HTTP, told to everybody, zones from the next period (R55)."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from services.invoicing.entrypoints.scheduler import end_periods
from tests.integration.invoicing.conftest import START
from tests.integration.invoicing.money import bill, rows, said
from tests.integration.invoicing.test_http_money import Office, office

__all__ = ["office"]
pytestmark = pytest.mark.integration


async def test_what_is_sent_changes_and_the_rest_stays(office: Office) -> None:
    """One event, one line in the list of changes; issued invoices keep their address."""
    tenant = await office.stage.tenant("fenwick")
    before = await bill(office.stage, tenant, 100)
    path = f"{office.base}/tenants/{tenant.tenant_id}"
    body = {"address": ["7 Quay"], "locale": "de-DE", "billing_email": "new@fenwick.example", "by": "ada"}
    changed = await office.ok("PATCH", path, json=body)
    assert (changed["address"], changed["locale"], changed["name"]) == (["7 Quay"], "de-DE", "Fenwick")
    assert changed == await office.ok("GET", path)
    assert changed == await office.ok("PATCH", path, json=body)
    (event,) = await said(office.stage, "tenant.changed")
    assert (event["address"], event["billing_email"]) == (["7 Quay"], "new@fenwick.example")
    newest = (await office.ok("GET", path + "/changes"))["changes"][0]
    assert (newest["what"], newest["by"]) == ("details changed", "ada")
    assert newest["detail"]["locale"] == {"from": "en-US", "to": "de-DE"}
    assert (await office.ok("GET", office.of(before)))["billed_to"]["address"] == ["48 Alder Avenue"]
    after = await bill(office.stage, tenant, 100, cause="after")
    assert (await office.ok("GET", office.of(after)))["billed_to"]["address"] == ["7 Quay"]


async def test_another_zone_begins_with_the_next_period(office: Office) -> None:
    """R55: October ends at midnight in New York, November at midnight in Los Angeles."""
    stage = office.stage
    tenant = await stage.tenant("fenwick")
    await stage.at(START)
    path = f"{office.base}/tenants/{tenant.tenant_id}"
    changed = await office.ok("PATCH", path, json={"time_zone": "America/Los_Angeles"})
    assert (changed["time_zone"], changed["next_time_zone"]) == ("America/New_York", "America/Los_Angeles")
    assert await said(stage, "tenant.changed") == []
    assert (await office.ok("GET", path + "/changes"))["changes"][0]["effective_on"] == "2026-11-01"
    await stage.at(datetime(2026, 11, 1, 4, 0, tzinfo=UTC))
    await end_periods(stage.open_work)
    assert await rows(stage, "SELECT end_at FROM billing_period ORDER BY start_date") == [
        (datetime(2026, 11, 1, 4, 0, tzinfo=UTC),),
        (datetime(2026, 12, 1, 8, 0, tzinfo=UTC),),
    ]
    assert [one["time_zone"] for one in await said(stage, "tenant.changed")] == ["America/Los_Angeles"]
    shown = await office.ok("GET", path)
    assert (shown["time_zone"], shown["next_time_zone"]) == ("America/Los_Angeles", None)


async def test_a_zone_that_is_taken_back_never_begins(office: Office) -> None:
    tenant = await office.stage.tenant("fenwick")
    path = f"{office.base}/tenants/{tenant.tenant_id}"
    await office.ok("PATCH", path, json={"time_zone": "Europe/Berlin"})
    assert (await office.ok("PATCH", path, json={"time_zone": "America/New_York"}))["next_time_zone"] is None


async def test_bad_details_are_refused(office: Office) -> None:
    """An empty name, a zone that is none, and what cannot be changed."""
    tenant = await office.stage.tenant("fenwick")
    path = f"{office.base}/tenants/{tenant.tenant_id}"
    for body, field in (
        ({"name": None}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"locale": "xx"}, "locale"),
        ({"sip_domain": "other.example"}, "sip_domain"),
        ({"country": "ZZ"}, "country"),
    ):
        assert (await office.refused("PATCH", path, body))[::2] == (422, field)


async def test_one_billing_option_changes_and_the_others_stay(office: Office) -> None:
    """PATCH: setting what becomes of zero invoices must not turn tax-inclusive prices off."""
    path = office.base + "/settings"
    await office.ok("PATCH", path, json={"billing": {"prices_include_tax": True, "credit_note_prefix": "CR"}})
    changed = await office.ok("PATCH", path, json={"billing": {"zero_invoices": "skip"}})
    assert changed["billing"]["prices_include_tax"] is True
    assert (changed["billing"]["zero_invoices"], changed["billing"]["credit_note_prefix"]) == ("skip", "CR")
    changed = await office.ok("PATCH", path, json={"billing": {"credit_note_prefix": None}})
    assert changed["billing"]["credit_note_prefix"] in (None, "KVCN")
    refused = await office.refused("PATCH", path, {"billing": {"tax_date": None}})
    assert refused == (422, "invalid-input", "billing.tax_date")


async def test_a_plan_names_the_deck_that_rates_it(office: Office) -> None:
    """Usage is told by plan.changed."""
    plan = {
        "name": "By deck",
        "billing_model": "pay_as_you_go",
        "currency": "USD",
        "prices": {},
        "rated_by_deck": True,
        "deck": "wholesale",
    }
    made = await office.ok("POST", office.base + "/plans", json=plan)
    told = [one for one in await said(office.stage, "plan.changed") if one["plan_id"] == made["plan_id"]]
    assert [one["deck"] for one in told] == ["wholesale"]
    listed = (await office.ok("GET", office.base + "/plans"))["plans"]
    assert [one["deck"] for one in listed if one["plan_id"] == made["plan_id"]] == ["wholesale"]
    assert (await office.refused("POST", office.base + "/plans", {**plan, "deck": "No/Deck"}))[2] == "deck"


async def test_a_logo_as_large_as_it_may_be_comes_through(office: Office) -> None:
    """1 MiB as a data address is 1.4 MB of body; beyond that the answer says what to send instead."""
    path = office.base + "/settings"
    for size, status in ((1024 * 1024 - 200, 200), (1024 * 1024 + 1, 422), (2 * 1024 * 1024, 413)):
        drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--'
        drawing += b"x" * (size - len(drawing) - 9) + b"--></svg>"
        logo = "data:image/svg+xml;base64," + b64encode(drawing).decode()
        brand = {"name": "Kestrel", "colour": "#0B5FA5", "logo": logo}
        answer = await office.client.patch(path, json={"brand": brand})
        assert answer.status_code == status, answer.text[:300]
    assert "fewer pixels" in answer.json()["detail"]


async def test_a_refusal_reads_as_one_sentence(office: Office) -> None:
    answer = await office.client.patch(office.base + "/settings", json={"locale": "xx"})
    assert answer.json()["detail"] == (
        "locale: 'xx' is not a known locale; write it like en-US or de-DE. Correct it and send again."
    )
