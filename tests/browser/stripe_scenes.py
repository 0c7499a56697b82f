"""The page over the Stripe simulator: fixtures, and what is done at Stripe in place of payments."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from playwright.async_api import Browser, Page, Request

from deploy.stripe_simulator.application import build as build_simulator
from deploy.stripe_simulator.settings import Settings
from services.gateway.main import build
from tests.browser.conftest import ERRORS, Server, Site
from tests.support.billing_people import People, gateway_settings
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import TENANT, FakeServices
from tests.unit.stripe_simulator.conftest import running
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, Simulator


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    with running(build_simulator(Settings())) as url:
        yield url


@pytest.fixture
def simulator(simulator_url: str) -> Iterator[Simulator]:
    account = f"acct_{uuid4().hex[:16]}"
    with httpx.Client(base_url=simulator_url, timeout=10) as control:
        control.put(f"/_simulator/accounts/{account}", json={}).raise_for_status()
        yield Simulator(simulator_url, account, control)


@pytest.fixture
async def site(signed_people: People, browser: Browser, simulator: Simulator) -> AsyncIterator[Site]:
    """The page as it is served, with the simulator as Stripe."""
    services, audit = FakeServices(), FakeAuditLog()
    settings = gateway_settings(signed_people, stripe_js_url=f"{simulator.url}/v3/")
    app = build(settings, transport=services, open_work=lambda: FakeWork(audit))
    ERRORS.clear()
    with Server(app) as server:
        yield Site(server.address, services, audit, signed_people, browser)
        for context in browser.contexts:
            await context.close()
    assert ERRORS == []


@pytest.fixture
def api(simulator: Simulator) -> stripe.StripeClient:
    return simulator.client()


def setup_at_stripe(site: Site, api: stripe.StripeClient, simulator: Simulator) -> str:
    """Payments' part: a SetupIntent of a customer at Stripe. Answers the customer."""
    customer = api.v1.customers.create({"name": "Fenwick"}).id

    def begin(_: Any) -> tuple[int, Any]:
        made = api.v1.setup_intents.create({"customer": customer, "usage": "off_session"})
        return 201, {
            "setup_intent": made.id,
            "client_secret": made.client_secret,
            "publishable_key": PUBLISHABLE_KEY,
            "stripe_account": simulator.account,
        }

    site.services.handlers[f"payments POST {TENANT}/setup-intents"] = begin
    return customer


def listen(page: Page, site: Site) -> list[str]:
    """Everything that the page sends to our own origin."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(site.address):
            sent.append(f"{request.url} {request.headers} {request.post_data or ''}")

    page.on("request", note)
    return sent
