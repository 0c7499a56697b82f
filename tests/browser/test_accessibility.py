"""axe finds nothing in any view, in both themes; a keyboard alone pays, and the focus comes back."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.scenes import payment, suspend, takes_cards
from tests.support.axe import axe_source
from tests.support.fake_services import OPEN_INVOICE, TENANT

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe() -> str:
    return axe_source()


async def violations(page: Page, axe: str) -> list[str]:
    """What axe has against the page as it stands: rule and element."""
    # A dialog that still fades in has not its colours yet.
    await page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    # Evaluated by the debugger: the page's policy forbids a script from elsewhere, as it should.
    await page.evaluate(f"{axe};0")
    found: dict[str, Any] = await page.evaluate("(rules) => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_axe_finds_nothing(site: Site, axe: str, dark: bool, width: int) -> None:
    """Overview, table of the chart, dialogs, invoice, calls; the suspension pages; signing in."""
    takes_cards(site)
    wrong: dict[str, list[str]] = {}
    page = await site.open("tenant_admin", width=width, dark=dark)
    await expect(page.locator("[data-section=payments] table")).to_be_visible()
    wrong["overview"] = await violations(page, axe)
    await page.get_by_role("button", name="Show as table").click()
    wrong["table"] = await violations(page, axe)
    await page.get_by_role("button", name="Show as chart").click()
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    wrong["pay now"] = await violations(page, axe)
    await page.keyboard.press("Escape")
    await page.goto(f"{site.address}/billing/invoices/{OPEN_INVOICE}")
    await expect(page.locator("[data-section=explanation]")).to_contain_text("Together")
    wrong["invoice"] = await violations(page, axe)
    await page.goto(f"{site.address}/billing/calls")
    await expect(page.locator("[data-section=calls] tbody tr").first).to_be_visible()
    await page.locator("[data-section=calls] input[type=checkbox]").first.check()
    wrong["calls"] = await violations(page, axe)
    suspend(site)
    await page.goto(f"{site.address}/billing")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your phone service is suspended")
    wrong["suspended"] = await violations(page, axe)
    user = await site.open("tenant_user", width=width, dark=dark)
    await expect(user.get_by_role("heading", level=1)).to_have_text("Phone service is interrupted")
    wrong["user"] = await violations(user, axe)
    assert {view: found for view, found in wrong.items() if found} == {}


async def test_a_keyboard_pays_and_the_focus_comes_back(site: Site) -> None:
    """Pay Now by Enter, the amount first, Tab to Pay, Done; then the focus is on Pay Now again."""
    site.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (
        200,
        payment("failed", reason="declined"),
    )
    page = await site.open("tenant_admin")
    opener = page.locator("[data-section=balance]").get_by_role("button", name="Pay Now")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Amount (USD)")).to_be_focused()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.get_by_role("button", name="Pay $178.95").evaluate(
            "(one) => one === document.activeElement"
        ):
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(opener).to_be_focused()


async def test_the_chart_is_one_stop_and_speaks(site: Site) -> None:
    """One tab stop, arrows between days, a name with the sum and the highest day."""
    site.services.answers[f"usage {TENANT}/usage"]["days"] = [
        {"day": "2026-11-09", "calls": 70, "billed_seconds": 10692},
        {"day": "2026-11-10", "calls": 78, "billed_seconds": 11652},
    ]
    page = await site.open("tenant_admin")
    chart = page.get_by_role("slider")
    await expect(chart).to_have_attribute(
        "aria-label", re.compile(r"Minutes a day, Nov 1\s–\s18: 372\.4 in all, most on Nov 10, 194\.2\.")
    )
    await chart.focus()
    await expect(chart).to_have_attribute("aria-valuetext", "Tue, Nov 10: 194.2 min · 78 calls")
    await page.keyboard.press("ArrowLeft")
    await expect(chart).to_have_attribute("aria-valuetext", "Mon, Nov 9: 178.2 min · 70 calls")
    await page.keyboard.press("End")
    await expect(chart).to_have_attribute("aria-valuenow", "18")
    await page.get_by_role("button", name="Show as table").click()
    await expect(page.locator(".days-table tbody tr")).to_have_count(18)
    await expect(chart).to_have_count(0)
