"""The page shows what the guide promises, to whom it may be shown, and pays."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.scenes import suspend, takes_cards, text_of
from tests.support.fake_services import OPEN_INVOICE, PAID_INVOICE, TENANT, VISA
from tests.support.house import until

pytestmark = pytest.mark.browser

SECTIONS = ["Subscription Summary", "Usage This Period", "Payment Methods", "Invoices", "Payment History"]


async def test_overview_shows_every_section_of_the_guide(site: Site) -> None:
    """Names and order of the guide; figures, dates and statuses in the tenant's words."""
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=payments] table")).to_be_visible()
    assert await page.locator("main h2").all_inner_texts() == SECTIONS
    assert "#token" not in page.url
    strip = await text_of(page, "[data-section=balance]")
    assert "$178.95" in strip and "Sunday, Nov 22, 2026" in strip and "Pay Now" in strip
    summary = await text_of(page, "[data-section=subscription]")
    for words in ("Professional", "Active", "Flat Rate", "$249.00", "Nov 1 – 30, 2026", "Dec 1, 2026"):
        assert words in summary
    usage = await text_of(page, "[data-section=usage]")
    for words in (
        "22",
        "20 included",
        "2 above × $12.00",
        "2,155.6",
        "844.4 left, then $0.019 a minute",
        "$26.50",
    ):
        assert words in usage
    methods = await text_of(page, "[data-section=methods]")
    for words in (
        "Visa •••• 4242",
        "Default",
        "Expires 04/2028",
        "Set as Default",
        "Delete",
        "Auto-pay is on",
    ):
        assert words in methods
    invoices = await text_of(page, "[data-section=invoices]")
    for words in (
        "KV-2026-01187",
        "Nov 22, 2026",
        "$328.95",
        "Partially Paid",
        "View Detail",
        "Download PDF",
    ):
        assert words in invoices
    history = await text_of(page, "[data-section=payments]")
    for words in (
        "Nov 5, 2026",
        "Mastercard •••• 4444",
        "Succeeded",
        "Refund to Visa •••• 4242",
        "\u2212$20.00",
    ):
        assert words in history
    assert "billing@kestrelvoice.example" in await text_of(page, "footer")


@pytest.mark.parametrize("model", ["flat_rate", "pay_as_you_go"])
async def test_a_trial_says_that_its_use_is_not_billed(site: Site, model: str) -> None:
    """R44: what is above the plan is counted, without a price and without a warning."""
    summary = site.services.answers[f"invoicing {TENANT}/summary"]
    summary |= {"status": "trial", "trial_ends_on": "2026-12-01"}
    summary["plan"]["billing_model"] = model
    site.services.answers[f"usage {TENANT}/usage"]["billed_seconds"] = 180_000 + 46_620
    page = await site.open("tenant_admin")
    section = page.locator("[data-section=usage]")
    await expect(section).to_contain_text("Trial use is not billed. Charges begin on Dec 1, 2026.")
    shown = await text_of(page, "[data-section=usage]")
    assert ("777.0 above, not billed" in shown) == (model == "flat_rate")
    assert "Overage" not in shown and "Total" not in shown and "$26.50" not in shown
    await expect(section.locator(".warn-text, .above")).to_have_count(0)


async def test_a_section_that_is_away_says_so_and_comes_back(site: Site) -> None:
    """The others work; Try Again brings it."""
    site.services.away.add("usage")
    page = await site.open("tenant_admin")
    section = page.locator("[data-section=usage]")
    await expect(section).to_contain_text("Usage can't be loaded right now.")
    await expect(page.locator("[data-section=invoices]")).to_contain_text("KV-2026-01187")
    site.services.away.clear()
    await section.get_by_role("button", name="Try Again").click()
    await expect(section).to_contain_text("2,155.6")


async def test_a_tenant_user_sees_no_amounts(site: Site) -> None:
    """R60: service is interrupted, whom to ask; no money, no billing section, no request for any."""
    suspend(site)
    page = await site.open("tenant_user")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Phone service is interrupted")
    body = await text_of(page, "body")
    assert "$" not in body and "KV-2026" not in body and "Pay" not in body
    assert "billing@kestrelvoice.example" in body and "Emergency calls" in body
    assert not [
        one for one in site.services.requests if "/invoices" in one.url.path or "/payments" in one.url.path
    ]


async def test_markup_in_a_name_stays_text(site: Site) -> None:
    """A tenant, a plan and a call record cannot bring script into the page."""
    evil = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    answers = site.services.answers
    answers[f"invoicing {TENANT}"]["name"] = evil
    answers[f"invoicing {TENANT}/summary"]["plan"]["name"] = evil
    answers[f"usage {TENANT}/calls"]["calls"][0]["from"] = evil
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=subscription]")).to_contain_text(evil)
    await expect(page.locator(".whose")).to_contain_text(evil)
    await page.get_by_role("link", name="Call History").click()
    await expect(page.locator("[data-section=calls] td").nth(1)).to_have_text(evil)
    assert "owned" not in await page.title()


async def test_without_a_token_the_page_says_what_to_do(site: Site) -> None:
    """No login form of our own: the portal signs people in."""
    page = await site.open()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in")
    assert site.services.requests == []


@pytest.mark.parametrize(
    ("token", "heading"), [("broken", "Please sign in again"), (None, "Your sign-in has expired")]
)
async def test_a_token_that_does_not_hold_is_told_in_peoples_words(
    site: Site, token: str | None, heading: str
) -> None:
    """Nothing about tokens and their segments; where to sign in again."""
    page = await site.open()
    spent = token or site.people.token("tenant_admin", ttl=timedelta(0))
    await page.goto(f"{site.address}/billing?again#token={spent}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    shown = await text_of(page, "main")
    assert "Open Billing again from your phone portal" in shown
    assert "token" not in shown and "segments" not in shown


async def test_an_invoice_shows_header_lines_and_totals(site: Site) -> None:
    """Everything the guide names, with a link to the calls and the PDF as a file."""
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Invoice KV-2026-01187")
    shown = await text_of(page, "[data-section=invoice]")
    for words in (
        "Nov 1, 2026", "Nov 22, 2026", "Professional plan", "612.4 min", "$0.019", "$11.64", "Number transfer",
        "$302.14", "New York sales tax, 8.875% of $302.14", "$26.81", "$328.95", "\u2212$150.00", "$178.95",
        "Kestrel Voice LLC", "48 Alder Avenue",
    ):  # fmt: skip
        assert words in shown, words
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download PDF").click()
    assert (await started.value).suggested_filename == "KV-2026-01187.pdf"


async def test_an_invoice_says_why_it_is_higher(site: Site) -> None:
    """The guide's common question: each part with its amount, the largest first, and their sum (R56)."""
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    section = page.locator("[data-section=explanation]")
    await expect(section).to_contain_text("Why is my bill higher this month?")
    shown = await text_of(page, "[data-section=explanation]")
    # By its day once the list of invoices is there, by its number before.
    assert "Oct 1 invoice" in shown or "Invoice KV-2026-01068" in shown
    assert shown.index("Number transfer\n+$15.00") < shown.index("+$12.00") < shown.index("+$8.82")
    assert shown.rstrip().endswith("+$41.72")


async def test_a_comparison_that_is_away_leaves_the_invoice(site: Site) -> None:
    """The section says so and can be tried again; lines and totals stand."""
    key = f"invoicing {TENANT}/invoices/{OPEN_INVOICE}/explanation"
    kept = site.services.answers.pop(key)
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    section = page.locator("[data-section=explanation]")
    await expect(section).to_contain_text("can't be loaded right now")
    await expect(page.locator("[data-section=invoice]")).to_contain_text("Balance due")

    async def looked_twice() -> bool:
        asked = [one for one in site.services.requests if one.url.path.endswith("/explanation")]
        return len(asked) >= 2

    # The page looks once at the address and once more when the overview has come; then it stands still.
    await until("the second look", looked_twice)
    await expect(section).to_contain_text("can't be loaded right now")
    site.services.answers[key] = kept
    await section.get_by_role("button", name="Try Again").click()
    await expect(page.locator("[data-section=explanation]")).to_contain_text("+$41.72")


async def test_a_line_can_be_asked_about(site: Site) -> None:
    """Disputed charges: the mail to the provider carries invoice number and line."""
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    ask = page.get_by_role("link", name="Ask about Professional plan")
    address = await ask.get_attribute("href")
    assert address is not None
    assert address.startswith("mailto:billing@kestrelvoice.example?subject=Invoice%20KV-2026-01187")
    assert "Professional%20plan" in address


async def test_an_invoice_shows_payments_from_further_back(site: Site) -> None:
    """The history is read to its end, not only as far as Billing shows it; other invoices' payments stay out."""
    path = f"payments {TENANT}/payments"
    first = site.services.answers[path]
    mine, other = first["payments"]
    site.services.answers[path] = {"payments": [other], "next": "older"}
    site.services.answers[f"{path}?cursor=older"] = {"payments": [mine], "next": None}
    page = await site.open("tenant_admin", path=f"/billing/invoices/{OPEN_INVOICE}")
    section = page.locator("[data-section=invoice-payments]")
    await expect(section).to_contain_text("Mastercard")
    await expect(section.locator("tbody tr")).to_have_count(1)
    site.services.away.add("payments")
    await page.reload()
    await expect(section).to_contain_text("The payments on this invoice can't be loaded right now.")
    site.services.away.clear()


async def test_saves_a_payment_method_and_warns_before_deleting_the_default(site: Site) -> None:
    """Stripe's fields in a dialog; deleting the default asks for the next one in the same step (R62)."""
    saved: list[Any] = []
    deleted: list[str] = []
    site.services.handlers[f"payments POST {TENANT}/setup-intents"] = lambda _: (
        201,
        {"setup_intent": "seti_1", "client_secret": "seti_1_secret_2", "publishable_key": "pk_test_x"},
    )

    def keep(body: Any) -> tuple[int, Any]:
        saved.append(body)
        return 200, {}

    def delete(_: Any) -> tuple[int, Any]:
        deleted.append("visa")
        return 200, {"default": None, "auto_pay_turned_off": False}

    site.services.handlers[f"payments POST {TENANT}/methods"] = keep
    site.services.handlers[f"payments DELETE {TENANT}/methods/{VISA}"] = delete
    page = await site.open("tenant_admin")
    await page.get_by_role("button", name="Add Payment Method").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Card fields of Stripe")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert saved == [{"setup_intent": "seti_stand_in"}]
    await page.get_by_role("button", name="Delete Visa").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Choose which payment method becomes the default.")
    await expect(dialog.get_by_label("Next default")).to_contain_text("Mastercard •••• 4444")
    await dialog.get_by_role("button", name="Delete", exact=True).click()
    await expect(dialog).to_have_count(0)
    assert deleted == ["visa"]


async def test_auto_pay_without_a_card_asks_for_one_and_is_turned_on(site: Site) -> None:
    """The dialog says why a card is wanted; saving it is all that auto-pay waits for, then what is open is offered."""
    held = site.services.answers[f"payments {TENANT}/methods"]
    held |= {"methods": [], "auto_pay": {"enabled": False, "since": None}}
    switched: list[Any] = []

    def switch(body: Any) -> tuple[int, Any]:
        switched.append((body["enabled"], len(held["methods"])))
        held["auto_pay"] = {"enabled": True, "since": "2026-11-18T15:30:00Z"}
        return 200, {**held["auto_pay"], "open_invoices": []}

    kept = takes_cards(site)
    site.services.handlers[f"payments PUT {TENANT}/auto-pay"] = switch
    page = await site.open("tenant_admin")
    toggle = page.get_by_role("switch")
    dialog = page.get_by_role("dialog")
    await toggle.click()
    await expect(dialog).to_contain_text("Auto-pay needs a payment method to charge.")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(toggle).to_have_attribute("aria-checked", "false")
    assert switched == []
    await toggle.click()
    await expect(dialog).to_contain_text("Card fields of Stripe")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_contain_text("Pay invoice KV-2026-01187")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(toggle).to_have_attribute("aria-checked", "true")
    assert (len(kept), switched) == (1, [(True, 1)])


async def test_a_suspended_admin_lands_on_the_suspension_page(site: Site) -> None:
    """What is owed, what works, one button that restores; then the page notices that service is back."""
    suspend(site)
    page = await site.open("tenant_admin")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your phone service is suspended")
    assert page.url.endswith("/billing/suspended")
    shown = await text_of(page, "main")
    for words in (
        "was due on Nov 22, 2026", "$178.95", "hear “service interrupted”", "always go through",
        "Suspended, 14 days past due", "A partial payment does not restore service.",
    ):  # fmt: skip
        assert words in shown, words
    await expect(page.get_by_role("button", name="Pay $178.95 and restore service")).to_be_visible()
    site.services.answers[f"suspension {TENANT}/standing"] |= {"suspended": False, "stage": "none"}
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Your phone service works again", timeout=10_000
    )


async def test_the_suspension_page_is_for_the_suspended(site: Site) -> None:
    """Whoever was never suspended is led to Billing and not told that service is restored."""
    page = await site.open("tenant_admin", path="/billing/suspended")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Billing")
    await expect(page).to_have_url(re.compile("/billing$"))
    await expect(page.locator("main")).not_to_contain_text("restored")


async def test_a_failed_payment_says_when_it_will_be_tried_again(site: Site) -> None:
    """R61: auto-pay's retry dates are shown, as days to come."""
    row = site.services.answers[f"payments {TENANT}/payments"]["payments"][0]
    row |= {"status": "failed", "reason": "no_funds", "next_retry_at": "2026-12-03T15:00:00Z"}
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=payments]")).to_contain_text(
        "Will be tried again on Dec 3, 2026"
    )


async def test_a_ticked_invoice_stays_ticked(site: Site) -> None:
    """The page asks every few seconds whether service is back; that takes neither the choice nor the focus away."""
    suspend(site)
    rows = site.services.answers[f"invoicing {TENANT}/invoices?status=unpaid"]["invoices"]
    later = UUID("018f0000-0000-7000-8000-0000000c1201")
    rows.append(
        rows[0]
        | {"invoice_id": str(later), "number": "KV-2026-01201", "due_on": "2026-12-22", "status": "Sent"}
    )
    page = await site.open("tenant_admin")
    box = page.get_by_role("checkbox", name="KV-2026-01201")
    await box.check()
    await expect(page.get_by_role("button", name="Pay $357.90 and restore service")).to_be_visible()
    for _ in range(2):
        async with page.expect_response("**/api/v1/session") as answer:
            pass
        await (await answer.value).finished()
        await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    await expect(box).to_be_checked()
    await expect(box).to_be_focused()
    await expect(page.get_by_role("button", name="Pay $357.90 and restore service")).to_be_visible()
    await box.uncheck()
    await expect(page.get_by_role("button", name="Pay $178.95 and restore service")).to_be_visible()


async def test_no_sideways_scrolling_on_a_narrow_screen(site: Site) -> None:
    """At 320 px every view fits, with long names as well."""
    site.services.answers[f"invoicing {TENANT}"]["name"] = (
        "Donaudampfschifffahrtsgesellschaftskapitän & Söhne"
    )
    for path in (
        "/billing",
        f"/billing/invoices/{PAID_INVOICE}",
        f"/billing/invoices/{OPEN_INVOICE}",
        "/billing/calls",
    ):
        page = await site.open("tenant_admin", path=path, width=320)
        await expect(page.locator("main h1")).to_be_visible()
        await expect(page.locator(".skeleton")).to_have_count(0)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (path, wide)


@pytest.mark.parametrize(("width", "shown"), [(390, True), (800, False), (1280, True)])
async def test_the_issue_date_only_yields_where_columns_are_short(
    site: Site, width: int, shown: bool
) -> None:
    """On a phone an invoice is a block with room for it; only between 600 and 959 it is left out."""
    page = await site.open("tenant_admin", width=width)
    cell = page.locator("[data-section=invoices] td[data-name='Issue date']").first
    await expect(cell).to_have_text("Nov 1, 2026")
    await expect(cell).to_be_visible(visible=shown)


async def test_money_and_days_follow_the_tenants_locale(site: Site) -> None:
    """The figures of design/ui.md for German: comma, currency behind, months in letters."""
    for key in (f"invoicing {TENANT}", f"invoicing {TENANT}/summary"):
        site.services.answers[key]["locale"] = "de"
    page = await site.open("tenant_admin")
    await expect(page.locator("[data-section=payments] table")).to_be_visible()
    assert "328,95 $" in await text_of(page, "[data-section=invoices]")
    assert "22. Nov. 2026" in await text_of(page, "[data-section=invoices]")
    assert "1.–30. Nov. 2026" in await text_of(page, "[data-section=subscription]")
