"""Where Stripe posts its events: verify the raw bytes, keep them, say 200; a loop does the rest."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request

from services.payments.domain.tenants import WebhookEvent
from services.payments.use_cases.ports import OpenWork
from services.payments.use_cases.take_webhook import read_webhook, take_webhooks

# Takes the raw bytes and the header Stripe-Signature; raises a refusal unless Stripe signed them for us, now.
Verify = Callable[[bytes, str | None], None]
AT_ONCE = 200


class Intake:
    """Keeps events that arrive together in one transaction: while one commits, the next ones gather.

    A delivery is answered when its transaction has committed, and with an error when it has not, so that Stripe
    sends it again.
    """

    def __init__(self, open_work: OpenWork, wake: Callable[[], None]) -> None:
        self._open_work = open_work
        self._wake = wake
        self._waiting: list[tuple[WebhookEvent, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, event: WebhookEvent) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_waiting())
        await done

    async def _keep_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                async with self._open_work() as work:
                    new = await take_webhooks(work, [event for event, _ in batch])
            except Exception as error:
                _answer(batch, error)
                continue
            _answer(batch, None)
            if new:
                self._wake()


def _answer(batch: list[tuple[WebhookEvent, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in batch:
        # Whoever asked may be gone.
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


def webhook_routes(open_work: OpenWork, verify: Verify, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    intake = Intake(open_work, wake)

    @router.post("/stripe")
    async def post_stripe(request: Request) -> dict[str, bool]:
        """400 for a bad, old or future signature; 200 means kept."""
        body = await request.body()
        verify(body, request.headers.get("stripe-signature"))
        await intake.keep(read_webhook(body, open_work().system_now()))
        return {"received": True}

    return router
