"""Deals with a stored webhook event. An event is a hint that something happened; what happened is read from Stripe,
so that order, repeats and age of events do not matter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.payments.domain.payments import Attempt
from services.payments.domain.refunds import Refund
from services.payments.domain.states import State
from services.payments.domain.tenants import WebhookEvent
from services.payments.use_cases.change_methods import forget_method
from services.payments.use_cases.ports import (
    Finished,
    Gateway,
    GatewayRefused,
    GatewayUnreachable,
    OpenWork,
    Work,
)
from services.payments.use_cases.refresh_payment import read_and_apply
from services.payments.use_cases.refund_payment import apply_refund
from services.payments.use_cases.save_method import save_method
from services.payments.use_cases.track_dispute import NOT_OURS, track_dispute
from shared.errors import Conflict, NotFound, Permanent, Transient
from shared.ids import ProviderId, TenantId

log = structlog.get_logger(__name__)
# Returns when something more urgent has been done, in any case soon.
GiveWay = Callable[[], Awaitable[None]]
AT_ONCE = 8
# Bodies are held in memory meanwhile.
BATCH = 40
LONGEST_WAIT = timedelta(hours=1)
PAYMENT_EVENTS = frozenset(
    f"payment_intent.{verb}"
    for verb in ("succeeded", "payment_failed", "processing", "canceled", "requires_action")
)


REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed"})
METHOD_EVENTS = frozenset({"setup_intent.succeeded", "payment_method.detached"})
DISPUTE_EVENTS = "charge.dispute."


@dataclass(frozen=True, slots=True)
class Postponed:
    """It will be tried again."""

    event: WebhookEvent
    reason: str


async def _no_rush() -> None:
    pass


async def process_webhooks(open_work: OpenWork, gateway: Gateway, give_way: GiveWay = _no_rush) -> int:
    """Takes a batch of what is due; answers how many were finished. One bad event never holds up the others:
    what it breaks is written to it. What became of events is written for several at once: should that be lost, they
    are processed again, which changes nothing. ``give_way`` is awaited before each piece of work.
    """
    await give_way()
    async with open_work() as work:
        waiting = await work.webhooks.waiting(work.system_now(), BATCH)
    used = [event for event in waiting if is_used(event.type)]
    unused = [Finished(event, "ignored", _unused(event)) for event in waiting if not is_used(event.type)]
    done = await _settle(open_work, unused)
    for first in range(0, len(used), AT_ONCE):
        if first:
            await give_way()
        some = used[first : first + AT_ONCE]
        ends = await asyncio.gather(*(_process(open_work, gateway, event) for event in some))
        done += await _settle(open_work, ends)
    return done


async def _process(open_work: OpenWork, gateway: Gateway, event: WebhookEvent) -> Finished | Postponed:
    try:
        ignored = await process_webhook(open_work, gateway, event)
    except Permanent as error:
        log.error("webhook failed", event_id=event.event_id, type=event.type, error=str(error))
        return Finished(event, "failed", str(error))
    except (GatewayUnreachable, GatewayRefused, Transient) as error:
        log.warning("webhook waits", event_id=event.event_id, type=event.type, error=str(error))
        return Postponed(event, str(error))
    except Exception as error:
        # A mistake of ours, or the database that went away: the latter makes the postponing fail as well.
        log.exception("webhook waits after an error", event_id=event.event_id, type=event.type)
        return Postponed(event, f"{type(error).__name__}: {error}")
    return Finished(event, "processed" if ignored is None else "ignored", ignored)


async def _settle(open_work: OpenWork, ends: Sequence[Finished | Postponed]) -> int:
    """Answers how many are finished; the others will be tried again."""
    if not ends:
        return 0
    finished = [end for end in ends if isinstance(end, Finished)]
    async with open_work() as work:
        now = work.system_now()
        await work.webhooks.finish(finished, now)
        for end in ends:
            if isinstance(end, Postponed):
                # 2**12 is above the longest wait.
                wait = min(timedelta(seconds=2 ** min(end.event.tries, 12)), LONGEST_WAIT)
                await work.webhooks.postpone(end.event, end.reason, now + wait)
    return len(finished)


def is_used(kind: str) -> bool:
    """Whether events of this type say anything to us."""
    return kind in PAYMENT_EVENTS | REFUND_EVENTS | METHOD_EVENTS or kind.startswith(DISPUTE_EVENTS)


def _unused(event: WebhookEvent) -> str:
    return f"events of type {event.type} are not used"


async def process_webhook(open_work: OpenWork, gateway: Gateway, event: WebhookEvent) -> str | None:
    """None when dealt with, else why the event is none of our business. Safe to do twice.

    Raises ``Permanent`` for an event that can never be dealt with as it is.
    """
    found: dict[str, Any] = orjson.loads(event.body)["data"]["object"]
    if event.type in PAYMENT_EVENTS:
        return await _payment(open_work, gateway, event, found)
    if event.type in REFUND_EVENTS:
        return await _refund(open_work, gateway, event, found)
    if event.type.startswith(DISPUTE_EVENTS):
        return await _dispute(open_work, gateway, event, found)
    if event.type == "setup_intent.succeeded":
        return await _setup(open_work, gateway, event, found)
    if event.type == "payment_method.detached":
        return await forget_method(open_work, event.account, _id(found))
    return _unused(event)


def _id(found: dict[str, Any]) -> str:
    """Events of other types may be about objects without an id; those that we use never are."""
    value = found.get("id")
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise Permanent("the event's object has no id")
    return value


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
        known = replace(attempt, intent=attempt.intent or _id(found))
        await read_and_apply(open_work, gateway, known)
    return None


async def _attempt(work: Work, account: str, found: dict[str, Any]) -> Attempt | None:
    held = await work.attempts.by_intent(account, _id(found))
    if held is not None:
        return held
    metadata = found.get("metadata") or {}
    try:
        tenant_id = TenantId(UUID(str(metadata.get("tenant_id"))))
        attempt_id = UUID(str(metadata.get("attempt_id")))
    except ValueError:
        return None
    held = await work.attempts.get(tenant_id, attempt_id)
    return None if held is None or held.intent not in (None, _id(found)) else held


async def _refund(
    open_work: OpenWork, gateway: Gateway, event: WebhookEvent, found: dict[str, Any]
) -> str | None:
    """One made at Stripe itself is none of ours: reconciliation lists it for a person."""
    async with open_work() as work:
        held = await work.refunds.by_stripe(event.account, _id(found))
        if held is None:
            held = await _refund_by_metadata(work, found.get("metadata") or {})
    if held is None:
        return "the refund is none of ours"
    if held.account != event.account:
        return "the event comes from another account than the refund"
    facts = await gateway.read_refund(event.account, _id(found))
    await apply_refund(open_work, held.tenant_id, held.refund_id, facts)
    return None


async def _refund_by_metadata(work: Work, metadata: dict[str, Any]) -> Refund | None:
    """The answer to our call may be lost: then the event is the first to name the refund at Stripe."""
    try:
        tenant_id = TenantId(UUID(str(metadata.get("tenant_id"))))
        refund_id = UUID(str(metadata.get("refund_id")))
    except ValueError:
        return None
    held = await work.refunds.get(tenant_id, refund_id)
    return held if held is not None and held.stripe_refund is None else None


async def _dispute(
    open_work: OpenWork, gateway: Gateway, event: WebhookEvent, found: dict[str, Any]
) -> str | None:
    """A dispute names its payment by the PaymentIntent alone. While the account has calls whose answer we do not know
    yet, one that nobody knows may be theirs: a card can be disputed sooner than the answer of its charge comes."""
    dispute, intent = _id(found), found.get("payment_intent")
    if not isinstance(intent, str):
        return NOT_OURS
    async with open_work() as work:
        known = await work.attempts.by_intent(event.account, intent) is not None
        may_be_ours = known or await work.attempts.any_unnamed(event.account)
    if not known and may_be_ours:
        raise Transient("the disputed payment may be one whose answer is awaited")
    if not known:
        return NOT_OURS
    return await track_dispute(open_work, event.account, await gateway.read_dispute(event.account, dispute))


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
        await save_method(open_work, gateway, provider_id, tenant_id, _id(found))
    except (NotFound, Conflict) as refusal:
        return refusal.message
    return None
