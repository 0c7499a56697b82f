"""Pay Now: what is typed, what the bank says, and what became of it."""

from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.scenes import payment, takes_cards
from tests.support.fake_services import OPEN_INVOICE, PAYMENT, TENANT, VISA, usd

pytestmark = pytest.mark.browser


async def test_pays_a_part_with_the_banks_confirmation(site: Site) -> None:
    """The button names the amount; the challenge runs; the result says what is still due; one request, recorded."""
    sent: list[Any] = []

    def pay(body: Any) -> tuple[int, Any]:
        sent.append(body)
        return 200, payment("requires_action", client_secret="pi_1_secret_2", publishable_key="pk_test_x")

    def refresh(_: Any) -> tuple[int, Any]:
        for key in (f"invoicing {TENANT}/invoices", f"invoicing {TENANT}/invoices?status=unpaid"):
            site.services.answers[key]["invoices"][0] |= {"paid": usd(25000), "balance": usd(7895)}
        return 200, payment("succeeded")

    site.services.handlers[f"payments POST {TENANT}/payments"] = pay
    site.services.handlers[f"payments POST {TENANT}/payments/{PAYMENT}/refresh"] = refresh
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Amount (USD)")).to_have_value("178.95")
    await expect(dialog.get_by_role("button", name="Pay $178.95")).to_be_enabled()
    await dialog.get_by_label("Amount (USD)").fill("500")
    await expect(dialog).to_contain_text("The balance is $178.95; enter that or less.")
    await dialog.get_by_label("Amount (USD)").fill("100")
    await expect(dialog).to_contain_text("Still due after this payment $178.95 − $100.00 = $78.95")
    await dialog.get_by_role("button", name="Pay $100.00").click()
    await expect(dialog).to_contain_text("$100.00 paid.")
    await expect(dialog).to_contain_text("$78.95 is still due on Nov 22, 2026.")
    assert await page.locator("html").get_attribute("data-challenged") == "yes"
    assert (10000, str(VISA)) == (sent[0]["amount"]["minor"], sent[0]["method_id"])
    assert len(sent) == 1
    assert len(site.audit.rows) == 2
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-section=balance]")).to_contain_text("$78.95")


async def test_a_decline_says_that_no_money_was_taken(site: Site) -> None:
    """The reason's sentence, in an alert that takes the focus; the form stays for another try."""
    sentence = "The server's own words."
    site.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        200,
        payment("failed", sentence=sentence, reason="no_funds"),
    )
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await page.get_by_role("button", name="Pay $178.95").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Your bank declined Visa •••• 4242: not enough funds.")
    await expect(alert).to_contain_text(
        "No money was taken. Choose another payment method or enter a smaller amount"
    )
    await expect(alert).to_be_focused()
    await expect(page.get_by_role("button", name="Pay $178.95")).to_be_enabled()


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("9999", "The balance is $178.95; enter that or less."), ("abc", "Enter an amount like 178.95.")],
)
async def test_a_mistyped_amount_survives_adding_a_card(site: Site, typed: str, problem: str) -> None:
    """Cancel and Save both lead back to the form, with what was typed and what is wrong with it."""
    kept = takes_cards(site)
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("Amount (USD)")
    for leave in ("Cancel", "Save"):
        await amount.fill(typed)
        await dialog.get_by_role("button", name="Add Payment Method").click()
        await expect(dialog).to_contain_text("Card fields of Stripe")
        await dialog.get_by_role("button", name=leave).click()
        await expect(amount).to_have_value(typed)
        await expect(dialog).to_contain_text(problem)
    assert len(kept) == 1
    await amount.fill("100")
    await expect(dialog.get_by_role("button", name="Pay $100.00")).to_be_enabled()


async def test_an_invoice_paid_in_another_tab_is_not_offered_again(site: Site) -> None:
    """The refusal is told, Pay is gone, and the page beneath shows what is due now."""
    reason = "Invoice KV-2026-01187 is already paid; there is nothing to pay."

    def refuse(_: Any) -> tuple[int, Any]:
        site.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"]["invoices"] = []
        paid = {"paid": usd(32895), "balance": usd(0), "status": "Paid"}
        site.services.answers[f"invoicing {TENANT}/invoices"]["invoices"][0] |= paid
        return 409, {"type": "urn:problem/conflict", "title": "Conflict", "detail": reason}

    site.services.handlers[f"payments POST {TENANT}/payments"] = refuse
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Pay $178.95").click()
    await expect(dialog).to_contain_text(reason)
    await expect(dialog).to_contain_text("No money was taken.")
    await expect(dialog.get_by_role("button", name="Pay $178.95")).to_have_count(0)
    await dialog.get_by_role("button", name="Done").click()
    await expect(page.locator("[data-section=balance]")).to_contain_text("Nothing to pay")


async def test_a_payment_on_its_way_is_not_offered_again(site: Site) -> None:
    """Nothing is said about money that may have moved; only Done is left."""
    reason = "A payment for this invoice is already on its way. Don't pay again."
    site.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        409,
        {"type": "urn:problem/payment-on-its-way", "title": "Conflict", "detail": reason},
    )
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Pay $178.95").click()
    await expect(dialog).to_contain_text(reason)
    await expect(dialog.get_by_role("button", name="Pay $178.95")).to_have_count(0)
    await expect(dialog).not_to_contain_text("No money was taken.")
    await expect(dialog.get_by_role("button", name="Done")).to_be_visible()


async def test_what_a_part_payment_leaves_is_told_with_its_own_due_day(site: Site) -> None:
    """A paid invoice's day says nothing about the rest, and a day that is over was, not is."""
    overdue = site.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"]["invoices"]
    overdue[0]["status"] = "Overdue"
    second = UUID("018f0000-0000-7000-8000-0000000c1201")
    overdue.append(
        overdue[0]
        | {"invoice_id": str(second), "number": "KV-2026-01201", "due_on": "2026-12-22", "balance": usd(5000)}
    )

    def pay(body: Any) -> tuple[int, Any]:
        del overdue[0]
        overdue[0] |= {"balance": usd(2895)}
        shares = [
            {"invoice_id": str(OPEN_INVOICE), "number": "KV-2026-01187", "amount": usd(17895)},
            {"invoice_id": str(second), "number": "KV-2026-01201", "amount": usd(2105)},
        ]
        return 200, payment("succeeded", amount=body["amount"], invoices=shares)

    site.services.handlers[f"payments POST {TENANT}/payments"] = pay
    page = await site.open("tenant_admin")
    strip = page.locator("[data-section=balance]")
    await expect(strip).to_contain_text("was due Dec 22, 2026")
    await strip.get_by_role("button", name="Pay Now").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Amount (USD)").fill("200")
    await dialog.get_by_role("button", name="Pay $200.00").click()
    await expect(dialog).to_contain_text("$28.95 is still to be paid; it was due on Dec 22, 2026.")
    await dialog.get_by_role("button", name="Done").click()
    await strip.get_by_role("button", name="Pay Now").click()
    await expect(dialog).to_contain_text("Balance due $28.95, was due on Dec 22, 2026")
