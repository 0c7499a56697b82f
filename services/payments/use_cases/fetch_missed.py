"""Fetches events that Stripe could not deliver; at most 30 days back, which is how long Stripe keeps them."""

from datetime import timedelta

import structlog

from services.payments.use_cases.ports import BooksGateway, GatewayRefused, GatewayUnreachable, OpenWork
from services.payments.use_cases.process_webhook import PAYMENT_EVENTS, REFUND_EVENTS
from services.payments.use_cases.take_webhook import take_webhook

log = structlog.get_logger(__name__)
KEPT_AT_STRIPE = timedelta(days=30)
# What our endpoint is asked to be sent; Stripe takes up to 20 types in a list.
TYPES = (
    *sorted(PAYMENT_EVENTS),
    *sorted(REFUND_EVENTS),
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "setup_intent.succeeded",
    "payment_method.detached",
)


async def fetch_missed(open_work: OpenWork, books: BooksGateway) -> int:
    """Kept like any delivery, once by (account, event id); answers how many were new."""
    async with open_work() as work:
        accounts = await work.accounts.all()
        since = work.system_now() - KEPT_AT_STRIPE
    new = 0
    for account in accounts:
        try:
            missed = await books.undelivered(account, since, TYPES)
        except (GatewayUnreachable, GatewayRefused) as error:
            log.warning("missed events not fetched", account=account or "platform", error=str(error))
            continue
        for body in missed:
            async with open_work() as work:
                new += await take_webhook(work, body)
    if new:
        log.info("missed events fetched", count=new)
    return new
