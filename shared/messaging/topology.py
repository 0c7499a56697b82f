"""Exchanges and queues, and who hears what (the choreography of design/architecture.md).

Every service declares the whole topology before it publishes, so that an event never meets an exchange whose
other consumers have not started yet.
"""

from collections.abc import Mapping
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel

from shared.events import invoicing, payments, suspension, usage
from shared.events.envelope import Event

EVENTS = "tollgate.events"  # topic; routing key = event type
DEAD = "tollgate.dead"  # topic; routing key = the queue that gave up
RETRY_PREFIX = "tollgate.retry."
# Call records of platforms that publish them: topic, routing key <provider>.<format>; see docs/integrations.
CDRS = "tollgate.cdrs"
CDR_QUEUE = "usage.cdrs"
# Headers that say how to read a call record, wherever it rests on its way.
CDR_HEADERS = "x-cdr-"
# Seconds a message rests before it goes back to the queue it came from. After the last one it is dead.
RETRY_LADDER_SECONDS = (1, 5, 30, 120, 600)

_TENANTS = (invoicing.TenantOpened, invoicing.TenantChanged, invoicing.TenantClosed)
_INVOICES = (
    invoicing.InvoiceIssued,
    invoicing.InvoicePartiallyPaid,
    invoicing.InvoicePaid,
    invoicing.InvoiceOverdue,
    invoicing.InvoiceCancelled,
)

SUBSCRIPTIONS: dict[str, tuple[type[Event], ...]] = {
    "usage": (
        *_TENANTS,
        invoicing.ProviderChanged,
        invoicing.PlanChanged,
        invoicing.PeriodEnded,
        invoicing.InvoiceIssued,
        invoicing.ClockAdvanced,
    ),
    "invoicing": (
        usage.PeriodMetered,
        payments.PaymentSucceeded,
        payments.PaymentRefunded,
        payments.RefundFailed,
        payments.PaymentDisputed,
    ),
    "payments": (
        *_TENANTS,
        *_INVOICES,
        invoicing.InvoiceReopened,
        invoicing.CreditNoteIssued,
        invoicing.ProviderChanged,
        invoicing.ClockAdvanced,
    ),
    "suspension": (
        *_TENANTS,
        *_INVOICES,
        invoicing.ProviderChanged,
        invoicing.ClockAdvanced,
        invoicing.InvoiceReopened,
        invoicing.CreditNoteIssued,
        payments.PaymentProcessing,
        payments.PaymentFailed,
        payments.PaymentSucceeded,
        payments.PaymentDisputed,
        payments.PaymentPlanAgreed,
        payments.PaymentPlanBroken,
        payments.PaymentPlanEnded,
        usage.ThresholdReached,
        usage.ThresholdCleared,
    ),
    "notifications": (
        *_TENANTS,
        invoicing.ProviderChanged,
        invoicing.InvoiceIssued,
        # These and the disputes: for what is still due on a receipt.
        invoicing.InvoicePartiallyPaid,
        invoicing.InvoicePaid,
        invoicing.CreditNoteIssued,
        payments.PaymentSucceeded,
        payments.PaymentFailed,
        payments.PaymentRefunded,
        payments.RefundFailed,
        payments.PaymentDisputed,
        payments.MethodExpiring,
        payments.PaymentPlanAgreed,
        payments.PaymentPlanBroken,
        payments.PaymentPlanEnded,
        suspension.ReminderDue,
        suspension.TenantSuspended,
        suspension.TenantRestored,
        suspension.TerminationProposed,
        usage.ThresholdReached,
    ),
    "gateway": (),
}


# Services that hear every event for the outside world. Nobody waits for them, so a test clock does not either.
FIREHOSES = ("gateway",)


def firehose_name(service: str) -> str:
    """The queue of a service that hears every event."""
    return f"{service}.every-event"


def queue_name(service: str, event: type[Event]) -> str:
    """One durable quorum queue per consumer and type."""
    return f"{service}.{event.TYPE}"


def dead_queue_name(service: str) -> str:
    return f"{service}.dead"


def consumers_of(event_type: str) -> tuple[str, ...]:
    """The services that hear an event type; empty: it may be published without a queue to land in."""
    return tuple(name for name, events in SUBSCRIPTIONS.items() if any(event_type == e.TYPE for e in events))


def attempt_of(headers: Mapping[str, Any]) -> int:
    """How often a message was tried, by our own header; 0 where somebody else wrote it."""
    try:
        return max(0, int(str(headers.get("x-attempt", 0))))
    except ValueError:
        return 0


def is_kept_header(name: str) -> bool:
    """Whether a header goes along when a message is sent again: its trace, and how to read it."""
    return name in ("traceparent", "tracestate") or name.startswith(CDR_HEADERS)


def quorum_arguments(queue: str) -> dict[str, Any]:
    """Arguments of a consumer's queue. FastStream's defaults would lose rejected and overflowing messages.

    The delivery limit is high: stopping a consumer hands back up to ``prefetch`` messages and counts each
    (measured, design/messaging.md); business attempts are counted in a header of our own.
    """
    return {
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": 50,
    }


def _dead_arguments(version: str) -> dict[str, Any]:
    """Looking at a dead letter must never use it up: RabbitMQ 4 limits deliveries to 20 unless told not to."""
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}
    if int(version.split(".")[0]) >= 4:
        arguments["x-delivery-limit"] = -1
    return arguments


async def declare(channel: AbstractChannel, server_version: str) -> None:
    """Declares everything; idempotent."""
    events = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.TOPIC, durable=True)
    for seconds in RETRY_LADDER_SECONDS:
        await _declare_retry_step(channel, seconds)
    await _declare_cdrs(channel)
    for service, subscribed in SUBSCRIPTIONS.items():
        if not subscribed and service not in FIREHOSES:
            continue
        resting = await channel.declare_queue(
            dead_queue_name(service), durable=True, arguments=_dead_arguments(server_version)
        )
        await resting.bind(dead, routing_key=f"{service}.#")
        for event in subscribed:
            name = queue_name(service, event)
            queue = await channel.declare_queue(
                name, durable=True, arguments={"x-queue-type": "quorum", **quorum_arguments(name)}
            )
            await queue.bind(events, routing_key=event.TYPE)
    for service in FIREHOSES:
        name = firehose_name(service)
        # Classic: after a kill -9 of a RabbitMQ 3.10 a quorum queue that nobody reads withholds the confirms of all
        # that is routed to it (seen), and a report to the outside must never hold up the services' own events.
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "classic",
                "x-dead-letter-exchange": DEAD,
                "x-dead-letter-routing-key": name,
            },
        )
        await queue.bind(events, routing_key="#")


async def _declare_cdrs(channel: AbstractChannel) -> None:
    """By every service, so that a record never meets an exchange without its queue."""
    cdrs = await channel.declare_exchange(CDRS, aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(
        CDR_QUEUE, durable=True, arguments={"x-queue-type": "quorum", **quorum_arguments(CDR_QUEUE)}
    )
    await queue.bind(cdrs, routing_key="#")


async def _declare_retry_step(channel: AbstractChannel, seconds: int) -> None:
    """A step serves all queues: an expired message goes to the default exchange by its own routing key."""
    name = f"{RETRY_PREFIX}{seconds}s"
    exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(
        name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    await queue.bind(exchange)
