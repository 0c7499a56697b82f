"""<tollgate-billing> inside of a provider's portal, which is another origin with styles of its own."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from deploy.demo.portal import build_portal
from services.gateway.main import build
from tests.browser.conftest import ERRORS, Server
from tests.browser.scenes import payment, takes_cards
from tests.support.billing_people import People, gateway_settings
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import TENANT, FakeServices

pytestmark = pytest.mark.browser


class Portal:
    """The portal's page, and the services behind the gateway that its element calls."""

    def __init__(self, page: Page, services: FakeServices) -> None:
        self.page = page
        self.services = services


@pytest.fixture
async def portal(signed_people: People, browser: Browser, stripe_address: str) -> AsyncIterator[Portal]:
    """The gateway has to know the portal's origin, and the portal the gateway's: the portal is opened first."""
    services, audit = FakeServices(), FakeAuditLog()
    known: list[str] = []
    token = signed_people.token("tenant_admin")
    ERRORS.clear()
    with Server(build_portal(lambda: (known[0], token))) as portal_server:
        settings = gateway_settings(
            signed_people, stripe_js_url=f"{stripe_address}/stripe.js", portal_origins=portal_server.address
        )
        app = build(settings, transport=services, open_work=lambda: FakeWork(audit))
        with Server(app) as gateway:
            known.append(gateway.address)
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            page = await context.new_page()
            page.on("pageerror", lambda error: ERRORS.append(str(error)))
            page.on(
                "console",
                lambda message: ERRORS.append(message.text) if message.type == "error" else None,
            )
            await page.goto(portal_server.address)
            yield Portal(page, services)
            await context.close()
    assert ERRORS == []


async def test_the_page_works_inside_of_a_portal(portal: Portal) -> None:
    """Everything is there but the top bar; headings go on from the host's; the host's styles stay outside."""
    page = portal.page
    await expect(page.locator("tollgate-billing [data-section=payments] table")).to_be_visible()
    assert await page.locator("tollgate-billing h2").all_inner_texts() == ["Billing"]
    assert "Payment Methods" in await page.locator("tollgate-billing h3").all_inner_texts()
    await expect(page.locator("tollgate-billing header, tollgate-billing nav")).to_have_count(0)
    colour = await page.locator("tollgate-billing h2").evaluate("(one) => getComputedStyle(one).color")
    assert colour != "rgb(255, 0, 255)"
    assert "token" not in await page.locator("tollgate-billing").evaluate("(one) => one.outerHTML")


async def test_addresses_are_told_and_taken(portal: Portal) -> None:
    """`navigate` carries the new address; the host's way back leads back."""
    page = portal.page
    await page.locator("tollgate-billing").get_by_role("link", name="View Detail").first.click()
    await expect(page.get_by_role("heading", name="Invoice KV-2026-01187")).to_be_visible()
    assert "#/billing/invoices/" in page.url
    await page.go_back()
    await expect(page.get_by_role("heading", name="Payment History")).to_be_visible()


async def test_the_dialog_stands_at_the_bodys_end_with_the_bank_fields_in_the_light(portal: Portal) -> None:
    """Stripe's fields cannot live in a shadow tree; what lies beneath is inert; the focus comes back."""
    kept = takes_cards(portal)  # type: ignore[arg-type]
    page = portal.page
    await page.locator("tollgate-billing").get_by_role("button", name="Add Payment Method").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    fields = page.locator("body > tollgate-billing-dialog > [slot=stripe-fields]")
    await expect(fields).to_contain_text("Card fields of Stripe")
    await expect(fields).to_be_visible()
    assert await page.locator("main").evaluate("(one) => one.inert")
    await page.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    assert kept == [{"setup_intent": "seti_stand_in"}]
    assert not await page.locator("main").evaluate("(one) => one.inert")
    assert (
        await page.evaluate("document.querySelector('tollgate-billing').shadowRoot.activeElement.dataset.key")
        == "add-method"
    )


async def test_the_host_hears_of_a_payment(portal: Portal) -> None:
    """`paid` with the payment's status; no card, no token."""
    portal.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (200, payment("succeeded"))
    page = portal.page
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await page.get_by_role("button", name="Pay $178.95").click()
    await expect(page.get_by_role("dialog")).to_contain_text("paid")
    await expect(page.locator("html")).to_have_attribute("data-paid", "succeeded")


@pytest.mark.parametrize(("theme", "card"), [("dark", "rgb(21, 26, 33)"), ("light", "rgb(255, 255, 255)")])
async def test_a_theme_can_be_given(portal: Portal, theme: str, card: str) -> None:
    """The attribute wins over the reader's system, and may change."""
    page = portal.page
    section = page.locator("tollgate-billing [data-section=balance]")
    await expect(section).to_be_visible()
    await page.locator("tollgate-billing").evaluate("(one, theme) => one.setAttribute('theme', theme)", theme)
    assert await section.evaluate("(one) => getComputedStyle(one).backgroundColor") == card
