"""Loops: collect what is due, process stored webhooks, resolve unknown outcomes, tidy up at Stripe."""

from datetime import timedelta

from services.payments.use_cases.announce_expiring import announce_expiring
from services.payments.use_cases.change_methods import detach_removed
from services.payments.use_cases.collect_invoice import collect_due
from services.payments.use_cases.fetch_missed import fetch_missed
from services.payments.use_cases.ports import BooksGateway, Gateway, OpenWork
from services.payments.use_cases.process_webhook import GiveWay, process_webhooks
from services.payments.use_cases.reconcile import reconcile_nightly
from services.payments.use_cases.resolve_attempts import LEFT_ALONE, resolve_attempts
from services.payments.use_cases.resolve_refunds import resolve_refunds
from services.payments.use_cases.step_plans import step_plans
from services.payments.use_cases.supersede_attempt import close_intents

KEEP_WEBHOOKS = timedelta(days=90)


class Scheduler:
    """The steps; each does a bounded batch and answers how much it did."""

    def __init__(
        self,
        open_work: OpenWork,
        gateway: Gateway,
        books: BooksGateway | None = None,
        *,
        give_way: GiveWay | None = None,
    ) -> None:
        """Without ``books`` nothing is reconciled or fetched. ``give_way``: what dealing with webhooks waits for."""
        self._open_work = open_work
        self._gateway = gateway
        self._books = books
        self._give_way = give_way
        self._first = True

    async def collect(self) -> int:
        return await collect_due(self._open_work, self._gateway)

    async def plans(self) -> int:
        return await step_plans(self._open_work, self._gateway)

    async def webhooks(self) -> int:
        if self._give_way is None:
            return await process_webhooks(self._open_work, self._gateway)
        return await process_webhooks(self._open_work, self._gateway, self._give_way)

    async def janitor(self) -> int:
        """At start everything unfinished is taken up at once: most of it was left by the process before us, and for
        what another replica is doing right now the key is the same.
        """
        left_alone = timedelta(0) if self._first else LEFT_ALONE
        done = await resolve_attempts(self._open_work, self._gateway, left_alone=left_alone)
        done += await resolve_refunds(self._open_work, self._gateway, left_alone=left_alone)
        self._first = self._first and done > 0
        return done

    async def retention(self) -> int:
        """Stripe repeats an event for at most 30 days; after three times that nobody asks for it."""
        async with self._open_work() as work:
            await work.webhooks.purge(work.system_now() - KEEP_WEBHOOKS)
        return 0

    async def expiring(self) -> int:
        return await announce_expiring(self._open_work)

    async def missed(self) -> int:
        """Answers 0: what Stripe lists as undelivered stays listed until it is delivered."""
        if self._books is not None:
            await fetch_missed(self._open_work, self._books)
        return 0

    async def reconcile(self) -> int:
        return 0 if self._books is None else await reconcile_nightly(self._open_work, self._books)

    async def tidy(self) -> int:
        closed = await close_intents(self._open_work, self._gateway)
        return closed + await detach_removed(self._open_work, self._gateway)
