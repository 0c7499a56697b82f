"""What browsers load from Stripe: Stripe.js, the card fields, the 3-D Secure page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict

from deploy.stripe_simulator import accounts, credentials
from deploy.stripe_simulator.api import PLATFORM, Api
from deploy.stripe_simulator.call import new_id
from deploy.stripe_simulator.errors import Json

STATIC = Path(__file__).with_name("static")
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors *"
)
"""The framed pages keep a strict policy too; anyone may frame them, as Stripe's."""


class Finished(BaseModel):
    """How the person in front of the 3-D Secure page decided."""

    model_config = ConfigDict(extra="forbid")

    publishable_key: str
    account: str | None = None
    intent: str
    client_secret: str
    passed: bool


def asset(name: str) -> Response:
    """Return a file of this package with the headers a browser wants."""
    path = STATIC / name
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = PAGE_POLICY
    if path.suffix == ".js":
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=headers)


def routes(api: Api) -> APIRouter:
    """Return the pages and scripts."""
    router = APIRouter()
    names = {path.name for path in STATIC.iterdir() if path.suffix in TYPES}

    @router.get("/v3/")
    @router.get("/v3")
    @router.get("/endive/stripe.js")
    async def stripe_js() -> Response:
        return asset("stripe.js")

    @router.get("/v3/elements")
    async def elements() -> Response:
        return asset("elements.html")

    @router.get("/v3/challenge")
    async def challenge() -> Response:
        return asset("challenge.html")

    @router.get("/v3/microdeposits")
    async def microdeposits() -> Response:
        return asset("microdeposits.html")

    @router.get("/v3/assets/{name}")
    async def assets(name: str) -> Response:
        if name not in names:
            raise HTTPException(404, f"no asset {name}")
        return asset(name)

    @router.get("/v3/onboarding")
    async def onboarding(account: str, return_url: str, request: Request) -> Response:
        """Stand-in for Stripe's onboarding: looking at it completes it, then it sends its visitor back."""
        call = api.caller(request, new_id("req", 14), account)
        with api.store.transaction():
            accounts.onboard(call)
        api.deliverer.wake()
        return RedirectResponse(return_url, 303)

    @router.post("/v3/authentications")
    async def finish(done: Finished, request: Request) -> Json:
        who = credentials.read(f"Bearer {done.publishable_key}")
        call = api.caller(request, new_id("req", 14), done.account or PLATFORM, publishable=who.publishable)
        if accounts.known(call, call.account) is None:
            raise accounts.no_access(call.account)
        intent = api.authenticate(call, done.intent, done.client_secret, passed=done.passed)
        return {"id": intent["id"], "status": intent["status"]}

    return router
