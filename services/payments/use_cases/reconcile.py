"""Compares Stripe's books with ours for a window and keeps what differs, for a person. Never charges, refunds or books."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from services.payments.domain.reconciliation import (
    Books,
    Difference,
    PayoutReport,
    Reconciliation,
    compare,
    payout_report,
)
from services.payments.domain.tenants import NOBODY
from services.payments.use_cases.ports import BooksGateway, GatewayRefused, GatewayUnreachable, OpenWork
from shared.errors import Conflict
from shared.ids import ProviderId, new_id

log = structlog.get_logger(__name__)
WINDOW = timedelta(days=7)
EVERY = timedelta(hours=24)
# Both clocks and what is under way right now: nothing younger than this is compared.
SETTLED_FOR = timedelta(minutes=10)
_LONG_BEFORE = timedelta(days=180)


async def reconcile_account(
    open_work: OpenWork,
    books: BooksGateway,
    account: str,
    *,
    window: timedelta = WINDOW,
    settled_for: timedelta = SETTLED_FOR,
) -> list[Reconciliation]:
    """One run per provider that collects in the account. What names no provider there belongs to its only one, or, where
    several share it, to nobody (the zero provider)."""
    async with open_work() as work:
        now = work.system_now()
        providers = await work.accounts.providers_of(account)
    until = now - settled_for
    since = until - window
    theirs = await books.read(account, since, until)
    async with open_work() as work:
        # What was sent while Stripe was read is not in its window, but may be named by it.
        ours = await work.books.of(account, since - _LONG_BEFORE, now + SETTLED_FOR)
    differences = compare(theirs, _within(ours, theirs, since, until))
    runs = _by_provider(account, providers, differences, theirs, since, until, now)
    async with open_work() as work:
        for run in runs:
            await work.books.keep(run)
    for run in runs:
        if run.differences:
            log.error(
                "stripe and our books differ",
                provider_id=str(run.provider_id),
                kinds=sorted({one.kind for one in run.differences}),
                count=len(run.differences),
            )
    return runs


def _within(ours: Books, theirs: Books, since: datetime, until: datetime) -> Books:
    """What can be expected in the window at Stripe, and whatever it names, also from before."""
    intents = {one.intent for one in theirs.charges}
    ids = {one.stripe_id for group in (theirs.refunds, theirs.disputes) for one in group}
    first, last = since + SETTLED_FOR, until - SETTLED_FOR
    return Books(
        charges=[one for one in ours.charges if one.intent in intents or first <= one.at < last],
        refunds=[one for one in ours.refunds if one.stripe_id in ids or first <= one.at < last],
        disputes=[one for one in ours.disputes if one.stripe_id in ids],
    )


def _by_provider(
    account: str,
    providers: list[ProviderId],
    differences: Iterable[Difference],
    theirs: Books,
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[Reconciliation]:
    names = {str(provider): provider for provider in providers}
    fallback = providers[0] if len(providers) == 1 else NOBODY
    sorted_out: dict[ProviderId, list[Difference]] = {provider: [] for provider in providers}
    for one in differences:
        sorted_out.setdefault(names.get(one.owner or "", fallback), []).append(one)
    compared = {
        "charges": len(theirs.charges),
        "refunds": len(theirs.refunds),
        "disputes": len(theirs.disputes),
        "entries": len(theirs.entries),
        "payouts": len(theirs.payouts),
    }
    return [
        Reconciliation(provider, new_id(), account, since, until, now, compared, tuple(found))
        for provider, found in sorted_out.items()
    ]


async def reconcile_nightly(open_work: OpenWork, books: BooksGateway) -> int:
    """Each account once in 24 hours; one that cannot be read now is tried again at the next look."""
    async with open_work() as work:
        accounts = await work.books.unreconciled_since(work.system_now() - EVERY)
    done = 0
    for account in accounts:
        try:
            await reconcile_account(open_work, books, account)
            done += 1
        except (GatewayUnreachable, GatewayRefused) as error:
            log.warning("reconciliation waits", account=account or "platform", error=str(error))
    return done


async def report_payouts(
    open_work: OpenWork, books: BooksGateway, provider_id: ProviderId, since: datetime
) -> list[PayoutReport]:
    """The account's payouts since then, newest first, each with what it is made of.

    Raises ``Conflict`` where several providers share the account: its payouts are none of theirs alone.
    """
    async with open_work() as work:
        account = await work.accounts.of(provider_id)
        others = [one for one in await work.accounts.providers_of(account) if one != provider_id]
    if others:
        raise Conflict(
            "Your payments are collected in the platform's Stripe account, whose payouts hold other providers' money too. "
            "Connect a Stripe account of your own, or ask the platform for its statement.",
            slug="shared-account",
        )
    return await report_account(books, account, since)


async def report_account(books: BooksGateway, account: str, since: datetime) -> list[PayoutReport]:
    """For whoever may see all of the account's money."""
    payouts = await books.payouts(account, since)
    return [payout_report(one, await books.payout_entries(account, one.stripe_id)) for one in payouts]
