"""The control API under ``/_simulator/``: what tests and demonstrations do to the simulated Stripe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from deploy.stripe_simulator import (
    accounts,
    bank_work,
    banks,
    cards,
    disputes,
    ledger,
    payouts,
    refunds,
)
from deploy.stripe_simulator.api import PLATFORM, Api
from deploy.stripe_simulator.call import Call, new_id
from deploy.stripe_simulator.errors import Json
from deploy.stripe_simulator.faults import Fault


class Strict(BaseModel):
    """A body in which a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class Scope(Strict):
    """An account, or all of them."""

    account: str | None = None


class NewAccount(Strict):
    """A connected account to be made under a chosen identifier."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "US"
    email: str | None = None


class Endpoint(Strict):
    """Where events go; ``accounts`` None means every account's."""

    url: Annotated[str, Field(pattern="^https?://")]
    secret: Annotated[str, Field(min_length=1)]
    accounts: list[str] | None = None
    enabled_events: list[str] = ["*"]


class Release(Strict):
    """How held events go out."""

    newest_first: bool = False


class Resend(Strict):
    """An event to deliver once more."""

    event: str
    account: str = PLATFORM


class Behaviour(Strict):
    """What charging a saved method does from now on: a decline code, or None to succeed."""

    decline_code: str | None
    account: str = PLATFORM


class Days(Strict):
    """How many days pass at the banks."""

    days: Annotated[float, Field(gt=0, le=400)]


class Reason(Strict):
    """Why a charge is disputed, in which account."""

    reason: str = "fraudulent"
    account: str = PLATFORM


class Verdict(Strict):
    """How a dispute is decided."""

    won: bool
    account: str = PLATFORM


class RefundSettled(Strict):
    """How a refund ends."""

    failed: bool
    account: str = PLATFORM


class PaidOut(Strict):
    """A payout of what the balance holds in a currency."""

    currency: Annotated[str, Field(pattern="^[a-z]{3}$")] = "usd"
    account: str = PLATFORM


class Challenge(Strict):
    """How a 3-D Secure challenge ends."""

    passed: bool
    account: str = PLATFORM


def put_endpoint(api: Api, identifier: str, endpoint: Endpoint) -> None:
    """Write a webhook endpoint; it gets what happens from now on."""
    api.store.db.execute(
        "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?)",
        (
            identifier,
            endpoint.url,
            endpoint.secret,
            None if endpoint.accounts is None else json.dumps(endpoint.accounts),
            json.dumps(endpoint.enabled_events),
        ),
    )


def routes(api: Api, make_accounts: Callable[[], None]) -> APIRouter:
    """Return the control API over one simulator; ``make_accounts`` brings back its accounts after a full reset."""
    router = APIRouter(prefix="/_simulator")
    _add_state(router, api, make_accounts)
    _add_faults(router, api)
    _add_webhooks(router, api)
    _add_payments(router, api)
    _add_banks(router, api)
    return router


def _found(api: Api, call: Call, kind: str, identifier: str) -> Json:
    found = api.store.find(call.account, identifier)
    if found is None or found["object"] != kind:
        raise HTTPException(404, f"no {kind} {identifier} in {call.account}")
    return found


def _add_banks(router: APIRouter, api: Api) -> None:
    @router.post("/bank-days")
    async def bank_days(wanted: Days) -> Json:
        bank_work.forward(api.store, wanted.days)
        return {"settled": api.settle_due()}

    @router.post("/charges/{identifier}/dispute")
    async def dispute(identifier: str, wanted: Reason, request: Request) -> Json:
        call = _caller(api, request, wanted.account)
        with api.store.transaction():
            made = disputes.open_dispute(call, _found(api, call, "charge", identifier), wanted.reason)
        api.deliverer.wake()
        return made

    @router.post("/disputes/{identifier}/decide")
    async def decide(identifier: str, wanted: Verdict, request: Request) -> Json:
        call = _caller(api, request, wanted.account)
        with api.store.transaction():
            made = disputes.decide(call, _found(api, call, "dispute", identifier), won=wanted.won)
        api.deliverer.wake()
        return made

    @router.post("/refunds/{identifier}/settle")
    async def settle(identifier: str, wanted: RefundSettled, request: Request) -> Json:
        call = _caller(api, request, wanted.account)
        with api.store.transaction():
            made = refunds.settle(call, _found(api, call, "refund", identifier), failed=wanted.failed)
        api.deliverer.wake()
        return made

    @router.post("/payouts", status_code=201)
    async def pay_out(wanted: PaidOut, request: Request) -> Json:
        call = _caller(api, request, wanted.account)
        with api.store.transaction():
            made = payouts.pay_out(call, wanted.currency)
        api.deliverer.wake()
        return made

    @router.post("/accounts/{identifier}/onboard")
    async def onboard(identifier: str, request: Request) -> Json:
        call = _caller(api, request, identifier)
        with api.store.transaction():
            made = accounts.onboard(call)
        api.deliverer.wake()
        return made


def _caller(api: Api, request: Request, account: str) -> Call:
    call = api.caller(request, new_id("req", 14), account)
    if accounts.known(call, account) is None:
        raise HTTPException(404, f"no account {account}: PUT /_simulator/accounts/{account} makes it")
    return call


def _add_state(router: APIRouter, api: Api, make_accounts: Callable[[], None]) -> None:
    @router.get("/health")
    async def health() -> Json:
        return {"status": "ok", "contract": api.contract.version, "held": api.deliverer.held}

    @router.get("/ledger")
    async def money(account: str | None = None) -> Json:
        return {"accounts": ledger.summary(api.store, account)}

    @router.get("/load")
    async def load() -> Json:
        return {"in_flight_max": dict(api.in_flight_max)}

    @router.delete("/load")
    async def forget_load() -> Json:
        api.in_flight_max.clear()
        return {"in_flight_max": {}}

    @router.get("/requests")
    async def requests(path: str | None = None) -> Json:
        return {"requests": [line for line in api.requests if path is None or line["path"] == path]}

    @router.post("/reset")
    async def reset(scope: Scope) -> Json:
        api.store.reset(scope.account)
        api.requests.clear()
        api.in_flight_max.clear()
        if scope.account is None:
            api.faults.clear()
            api.deliverer.release()
            make_accounts()
        return {"reset": scope.account or "everything"}

    @router.put("/accounts/{identifier}")
    async def account(identifier: str, wanted: NewAccount, request: Request) -> Json:
        if not identifier.startswith("acct_"):
            raise HTTPException(422, "an account's identifier starts with acct_")
        call = api.caller(request, new_id("req", 14), PLATFORM)
        with api.store.transaction():
            return accounts.known(call, identifier) or accounts.new_account(
                call, identifier, wanted.model_dump(exclude_none=True)
            )


def _add_faults(router: APIRouter, api: Api) -> None:
    @router.get("/faults")
    async def list_faults() -> Json:
        return {
            "faults": [
                {"id": entry.id, "struck": entry.struck, **entry.fault.model_dump()}
                for entry in api.faults.active
            ]
        }

    @router.post("/faults", status_code=201)
    async def add_fault(fault: Fault) -> Json:
        entry = api.faults.add(fault)
        return {"id": entry.id, **fault.model_dump()}

    @router.delete("/faults")
    async def clear_faults() -> Json:
        api.faults.clear()
        return {"faults": []}


def _add_webhooks(router: APIRouter, api: Api) -> None:
    @router.put("/webhook_endpoints/{identifier}")
    async def endpoint(identifier: str, wanted: Endpoint) -> Json:
        put_endpoint(api, identifier, wanted)
        return {"id": identifier, **wanted.model_dump(exclude={"secret"})}

    @router.delete("/webhook_endpoints/{identifier}")
    async def remove_endpoint(identifier: str) -> Json:
        api.store.db.execute("DELETE FROM endpoints WHERE id = ?", (identifier,))
        return {"id": identifier, "deleted": True}

    @router.get("/deliveries")
    async def deliveries(state: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Json:
        rows = api.store.db.execute(
            "SELECT * FROM deliveries WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2",
            (state, limit),
        )
        return {"deliveries": [dict(row) for row in rows]}

    @router.post("/webhooks/hold")
    async def hold() -> Json:
        api.deliverer.hold()
        return {"held": True}

    @router.post("/webhooks/release")
    async def release(wanted: Release) -> Json:
        return {"held": False, "waiting": api.deliverer.release(newest_first=wanted.newest_first)}

    @router.post("/webhooks/resend")
    async def resend(wanted: Resend) -> Json:
        count = api.deliverer.resend(wanted.account, wanted.event)
        if count == 0:
            raise HTTPException(404, f"event {wanted.event} of {wanted.account} went to no endpoint")
        return {"event": wanted.event, "deliveries": count}


def _add_payments(router: APIRouter, api: Api) -> None:
    @router.put("/payment_methods/{identifier}/behaviour")
    async def behave(identifier: str, wanted: Behaviour, request: Request) -> Json:
        call = _caller(api, request, wanted.account)
        method = api.store.find(call.account, identifier)
        if method is None or method["object"] != "payment_method":
            raise HTTPException(404, f"no payment method {identifier} in {wanted.account}")
        known = cards.DECLINES if method["type"] == "card" else banks.FAILURES
        if wanted.decline_code is not None and wanted.decline_code not in known:
            raise HTTPException(422, f"decline_code must be null or one of {', '.join(known)}")
        api.store.save(call.account, method, call.hidden(identifier) | {"decline": wanted.decline_code})
        return {"payment_method": identifier, "decline_code": wanted.decline_code}

    @router.post("/intents/{identifier}/authenticate")
    async def authenticate(identifier: str, wanted: Challenge, request: Request) -> Json:
        intent = api.authenticate(
            _caller(api, request, wanted.account), identifier, None, passed=wanted.passed
        )
        return {"id": identifier, "status": intent["status"]}
