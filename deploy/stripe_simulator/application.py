"""The simulator put together by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from deploy.stripe_simulator import accounts, control, hosted, operations, settling
from deploy.stripe_simulator.api import PLATFORM, Api
from deploy.stripe_simulator.call import Call, Clock
from deploy.stripe_simulator.contract import Contract
from deploy.stripe_simulator.errors import StripeRefusal
from deploy.stripe_simulator.faults import Faults
from deploy.stripe_simulator.settings import Settings
from deploy.stripe_simulator.store import Store
from deploy.stripe_simulator.webhooks import Deliverer

logger = logging.getLogger(__name__)

ENDPOINT = "we_environment"
"""The webhook endpoint that the settings name."""


def build(settings: Settings, clock: Clock = time.time) -> FastAPI:
    """Return the application; its state is opened now and closed when it shuts down."""
    store = Store(settings.state)
    contract = Contract((operation.method, operation.path) for operation in operations.OPERATIONS)
    faults = Faults()
    deliverer = Deliverer(store, clock, faults)
    api = Api(settings, store, contract, clock, faults, deliverer)

    def make_accounts() -> None:
        _make_accounts(api)

    make_accounts()
    if settings.webhook_url and settings.webhook_secret:
        control.put_endpoint(
            api, ENDPOINT, control.Endpoint(url=settings.webhook_url, secret=settings.webhook_secret)
        )
    else:
        store.db.execute("DELETE FROM endpoints WHERE id = ?", (ENDPOINT,))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        delivering = asyncio.create_task(deliverer.run())
        delivering.add_done_callback(_tell_of_failure)
        banking = asyncio.create_task(_settle(api))
        banking.add_done_callback(_tell_of_failure)
        yield
        delivering.cancel()
        banking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(delivering, banking)
        store.close()

    app = FastAPI(
        title="Stripe simulator", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.api = api
    app.include_router(control.routes(api, make_accounts))
    app.include_router(hosted.routes(api))

    @app.exception_handler(StripeRefusal)
    async def refuse(_: Request, refusal: StripeRefusal) -> Response:
        return JSONResponse(refusal.body("req_none"), refusal.status)

    @app.api_route("/v1/{path:path}", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
    async def stripe_api(request: Request) -> Response:
        return await api.handle(request)

    return app


async def _settle(api: Api) -> None:
    """Banks work, too, while nobody moves their clock."""
    while True:
        api.settle_due()
        await asyncio.sleep(settling.CHECK_SECONDS)


def _tell_of_failure(delivering: asyncio.Task[None]) -> None:
    """Say it loudly when webhooks or banks stop for another reason than a shutdown."""
    if not delivering.cancelled() and delivering.exception() is not None:
        logger.critical(
            "webhooks are no longer delivered, or banks no longer work", exc_info=delivering.exception()
        )


def _make_accounts(api: Api) -> None:
    """Write the platform's account and those of the settings, where they are missing."""
    call = Call(
        store=api.store,
        contract=api.contract,
        clock=api.clock,
        account=PLATFORM,
        platform=PLATFORM,
        request_id="req_start",
        idempotency_key=None,
        publishable=False,
        from_card_frame=False,
        public_url="",
    )
    with api.store.transaction():
        for identifier in (PLATFORM, *api.settings.accounts):
            if accounts.known(call, identifier) is None:
                accounts.new_account(call, identifier, {})
