"""Bank accounts on the Billing page, in the fields of Stripe's stand-in: linked at once, typed and verified, IBAN."""

import pytest
import stripe
from playwright.async_api import FrameLocator, Page, expect

from tests.browser.conftest import Site
from tests.browser.scenes import takes_cards
from tests.browser.stripe_scenes import api, listen, setup_at_stripe, simulator, simulator_url, site
from tests.unit.stripe_simulator.simulator import Simulator

# Fixtures of the simulator's page.
__all__ = ["api", "simulator", "simulator_url", "site"]
pytestmark = pytest.mark.browser


async def open_fields(site: Site, kind: str) -> tuple[Page, FrameLocator]:
    page = await site.open("tenant_admin")
    await page.get_by_role("button", name="Add Payment Method").click()
    fields = page.frame_locator("[role=dialog] iframe >> nth=0")
    await fields.get_by_label(kind).check()
    return page, fields


async def test_a_bank_account_that_the_bank_tells_of_is_saved(
    site: Site, api: stripe.StripeClient, simulator: Simulator
) -> None:
    """Chosen at the test bank: attached at once, under a mandate."""
    kept = takes_cards(site)
    customer = setup_at_stripe(site, api, simulator)
    page, fields = await open_fields(site, "US bank account")
    await page.get_by_role("button", name="Save").click()
    await expect(fields.get_by_text("Enter the name of the account's holder.")).to_be_visible()
    await fields.get_by_label("Full name").fill("Ann Fenwick")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(kept) == 1
    (method,) = api.v1.payment_methods.list({"customer": customer, "type": "us_bank_account"}).data
    assert method.billing_details.name == "Ann Fenwick"


async def test_a_typed_bank_account_is_verified_by_its_deposit(
    site: Site, api: stripe.StripeClient, simulator: Simulator
) -> None:
    """The page says that a deposit is awaited and saves nothing; the code on Stripe's page attaches the account. Its
    number never comes near us."""
    kept = takes_cards(site)
    customer = setup_at_stripe(site, api, simulator)
    page, fields = await open_fields(site, "US bank account")
    sent = listen(page, site)
    await fields.get_by_label("Full name").fill("Ann Fenwick")
    await fields.get_by_label("Bank account", exact=True).select_option("typed")
    await fields.get_by_label("Routing number").fill("110000001")
    await fields.get_by_label("Account number").fill("000123456789")
    await page.get_by_role("button", name="Save").click()
    await expect(fields.get_by_text("Your routing number is invalid.")).to_be_visible()
    await fields.get_by_label("Routing number").fill("110000000")
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Your bank account must be verified first.")
    assert (kept, api.v1.payment_methods.list({"customer": customer}).data) == ([], [])
    assert "000123456789" not in "".join(sent)
    async with page.context.expect_page() as opened:
        await dialog.get_by_role("link", name="Verify the bank account").click()
    bank = await opened.value
    await bank.get_by_label("Code").fill("SM00AA")
    await bank.get_by_role("button", name="Verify").click()
    await expect(bank.get_by_role("alert")).to_contain_text("do not match")
    await bank.get_by_label("Code").fill("SM11AA")
    await bank.get_by_role("button", name="Verify").click()
    await expect(bank.get_by_role("status")).to_contain_text("is verified")
    assert len(api.v1.payment_methods.list({"customer": customer}).data) == 1
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog).to_have_count(0)


async def test_an_iban_is_saved_where_the_currency_is_the_euro(site: Site, simulator: Simulator) -> None:
    """SEPA Direct Debit is offered in the account of a German provider, a US bank account is not."""
    german = Simulator(simulator.url, f"{simulator.account}de", simulator.control)
    german.control.put(f"/_simulator/accounts/{german.account}", json={"country": "DE"}).raise_for_status()
    there = german.client()
    kept = takes_cards(site)
    customer = setup_at_stripe(site, there, german)
    page, fields = await open_fields(site, "SEPA Direct Debit")
    assert await fields.get_by_label("US bank account").count() == 0
    await fields.get_by_label("Name of the account's holder").fill("Anna Fenwick")
    await fields.get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 01")
    await page.get_by_role("button", name="Save").click()
    await expect(fields.get_by_text("Your IBAN is invalid.")).to_be_visible()
    await fields.get_by_label("IBAN").fill("DE89370400440532013000")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(kept) == 1
    (method,) = there.v1.payment_methods.list({"customer": customer, "type": "sepa_debit"}).data
    assert method.sepa_debit is not None
    assert method.sepa_debit.last4 == "3000"
