"""The page with Stripe's own fields and challenge, as the simulator serves them: what is typed never comes near us."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import stripe
from playwright.async_api import FrameLocator, Page, expect

from services.payments.domain.payments import Payment
from services.payments.domain.sentences import sentence
from services.payments.domain.states import State
from shared.ids import PaymentId, ProviderId, TenantId
from shared.money import Currency
from tests.browser.conftest import Site
from tests.browser.scenes import payment, takes_cards
from tests.browser.stripe_scenes import api, listen, setup_at_stripe, simulator, simulator_url, site
from tests.support.fake_services import PAYMENT, TENANT, usd
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, Simulator

# Fixtures of the simulator's page.
__all__ = ["api", "simulator", "simulator_url", "site"]
pytestmark = pytest.mark.browser


async def type_card(page: Page, number: str) -> None:
    fields: FrameLocator = page.frame_locator("[role=dialog] iframe >> nth=0")
    await fields.get_by_label("Card number").fill(number)
    await fields.get_by_label("Expiration date").fill("04 / 31")
    await fields.get_by_label("CVC").fill("737")


async def test_a_typed_card_is_saved_and_its_number_never_reaches_us(
    site: Site, api: stripe.StripeClient, simulator: Simulator
) -> None:
    """Acceptance row 1: 4242 typed into Stripe's frame; SetupIntent succeeded, attached; no number in our traffic."""
    kept = takes_cards(site)
    customer = setup_at_stripe(site, api, simulator)
    page = await site.open("tenant_admin")
    sent = listen(page, site)
    await page.get_by_role("button", name="Add Payment Method").click()
    await type_card(page, "4242 4242 4242 4242")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    (told,) = kept
    assert api.v1.setup_intents.retrieve(told["setup_intent"]).status == "succeeded"
    (method,) = api.v1.payment_methods.list({"customer": customer}).data
    assert method.card is not None
    assert method.card.last4 == "4242"
    assert any("/methods" in one for one in sent)
    plain = "".join(sent).replace(" ", "")
    assert "42424242" not in plain
    assert '"cvc"' not in plain


async def test_a_failed_challenge_saves_nothing_and_a_passed_one_saves_once(
    site: Site, api: stripe.StripeClient, simulator: Simulator
) -> None:
    """Acceptance row 2: card 3155, the challenge failed and then passed: no method, then exactly one."""
    kept = takes_cards(site)
    customer = setup_at_stripe(site, api, simulator)
    page = await site.open("tenant_admin")
    await page.get_by_role("button", name="Add Payment Method").click()
    await type_card(page, "4000 0025 0000 3155")
    challenge = page.frame_locator("iframe[name=__privateStripeFrameChallenge]")
    await page.get_by_role("button", name="Save").click()
    await challenge.get_by_role("button", name="Fail").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    assert (kept, api.v1.payment_methods.list({"customer": customer}).data) == ([], [])
    if not await page.get_by_role("button", name="Save").is_visible():
        await page.get_by_role("button", name="Add Payment Method").click()
    await type_card(page, "4000 0025 0000 3155")
    await page.get_by_role("button", name="Save").click()
    await challenge.get_by_role("button", name="Complete").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(kept) == 1
    assert len(api.v1.payment_methods.list({"customer": customer}).data) == 1


async def test_pay_clicked_twice_is_sent_once(site: Site) -> None:
    """Acceptance row 9, in the page: the second click of a double click finds the button taken."""
    sent: list[Any] = []

    def pay(body: Any) -> tuple[int, Any]:
        sent.append(body)
        return 200, payment("succeeded")

    site.services.handlers[f"payments POST {TENANT}/payments"] = pay
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await page.get_by_role("button", name="Pay $178.95").dblclick()
    await expect(page.get_by_role("dialog")).to_contain_text("paid")
    assert len(sent) == 1


async def test_a_late_confirmation_of_a_canceled_payment_takes_nothing(
    site: Site, api: stripe.StripeClient, simulator: Simulator
) -> None:
    """Acceptance row 7, in the page: auto-pay cancels the Pay Now whose challenge is open and collects 17895; the
    challenge passed afterwards pays nothing, and the page says that this payment took none."""
    customer = api.v1.customers.create({"name": "Fenwick"}).id
    saved = [
        api.v1.payment_methods.attach(token, {"customer": customer}).id
        for token in ("pm_card_authenticationRequired", "pm_card_visa")
    ]

    def confirmed(method: str, *, off_session: bool) -> stripe.PaymentIntent:
        return api.v1.payment_intents.create(
            {
                "amount": 17895,
                "currency": "usd",
                "customer": customer,
                "payment_method": method,
                "confirm": True,
                "off_session": off_session,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )

    begun = confirmed(saved[0], off_session=False)
    told = payment(
        "requires_action",
        amount=usd(17895),
        client_secret=begun.client_secret,
        publishable_key=PUBLISHABLE_KEY,
        stripe_account=simulator.account,
    )

    def refresh(_: Any) -> tuple[int, Any]:
        status = State(api.v1.payment_intents.retrieve(begun.id).status)
        return 200, payment(status, amount=usd(17895), sentence=said_of(status))

    site.services.handlers[f"payments POST {TENANT}/payments"] = lambda _: (200, told)
    site.services.handlers[f"payments POST {TENANT}/payments/{PAYMENT}/refresh"] = refresh
    page = await site.open("tenant_admin")
    await page.locator("[data-section=balance]").get_by_role("button", name="Pay Now").click()
    await page.get_by_role("button", name="Pay $178.95").click()
    challenge = page.frame_locator("iframe[name=__privateStripeFrameChallenge]")
    await expect(challenge.get_by_role("button", name="Complete")).to_be_visible()
    api.v1.payment_intents.cancel(begun.id)
    assert confirmed(saved[1], off_session=True).status == "succeeded"
    await challenge.get_by_role("button", name="Complete").click()
    dialog = page.get_by_role("dialog", name="Pay invoice")
    await expect(dialog).to_contain_text(
        re.compile(r"This payment was not completed\.\s*No money was taken\.")
    )
    await expect(dialog).not_to_contain_text("paid.")
    assert api.v1.payment_intents.retrieve(begun.id).status == "canceled"
    assert (simulator.ledger()["charges"], simulator.ledger()["charged"]) == (1, 17895)


def said_of(status: State) -> str | None:
    """Payments' own sentence for a payment in this state."""
    shown = Payment(
        provider_id=ProviderId(uuid4()),
        tenant_id=TenantId(uuid4()),
        payment_id=PaymentId(PAYMENT),
        trigger="pay_now",
        request_id="a-click",
        fingerprint="",
        amount_minor=17895,
        currency=Currency("USD"),
        shares=(),
        method_id=None,
        method=None,
        save_method=False,
        state=status,
        at=datetime(2026, 11, 18, tzinfo=UTC),
    )
    return sentence(shown, shown.at.date())
