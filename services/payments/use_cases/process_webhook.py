"""Deals with a stored webhook event. An event is a hint that something happened; what happened is read from Stripe,
so that order, repeats and age of events do not matter.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.payments.domain.payments import Attempt
from services.payments.domain.states import State
from services.payments.domain.tenants import WebhookEvent
from services.payments.use_cases.change_methods import forget_method
from services.payments.use_cases.ports import Gateway, GatewayRefused, GatewayUnreachable, OpenWork, Work
from services.payments.use_cases.refresh_payment import read_and_apply
from services.payments.use_cases.save_method import save_method
from shared.errors import Conflict, NotFound, Permanent
from shared.ids import ProviderId, TenantId

log = structlog.get_logger(__name__)
AT_ONCE = 8
PAYMENT_EVENTS = frozenset(
    f"payment_intent.{verb}"
    for verb in ("succeeded", "payment_failed", "processing", "canceled", "requires_action")
)


async def process_webhooks(open_work: OpenWork, gateway: Gateway) -> int:
    """Takes a batch of what waits; answers how many were finished."""
    async with open_work() as work:
        waiting = await work.webhooks.waiting(work.system_now(), AT_ONCE)
    return sum(await asyncio.gather(*(_process(open_work, gateway, event) for event in waiting)))


async def _process(open_work: OpenWork, gateway: Gateway, event: WebhookEvent) -> bool:
    try:
        ignored = await process_webhook(open_work, gateway, event)
    except (GatewayUnreachable, GatewayRefused, Permanent) as error:
        wait = timedelta(seconds=min(2**event.tries, 3600))
        log.warning("webhook waits", event_id=event.event_id, type=event.type, error=str(error))
        async with open_work() as work:
            await work.webhooks.postpone(event, str(error), work.system_now() + wait)
        return False
    async with open_work() as work:
        outcome = "processed" if ignored is None else "ignored"
        await work.webhooks.finish(event, outcome, ignored, work.system_now())
    return True


async def process_webhook(open_work: OpenWork, gateway: Gateway, event: WebhookEvent) -> str | None:
    """None when dealt with, else why the event is none of our business. Safe to do twice."""
    found: dict[str, Any] = orjson.loads(event.body)["data"]["object"]
    if event.type in PAYMENT_EVENTS:
        return await _payment(open_work, gateway, event, found)
    if event.type == "setup_intent.succeeded":
        return await _setup(open_work, gateway, event, found)
    if event.type == "payment_method.detached":
        return await forget_method(open_work, event.account, str(found["id"]))
    return f"events of type {event.type} are not used"


async def _payment(
    open_work: OpenWork, gateway: Gateway, event: WebhookEvent, found: dict[str, Any]
) -> str | None:
    async with open_work() as work:
        attempt = await _attempt(work, event.account, found)
    if attempt is None:
        return "the payment intent is none of ours"
    if attempt.account != event.account:
        return "the event comes from another account than the payment intent"
    late_capture = event.type == "payment_intent.succeeded" and attempt.state is not State.SUCCEEDED
    if attempt.is_open or late_capture:
        # The answer to our call may be lost or still on its way: then the event is the first to name the intent.
        known = replace(attempt, intent=attempt.intent or str(found["id"]))
        await read_and_apply(open_work, gateway, known)
    return None


async def _attempt(work: Work, account: str, found: dict[str, Any]) -> Attempt | None:
    held = await work.attempts.by_intent(account, str(found["id"]))
    if held is not None:
        return held
    metadata = found.get("metadata") or {}
    try:
        tenant_id = TenantId(UUID(str(metadata.get("tenant_id"))))
        attempt_id = UUID(str(metadata.get("attempt_id")))
    except ValueError:
        return None
    held = await work.attempts.get(tenant_id, attempt_id)
    return None if held is None or held.intent not in (None, str(found["id"])) else held


async def _setup(
    open_work: OpenWork, gateway: Gateway, event: WebhookEvent, found: dict[str, Any]
) -> str | None:
    metadata = found.get("metadata") or {}
    try:
        provider_id = ProviderId(UUID(str(metadata.get("provider_id"))))
        tenant_id = TenantId(UUID(str(metadata.get("tenant_id"))))
    except ValueError:
        return "the setup intent is none of ours"
    async with open_work() as work:
        account = await work.accounts.of(provider_id)
    if account != event.account:
        return "the event comes from another account than the tenant's provider has"
    try:
        await save_method(open_work, gateway, provider_id, tenant_id, str(found["id"]))
    except (NotFound, Conflict) as refusal:
        return refusal.message
    return None
