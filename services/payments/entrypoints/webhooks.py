"""Where Stripe posts its events: verify the raw bytes, keep them, say 200; a loop does the rest."""

from collections.abc import Callable

from fastapi import APIRouter, Request

from services.payments.use_cases.ports import OpenWork
from services.payments.use_cases.take_webhook import take_webhook

# Takes the raw bytes and the header Stripe-Signature; raises a refusal unless Stripe signed them for us, now.
Verify = Callable[[bytes, str | None], None]


def webhook_routes(open_work: OpenWork, verify: Verify, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @router.post("/stripe")
    async def post_stripe(request: Request) -> dict[str, bool]:
        """400 for a bad, old or future signature; 200 means kept."""
        body = await request.body()
        verify(body, request.headers.get("stripe-signature"))
        async with open_work() as work:
            new = await take_webhook(work, body)
        if new:
            wake()
        return {"received": True}

    return router
