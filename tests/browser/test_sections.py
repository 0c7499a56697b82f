"""Sections beyond the plain month: filters, payment plans, refunds, alerts, stale and offline figures, print."""

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.scenes import agree_plan, payment, text_of
from tests.support.fake_services import OPEN_INVOICE, TENANT, VISA, usd

pytestmark = pytest.mark.browser


async def test_a_payment_plan_shows_its_instalments_and_takes_the_next_one(site: Site) -> None:
    """Dates, amounts and state; Pay Now offers the next instalment, asks for no less, and pays towards the plan."""
    agree_plan(site)
    sent: list[Any] = []

    def pay(body: Any) -> tuple[int, Any]:
        sent.append(body)
        return 200, payment("succeeded", amount=body["amount"])

    site.services.handlers[f"payments POST {TENANT}/payments"] = pay
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=plan]")).to_contain_text("On schedule")
    shown = await text_of(page, "[data-section=plan]")
    for words in ("For KV-2026-01187", "$178.95", "Nov 25, 2026", "$89.48", "Dec 25, 2026", "$89.47", "Open"):
        assert words in shown, words
    await page.get_by_role("button", name="Pay $89.48").click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("Amount (USD)")
    await expect(amount).to_have_value("89.48")
    await amount.fill("50")
    await expect(dialog).to_contain_text("The instalment is $89.48; enter that or more.")
    await amount.fill("89.48")
    await dialog.get_by_role("button", name="Pay $89.48").click()
    await expect(dialog).to_contain_text("$89.48 paid.")
    assert (sent[0]["payment_plan_id"], sent[0]["amount"]["minor"]) == (str(UUID(int=21)), 8948)
    assert not sent[0].get("invoice_ids")


async def test_a_refund_is_a_row_of_its_own_with_its_sentence(site: Site) -> None:
    """The guide: a refund row in Payment History, to the card or as credit; negative, in its day's place."""
    row = site.services.answers[f"payments {TENANT}/payments"]["payments"][0]
    refund = {"refund_id": str(UUID(int=9)), "status_words": "", "reason": "Asked for", "sentence": ""}
    row["refunds"] = [
        refund | {"amount": usd(-2000), "to": "method", "status": "succeeded", "at": "2026-11-06T10:00:00Z"},
        refund | {"amount": usd(-500), "to": "credit", "status": "succeeded", "at": "2026-11-07T10:00:00Z"},
    ]
    page = await site.open("tenant_admin")
    history = page.locator("[data-section=payments]")
    await expect(history).to_contain_text("Kestrel Voice refunded $20.00 to Mastercard")
    await expect(history).to_contain_text("Kestrel Voice credited $5.00. It comes off your next invoice.")
    first = history.locator("tbody tr").first
    await expect(first).to_contain_text("\u2212$5.00")
    await expect(first).to_contain_text("Refunded")


async def test_invoices_can_be_filtered(site: Site) -> None:
    """All, Unpaid, Paid; the choice is told to screen readers and an empty list says why it is empty."""
    answers = site.services.answers
    answers[f"invoicing {TENANT}/invoices?status=paid"] = {"invoices": [], "next": None}
    page = await site.open("tenant_admin")
    section = page.locator("[data-section=invoices]")
    await expect(section.locator("tbody tr")).to_have_count(2)
    await section.get_by_role("button", name="Unpaid").click()
    await expect(section.locator("tbody tr")).to_have_count(1)
    await expect(section.get_by_role("button", name="Unpaid")).to_have_attribute("aria-pressed", "true")
    await section.get_by_role("button", name="Paid", exact=True).click()
    await expect(section).to_contain_text("No paid invoices yet.")


async def test_the_spend_limit_and_alerts_are_told(site: Site) -> None:
    """What was reached, and that calls are stopped; whom to ask."""
    usage = site.services.answers[f"usage {TENANT}/usage"]
    usage["warnings"] = [
        {"kind": "included_minutes", "subject": "included", "percent": 80, "used": 144000, "limit": 180000}
    ]
    page = await site.open("tenant_admin")
    await expect(page.locator("main")).to_contain_text("80% of your included minutes are used.")
    usage["spending"] = {
        "spend_minor": 20000, "alert_minor": None, "limit_minor": 20000, "currency": "USD", "holds": True,
        "released": False,
    }  # fmt: skip
    await page.reload()
    await expect(page.locator("main")).to_contain_text("You have come to your spend limit of $200.00.")
    await expect(page.locator("main")).to_contain_text("Ask Kestrel Voice to let them through again.")


async def test_late_figures_and_no_connection_are_said(site: Site) -> None:
    """Stale usage names its time; offline keeps the figures, says from when, and does not take a payment."""
    site.services.answers[f"suspension {TENANT}/standing"]["as_of"] = "2026-11-18T15:44:00Z"
    page = await site.open("tenant_admin")
    section = page.locator("[data-section=usage]")
    await expect(section).to_contain_text("As of 10:24\u202fAM, newer calls not counted yet")
    # What Pay Now needs is fetched once the page stands; the page's policy forbids Playwright to wait by evaluation.
    fetched = "performance.getEntriesByName(new URL('/static/dialogs/pay_now.js', location)).length > 0"
    while not await page.evaluate(fetched):
        await asyncio.sleep(0.05)
    await page.context.set_offline(True)
    await expect(page.locator("main")).to_contain_text("You're offline. Figures are from")
    await expect(page.locator("[data-section=balance]")).to_contain_text("$178.95")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await page.get_by_role("button", name="Pay $178.95").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Paying needs a connection.")
    await page.context.set_offline(False)


async def test_print_has_the_table_and_no_controls(site: Site) -> None:
    """Light, whole rows, the chart's table in its place."""
    page = await site.open("tenant_admin", dark=True)
    await expect(page.locator(".chart")).to_be_visible()
    await page.emulate_media(media="print")
    await expect(page.locator(".days-table")).to_be_visible()
    for gone in (".chart", "nav", "[data-section=balance] button", ".switch"):
        await expect(page.locator(gone).first).to_be_hidden()
    # Asked again until it holds: a section that is drawn anew in between is no element of the page any more.
    await expect(page.locator("[data-section=usage]")).to_have_css("background-color", "rgb(255, 255, 255)")


async def test_picked_calls_become_a_question_to_the_provider(site: Site) -> None:
    """Disputed charges: the mail names the calls; totals are asked where the search says from when to when."""
    site.services.answers[f"usage {TENANT}/calls/totals"] = {
        "calls": 1486, "billed_calls": 1402, "billed_seconds": 216744, "talk_ms": 1, "hold_ms": 0,
    }  # fmt: skip
    page = await site.open("tenant_admin", path="/billing/calls?from=2026-10-01&to=2026-11-01")
    section = page.locator("[data-section=calls]")
    await expect(section).to_contain_text("1,486 calls, 3,612.4 min")
    await section.get_by_role("checkbox").first.check()
    ask = section.get_by_role("link", name="Ask Kestrel Voice about these calls")
    await expect(ask).to_have_attribute("href", re.compile(r"%2B19175550133"))
    await expect(ask).to_have_attribute("href", re.compile(r"3\.2%20min"))


async def test_deleting_the_only_method_says_that_auto_pay_ends(site: Site) -> None:
    """R62: what follows is said before it is done."""
    held = site.services.answers[f"payments {TENANT}/methods"]
    held["methods"] = held["methods"][:1]
    site.services.handlers[f"payments DELETE {TENANT}/methods/{VISA}"] = lambda _: (
        200,
        {"default": None, "auto_pay_turned_off": True},
    )
    page = await site.open("tenant_admin")
    await page.get_by_role("button", name="Delete Visa").click()
    await expect(page.get_by_role("dialog")).to_contain_text("so auto-pay will be turned off")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_turning_auto_pay_off_asks_first(site: Site) -> None:
    """Nothing is switched before the person has said so."""
    switched: list[Any] = []

    def switch(body: Any) -> tuple[int, Any]:
        switched.append(body["enabled"])
        return 200, {"enabled": False, "since": None, "open_invoices": []}

    site.services.handlers[f"payments PUT {TENANT}/auto-pay"] = switch
    page = await site.open("tenant_admin")
    await page.get_by_role("switch").click()
    await expect(page.get_by_role("dialog")).to_contain_text(
        "You will pay each invoice yourself by its due date."
    )
    assert switched == []
    await page.get_by_role("button", name="Turn Off").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert switched == [False]


async def test_another_method_becomes_the_default(site: Site) -> None:
    """One press; the badge moves when the server says so."""
    held = site.services.answers[f"payments {TENANT}/methods"]["methods"]

    def choose(_: Any) -> tuple[int, Any]:
        held[0]["is_default"], held[1]["is_default"] = False, True
        return 204, None

    site.services.handlers[f"payments POST {TENANT}/methods/{held[1]['method_id']}/default"] = choose
    page = await site.open("tenant_admin")
    await page.get_by_role("button", name="Set as Default: Mastercard").click()
    await expect(page.locator(".method", has_text="Mastercard").locator(".badge").first).to_have_text(
        "Default"
    )


async def test_an_invoice_leads_to_the_calls_of_its_line(site: Site) -> None:
    """From a line to exactly its calls, with the sum that makes the line."""
    invoice = site.services.answers[f"invoicing {TENANT}/invoices/{OPEN_INVOICE}"]
    line = next(one for one in invoice["lines"] if one["kind"] == "minutes")
    line["evidence"] = {"key": "national/outbound", "revision": 3, "calls": 1486}
    call = site.services.answers[f"usage {TENANT}/calls"]["calls"][0]
    share = {"billed_seconds": 192, "included_seconds": 0, "charge": "0.06"}
    made = {
        "call_class": "national", "direction": "outbound", "calls": 1486, "billed_seconds": 216744,
        "included_seconds": 180000, "charged_seconds": 36744, "price_per_minute": "0.019", "charge": "11.6356",
    }  # fmt: skip
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    await page.get_by_role("link", name="See the 1,486 calls").wait_for()
    site.services.answers[f"usage {TENANT}/calls"] = {
        "calls": [call | {"share": share}], "next": None, "line": made, "revision": 3,
    }  # fmt: skip
    await page.get_by_role("link", name="See the 1,486 calls").click()
    await expect(page.locator(".equation")).to_contain_text("Billed time of 1,486 calls")
    shown = await text_of(page, ".equation")
    for words in ("3,612.4 min", "3,000.0 min", "612.4 min", "$0.019", "$11.64"):
        assert words in shown, words
