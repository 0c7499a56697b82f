"""The Billing page in the system's Chromium, over a gateway on the loopback address whose services are fakes."""

import asyncio
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Response
from playwright.async_api import Browser, Page, async_playwright, expect

from services.gateway.main import build
from tests.support.billing_people import People, gateway_settings, make_people
from tests.support.fake_audit import FakeAuditLog, FakeWork
from tests.support.fake_services import TENANT, FakeServices

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
# A busy machine is no fault of the page.
expect.set_options(timeout=20_000)
STRIPE_STAND_IN = Path(__file__).with_name("stripe_stand_in.js")


def chromium() -> str:
    """The system's browser. Raises when there is none: these tests are not optional."""
    for name in ("chromium", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("Chromium is missing; install it (apt-get install chromium) and run again.")


class Server:
    """An ASGI application on a free port of the loopback address, in a thread of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve(sockets=[self._listener]))
        )

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()


def stripe_stand_in() -> FastAPI:
    """Another origin that serves a script with Stripe.js's functions, to see the page's own part of the play."""
    app = FastAPI()

    @app.get("/stripe.js")
    async def script() -> Response:
        return Response(STRIPE_STAND_IN.read_text(), media_type="text/javascript")

    return app


@dataclass
class Site:
    """The running page and what stands behind it."""

    address: str
    services: FakeServices
    audit: FakeAuditLog
    people: People
    browser: Browser

    async def open(
        self,
        *roles: str,
        path: str = "/billing",
        width: int = 1280,
        dark: bool = False,
        locale: str = "en-US",
    ) -> Page:
        """A new tab signed in with these roles; any error on the console fails the test at its end."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=locale,
            accept_downloads=True,
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: ERRORS.append(str(error)))
        page.on(
            "console",
            lambda message: (
                ERRORS.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        fragment = f"#token={self.people.token(*roles)}" if roles else ""
        await page.goto(f"{self.address}{path}{fragment}")
        return page


ERRORS: list[str] = []


@pytest.fixture(scope="session")
def signed_people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return make_people(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture(scope="session")
def stripe_address() -> Iterator[str]:
    with Server(stripe_stand_in()) as server:
        yield server.address


@pytest.fixture
async def site(signed_people: People, browser: Browser, stripe_address: str) -> AsyncIterator[Site]:
    """Fresh answers for each test; the tabs are closed and the console must have stayed clean."""
    services, audit = FakeServices(), FakeAuditLog()
    # A plan is agreed by the tests that are about one (scenes.agree_plan).
    services.answers[f"payments {TENANT}/payment-plans"]["payment_plans"] = []
    settings = gateway_settings(signed_people, stripe_js_url=f"{stripe_address}/stripe.js")
    app = build(settings, transport=services, open_work=lambda: FakeWork(audit))
    ERRORS.clear()
    with Server(app) as server:
        yield Site(server.address, services, audit, signed_people, browser)
        for context in browser.contexts:
            await context.close()
    assert ERRORS == []
