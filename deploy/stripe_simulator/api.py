"""Stripe's HTTP API: keys, accounts, versions, idempotency, faults, and the answer."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter, deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from deploy.stripe_simulator import (
    accounts,
    credentials,
    intents,
    listing,
    operations,
    payment_intents,
    settling,
    setup_intents,
)
from deploy.stripe_simulator.call import API_VERSION, Call, Clock, Operation, new_id
from deploy.stripe_simulator.contract import Contract
from deploy.stripe_simulator.errors import Json, StripeRefusal, no_such, not_simulated
from deploy.stripe_simulator.faults import Fault, FaultKind, Faults
from deploy.stripe_simulator.idempotency import IdempotencyKeys, StoredResult
from deploy.stripe_simulator.settings import Settings
from deploy.stripe_simulator.store import Store
from deploy.stripe_simulator.webhooks import Deliverer

logger = logging.getLogger(__name__)

PLATFORM = "acct_1SimulatorPlatform"
"""The account that every secret key belongs to; others are reached with ``Stripe-Account``."""
OLDEST_VERSION = "2026-09-30.endive"
BODY_BYTES_MAX = 1_000_000
REQUESTS_REMEMBERED = 2_000
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}\.\w+$")


class DroppedResponse(Response):
    """A connection that breaks before the answer: the server closes it short of the promised length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise a body and never send it; uvicorn then closes the connection."""
        headers = [(b"content-length", b"1"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


@dataclass(frozen=True)
class Asked:
    """A request whose key, account and version are good."""

    method: str
    path: str
    text: str
    """Query and form together, still encoded."""
    key: str | None
    call: Call


class Api:
    """Answers ``/v1/…``."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        contract: Contract,
        clock: Clock,
        faults: Faults,
        deliverer: Deliverer,
    ) -> None:
        self.settings = settings
        self.store = store
        self.contract = contract
        self.clock = clock
        self.faults = faults
        self.deliverer = deliverer
        self.keys = IdempotencyKeys(store)
        self.requests: deque[Json] = deque(maxlen=REQUESTS_REMEMBERED)
        self._in_flight: Counter[str] = Counter()
        self.in_flight_max: Counter[str] = Counter()
        """The most requests that were at work at once, by account."""

    async def handle(self, request: Request) -> Response:
        """Answer one request, whatever becomes of it."""
        request_id = new_id("req", 14)
        try:
            asked = await self._read(request, request_id)
        except StripeRefusal as refusal:
            answer = _answer(refusal.status, refusal.body(request_id), request_id)
            self._remember(request, answer, None)
            return answer
        account = asked.call.account
        self._in_flight[account] += 1
        self.in_flight_max[account] = max(self.in_flight_max[account], self._in_flight[account])
        try:
            answer = await self._answer(asked)
        except StripeRefusal as refusal:
            answer = _answer(refusal.status, refusal.body(request_id), request_id)
        finally:
            self._in_flight[account] -= 1
        if asked.key is not None:
            answer.headers["Idempotency-Key"] = asked.key
        if asked.call.account != PLATFORM:
            answer.headers["Stripe-Account"] = asked.call.account
        self._remember(request, answer, asked)
        return answer

    async def _read(self, request: Request, request_id: str) -> Asked:
        who = credentials.read(request.headers.get("authorization"))
        _check_version(request.headers.get("stripe-version"))
        account = request.headers.get("stripe-account") or PLATFORM
        if accounts.known(self.caller(request, request_id, PLATFORM), account) is None:
            raise accounts.no_access(account)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise StripeRefusal(f"The request body is over {BODY_BYTES_MAX} bytes.", status=413)
        try:
            parts = [request.url.query, body.decode()]
        except UnicodeDecodeError as problem:
            raise StripeRefusal("The request body is not UTF-8 text.") from problem
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        call = self.caller(request, request_id, account, key=key, publishable=who.publishable)
        return Asked(request.method, request.url.path, "&".join(part for part in parts if part), key, call)

    def caller(
        self,
        request: Request,
        request_id: str,
        account: str,
        *,
        key: str | None = None,
        publishable: bool = False,
    ) -> Call:
        """Return what a handler works with."""
        here = f"{request.url.scheme}://{request.url.netloc}"
        public = self.settings.public_url or here
        own = {request.url.netloc, urlsplit(public).netloc}
        origin = request.headers.get("origin", "")
        return Call(
            store=self.store,
            contract=self.contract,
            clock=self.clock,
            account=account,
            platform=PLATFORM,
            request_id=request_id,
            idempotency_key=key,
            publishable=publishable,
            from_card_frame=urlsplit(origin).netloc in own,
            public_url=public,
        )

    async def _answer(self, asked: Asked) -> Response:
        found = operations.find(asked.method, asked.path)
        if found is None:
            raise StripeRefusal(
                f"Unrecognized request URL ({asked.method}: {asked.path}). The Stripe simulator may not serve what "
                "Stripe does: see its README.",
                status=404,
            )
        operation, names = found
        if asked.call.publishable and not operation.publishable:
            raise StripeRefusal(
                "This API call cannot be made with a publishable API key. Please use a secret API key.",
                status=403,
                code="secret_key_required",
            )
        most = self.settings.in_flight_max
        crowded = most > 0 and self._in_flight[asked.call.account] > most
        if crowded or self._strikes(FaultKind.RATE_LIMIT, asked):
            raise StripeRefusal("Request rate limit exceeded.", status=429, code="rate_limit")
        if asked.key is None:
            return await self._perform(asked, operation, names)
        self.keys.claim(asked.call.account, asked.key)
        try:
            return await self._perform(asked, operation, names)
        finally:
            self.keys.release(asked.call.account, asked.key)

    def _strikes(self, kind: FaultKind, asked: Asked) -> Fault | None:
        return self.faults.strike(kind, asked.method, asked.path, asked.call.account)

    async def _perform(self, asked: Asked, operation: Operation, names: dict[str, str]) -> Response:
        delay = self._strikes(FaultKind.DELAY, asked)
        wait_ms = self.settings.latency_ms + (delay.delay_ms if delay else 0)
        if wait_ms:
            await asyncio.sleep(wait_ms / 1000)
        request_id = asked.call.request_id
        stored = None
        if asked.key is not None:
            stored = self.keys.replay(asked.call.account, asked.key, asked.path, asked.text, self.clock())
        if stored is not None:
            answer = _answer(stored.status, stored.body, request_id)
            answer.headers["Idempotent-Replayed"] = "true"
            answer.headers["Original-Request"] = stored.request_id
        else:
            result = self._work(asked, operation, names)
            self.deliverer.wake()
            answer = _answer(result.status, result.body, request_id)
        return DroppedResponse() if self._strikes(FaultKind.DROP_RESPONSE, asked) else answer

    def _work(self, asked: Asked, operation: Operation, names: dict[str, str]) -> StoredResult:
        """Do the work and keep its result with it, in one transaction."""
        call = asked.call
        params = self.contract.read(f"{operation.method} {operation.path}", asked.text)
        ignored = sorted(set(params) - operation.simulated)
        if ignored:
            raise not_simulated(f"the parameter '{ignored[0]}' of {operation.method} {operation.path}")
        fault = self._strikes(FaultKind.ERROR_BEFORE, asked)
        with self.store.transaction():
            if fault is not None:
                status, body = 500, _server_error(call.request_id)
            else:
                status, body = self._attempt(call, operation, names, params)
                fault = self._strikes(FaultKind.ERROR_AFTER, asked)
                if fault is not None:
                    status, body = 500, _server_error(call.request_id)
            result = StoredResult(status, json.dumps(body), call.request_id)
            if asked.key is not None and (fault is None or fault.keep_result):
                self.keys.keep(call.account, asked.key, asked.path, asked.text, self.clock(), result)
        return result

    def _attempt(
        self, call: Call, operation: Operation, names: dict[str, str], params: Json
    ) -> tuple[int, Json]:
        """Run the handler; a refusal undoes its writes unless it is a decline."""
        self.store.db.execute("SAVEPOINT work")
        status = 200
        try:
            body = listing.expanded(call, operation.work(call, names, params), params.get("expand", []))
        except StripeRefusal as refusal:
            if not refusal.keeps_work:
                self.store.db.execute("ROLLBACK TO work")
            status, body = refusal.status, refusal.body(call.request_id)
        self.store.db.execute("RELEASE work")
        if call.publishable:
            body = intents.for_browser(body)
            if "error" in body:
                body["error"] = {
                    name: intents.for_browser(value) if isinstance(value, dict) else value
                    for name, value in body["error"].items()
                }
        departures = self.contract.violations(body)
        if departures:
            logger.error(
                "the answer to %s %s breaks Stripe's schema: %s", operation.method, operation.path, departures
            )
            raise StripeRefusal(f"Defect of the simulator: {departures[0]}", status=500, kind="api_error")
        return status, body

    def settle_due(self) -> int:
        """Have banks do what is due by their clock; return how much that was."""

        def call_for(account: str) -> Call:
            return Call(
                store=self.store,
                contract=self.contract,
                clock=self.clock,
                account=account,
                platform=PLATFORM,
                request_id=new_id("req", 14),
                idempotency_key=None,
                publishable=False,
                from_card_frame=False,
                public_url=self.settings.public_url or "",
            )

        done = settling.do_due(self.store, self.clock(), call_for)
        if done:
            self.deliverer.wake()
        return done

    def authenticate(self, call: Call, identifier: str, secret: str | None, *, passed: bool) -> Json:
        """Finish a 3-D Secure challenge; a decline after it shows in the intent, not as an error."""
        with self.store.transaction():
            intent = self.store.find(call.account, identifier)
            if intent is None or (secret is not None and intent.get("client_secret") != secret):
                raise no_such("intent", identifier, param="intent", in_path=True)
            module = {"payment_intent": payment_intents, "setup_intent": setup_intents}.get(intent["object"])
            if module is None:
                raise no_such("intent", identifier, param="intent", in_path=True)
            try:
                module.authenticate(call, intent, passed=passed)
            except StripeRefusal as refusal:
                if not refusal.keeps_work:
                    raise
        self.deliverer.wake()
        # A decline wrote what became of the intent into this very object before it was raised.
        return intent

    def _remember(self, request: Request, answer: Response, asked: Asked | None) -> None:
        """Keep a line per request, without parameters: they may hold what nobody should keep."""
        self.requests.append(
            {
                "method": request.method,
                "path": request.url.path,
                "account": asked.call.account if asked else None,
                "idempotency_key": asked.key if asked else None,
                "status": None if isinstance(answer, DroppedResponse) else answer.status_code,
                "replayed": answer.headers.get("Idempotent-Replayed") == "true",
                "request_id": asked.call.request_id if asked else answer.headers.get("Request-Id"),
            }
        )
        logger.info("%s %s %s", request.method, request.url.path, self.requests[-1]["status"] or "dropped")


def _check_version(version: str | None) -> None:
    if version is not None and (not _VERSION.match(version) or version < OLDEST_VERSION):
        raise StripeRefusal(
            f"Invalid Stripe API version: {version}. The simulator speaks {API_VERSION}, and nothing before "
            f"{OLDEST_VERSION}."
        )


def _server_error(request_id: str) -> Json:
    return StripeRefusal(
        "An unknown error occurred (a fault ordered from the simulator).", status=500, kind="api_error"
    ).body(request_id)


def _answer(status: int, body: Json | str, request_id: str) -> Response:
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    return Response(text, status_code=status, media_type="application/json", headers=headers)
