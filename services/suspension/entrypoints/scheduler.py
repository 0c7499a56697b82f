"""Loops: look again at tenants whose step is due; ask invoicing and payments about those that are to be barred, or are."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.suspension.use_cases.confirm_standing import ask_about, confirm_standing
from services.suspension.use_cases.ports import OpenWork, Truth
from services.suspension.use_cases.sweep_tenants import sweep_tenants
from shared.db.engine import is_away
from shared.errors import Unavailable
from shared.ids import TenantId

log = structlog.get_logger(__name__)
BATCH = 200
CONFIRM_BATCH = 40
CONFIRM_AT_ONCE = 8
# After one of them could not be asked.
ASK_AGAIN = timedelta(seconds=2)

TenantsDue = Callable[[int], Awaitable[list[TenantId]]]


def make_sweep(tenants_due: TenantsDue, open_work: OpenWork) -> Callable[[], Awaitable[int]]:
    """A step that looks at up to a batch of tenants in one transaction; says how many it did.

    Under the tenants' locks it asks again who is due: a second replica that wanted the same tenants finds them done.
    One tenant that fails does not keep the others waiting: then each has a transaction of its own.
    """

    async def sweep_all(tenant_ids: list[TenantId]) -> int:
        async with open_work() as work:
            return await sweep_tenants(work, tenant_ids)

    async def sweep() -> int:
        due = await tenants_due(BATCH)
        if not due:
            return 0
        try:
            return await sweep_all(due)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("a batch of standings was not derived", error=repr(error))
        done = 0
        for tenant_id in due:
            try:
                done += await sweep_all([tenant_id])
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("standing not derived", tenant_id=str(tenant_id), error=repr(error))
        return done

    return sweep


class Confirmer:
    """Asks invoicing and payments outside any transaction, then corrects and decides in one."""

    def __init__(self, take: TenantsDue, open_work: OpenWork, truth: Truth) -> None:
        self._take = take
        self._open_work = open_work
        self._truth = truth
        self._away: str | None = None

    async def note(self) -> str | None:
        """For the health page: nobody is newly suspended while one of the two cannot be asked."""
        return self._away

    async def step(self) -> int:
        wanted = await self._take(CONFIRM_BATCH)
        slots = asyncio.Semaphore(CONFIRM_AT_ONCE)

        async def one(tenant_id: TenantId) -> int:
            async with slots:
                return await self._confirm(tenant_id)

        done = await asyncio.gather(*(one(tenant_id) for tenant_id in wanted))
        return sum(done)

    async def _confirm(self, tenant_id: TenantId) -> int:
        """0: not now; the tenant is taken up again after a while."""
        try:
            async with self._open_work() as work:
                question = await ask_about(work, tenant_id)
            if question is None:
                return 0
            said = await self._truth.ask(question.provider_id, tenant_id)
            async with self._open_work() as work:
                await confirm_standing(work, question, said)
        except Unavailable as error:
            if self._away is None:
                log.warning("what is owed cannot be asked; nobody is newly suspended", error=error.message)
            self._away = f"nobody is newly suspended: {error.message}"
            async with self._open_work() as work:
                await work.standings.ask_truth(tenant_id, work.system_now() + ASK_AGAIN)
            return 0
        except Exception as error:
            if is_away(error):
                raise
            log.exception("standing not confirmed", tenant_id=str(tenant_id), error=repr(error))
            return 0
        self._away = None
        return 1
