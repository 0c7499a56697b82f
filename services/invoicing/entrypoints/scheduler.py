"""What is due as of now, one transaction each; a tenant that cannot be invoiced is parked and the rest go on."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.use_cases.end_period import end_period
from services.invoicing.use_cases.issue_invoice import issue_fee, issue_period
from services.invoicing.use_cases.mark_overdue import mark_overdue
from shared.db.engine import is_away
from shared.errors import TollgateError

log = structlog.get_logger(__name__)
Step = Callable[[InvoicingWork], Awaitable[int]]
# Ending before issuing, so that an invoice finds the period that follows it.
STEPS: tuple[Step, ...] = (end_period, issue_fee, issue_period, mark_overdue)

_PARK = text(
    "UPDATE billing_period SET state = 'parked', reason = :reason WHERE tenant_id = :t AND start_date = :start"
)


class DueSteps:
    """Runs every due step of invoicing."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __call__(self) -> int:
        done = 0
        for step in STEPS:
            done += await self._until_none(step)
        return done

    async def _until_none(self, step: Step) -> int:
        done = 0
        while await self._once(step):
            done += 1
        return done

    async def _once(self, step: Step) -> int:
        work = InvoicingWork(self._engine)
        try:
            async with work:
                return await step(work)
        except Exception as error:
            claimed = work.periods.claimed
            known = isinstance(
                error, TollgateError | IntegrityError | ValueError | ArithmeticError | LookupError
            )
            if is_away(error) or claimed is None or not known:
                raise
            log.exception("period parked", tenant_id=str(claimed.tenant_id), start=str(claimed.period.start))
            await self._park(claimed.tenant_id, claimed.period.start, f"{type(error).__name__}: {error}")
            return 1

    async def _park(self, tenant_id: object, start: object, reason: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(_PARK, {"t": tenant_id, "start": start, "reason": reason[:2000]})
