"""What invoicing itself has under way for a provider: steps that are due, and the next instant one will be."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.db.due import due_now
from shared.ids import ProviderId

_DUE = text(
    # Every instant at which something falls due; a period waits for its totals after its end.
    f"""
    WITH clock AS (SELECT {due_now("p")} AS now FROM (SELECT CAST(:p AS uuid) AS provider_id) AS p),
    due AS (
        SELECT end_at AS at FROM billing_period WHERE provider_id = :p AND state = 'running'
        UNION ALL
        SELECT fee_due_at FROM billing_period WHERE provider_id = :p AND fee_due_at IS NOT NULL AND state <> 'parked'
        UNION ALL
        SELECT finalise_at FROM billing_period WHERE provider_id = :p AND state IN ('ended', 'metered')
        UNION ALL
        SELECT overdue_at FROM invoice WHERE provider_id = :p AND overdue_marked_at IS NULL AND cancelled_at IS NULL
            AND collectable AND paid_minor < total_minor
    )
    SELECT count(*) FILTER (WHERE at <= clock.now) AS under_way,
        min(at) FILTER (WHERE at > clock.now) AS next_due_at
    FROM due, clock
    """  # noqa: S608  own text
)


class OwnSteps:
    """See ``shared.messaging.progress.OwnWork``."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def __call__(self, provider_id: ProviderId) -> tuple[int, datetime | None]:
        async with self._engine.connect() as connection:
            row = (await connection.execute(_DUE, {"p": provider_id, "system_now": self._clock.now()})).one()
        return row.under_way, row.next_due_at
