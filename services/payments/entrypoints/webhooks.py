"""Where Stripe posts its events: verify the raw bytes, keep them, say 200; a loop does the rest.

A plain ASGI application in front of everything else: routing, tracing and validation would cost more than the answer.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry import metrics
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from services.payments.domain.tenants import WebhookEvent
from services.payments.use_cases.ports import OpenWork
from services.payments.use_cases.take_webhook import read_webhook, take_webhooks
from shared.db.engine import is_away
from shared.errors import Refusal, Unavailable
from shared.http.limits import BodyLimit
from shared.http.problems import problem, refusal_response

log = structlog.get_logger(__name__)
PATH = "/v1/webhooks/stripe"
# Takes the raw bytes and the header Stripe-Signature; raises a refusal unless Stripe signed them for us, now.
Verify = Callable[[bytes, str | None], None]
AT_ONCE = 200
# More than that is not taken in: Stripe sends it again.
WAITING_MAX = 2000
# So many events within so many seconds are a rush: keeping them goes before dealing with them.
RUSH_EVENTS, RUSH_SECONDS = 20, 0.1
GIVE_WAY_LOOKS_MAX, _LOOK_SECONDS = 5, 0.01
_TAKEN = b'{"received":true}'
_answer_seconds = metrics.get_meter(__name__).create_histogram("tollgate.webhook.answer", "s")


class Intake:
    """Keeps events that arrive together in one transaction: while one commits, the next ones gather.

    A delivery is answered when its transaction has committed, and with an error when it has not, so that Stripe
    sends it again.
    """

    def __init__(self, open_work: OpenWork) -> None:
        """``open_work`` should have connections of its own, so that an answer waits for nobody else's work."""
        self._open_work = open_work
        self._waiting: list[tuple[WebhookEvent, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._latest: deque[float] = deque(maxlen=RUSH_EVENTS)

    async def keep(self, body: bytes) -> None:
        """Raises ``Invalid`` for a body that is no event of Stripe, ``Unavailable`` when too many wait."""
        event = read_webhook(body, self._open_work().system_now())
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("Too many events arrive at once. Send this one again later.")
        self._latest.append(time.monotonic())
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
                    await take_webhooks(work, [event for event, _ in batch])
            except Exception as error:
                _answer(batch, error)
                continue
            _answer(batch, None)

    def is_rushed(self) -> bool:
        latest = self._latest
        return len(latest) == RUSH_EVENTS and time.monotonic() - latest[0] < RUSH_SECONDS

    async def give_way(self) -> None:
        """Returns when no rush is on, and after a twentieth of a second in any case: a rush without end must not keep events
        from being dealt with."""
        for _ in range(GIVE_WAY_LOOKS_MAX):
            if not self.is_rushed():
                break
            await asyncio.sleep(_LOOK_SECONDS)


def _answer(batch: list[tuple[WebhookEvent, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in batch:
        # Whoever asked may be gone.
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


class WebhookHttp:
    """From the raw bytes and their signature to an answer; raises nothing."""

    def __init__(self, intake: Intake, verify: Verify, wake: Callable[[], None]) -> None:
        """``wake`` is called when something was kept."""
        self._intake = intake
        self._verify = verify
        self._wake = wake

    async def answer(self, body: bytes, signature: str | None) -> Response:
        began = time.perf_counter()
        try:
            self._verify(body, signature)
            await self._intake.keep(body)
        except Refusal as refusal:
            return refusal_response(refusal)
        except Exception as error:
            if is_away(error):
                log.warning("database away", path=PATH, error=repr(error))
                return problem(503, "unavailable", "A database is away; send the same event again.")
            log.exception("a webhook was not kept", path=PATH, error=repr(error))
            return problem(500, "internal-error", "This is our fault; it has been logged. Send it again.")
        self._wake()
        _answer_seconds.record(time.perf_counter() - began)
        return Response(_TAKEN, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            answer = await self.answer(await request.body(), request.headers.get("stripe-signature"))
            await answer(scope, receive, send)


class WebhookFront:
    """Answers for the webhooks' path and hands everything else on."""

    def __init__(self, behind: ASGIApp, webhooks: ASGIApp) -> None:
        self._behind = behind
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mine = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (self._webhooks if mine else self._behind)(scope, receive, send)


def put_in_front(app: FastAPI, webhooks: WebhookHttp, *, body_limit_bytes: int) -> None:
    """Outside of all middleware but the limit on bodies."""
    build = app.build_middleware_stack
    limited = BodyLimit(webhooks, limit_bytes=body_limit_bytes)
    app.build_middleware_stack = lambda: WebhookFront(build(), limited)  # type: ignore[method-assign]


def webhook_routes(webhooks: WebhookHttp) -> APIRouter:
    """The same as a route, so that the interface's description has it."""
    router = APIRouter(tags=["webhooks"])

    @router.post(PATH)
    async def post_stripe(request: Request) -> Response:
        """400 for a bad, old or future signature; 200 means kept."""
        return await webhooks.answer(await request.body(), request.headers.get("stripe-signature"))

    return router
