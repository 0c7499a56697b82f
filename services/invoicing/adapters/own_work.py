"""What invoicing has to do for a provider, as the test clock asks it."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.due import due_now
from shared.ids import ProviderId

# Parked periods wait for a person, not for time.
_OWN_WORK = text(
    "WITH due AS ("  # noqa: S608 (constants of this file)
    " SELECT p.end_at AS at FROM billing_period p"
    " WHERE p.provider_id = :provider_id AND p.state = 'running' AND p.parked_reason IS NULL"
    " UNION ALL SELECT p.fee_due_at FROM billing_period p"
    " WHERE p.provider_id = :provider_id AND p.fee_due_at IS NOT NULL AND p.parked_reason IS NULL"
    " UNION ALL SELECT p.late_due_at FROM billing_period p"
    " WHERE p.provider_id = :provider_id AND p.late_due_at IS NOT NULL AND p.parked_reason IS NULL"
    " UNION ALL SELECT p.finalise_at FROM billing_period p"
    " WHERE p.provider_id = :provider_id AND p.state = 'metered' AND p.parked_reason IS NULL"
    " UNION ALL SELECT i.overdue_at FROM invoice i WHERE i.provider_id = :provider_id AND i.collectable"
    " AND i.overdue_marked_at IS NULL AND i.cancelled_at IS NULL AND i.paid_minor + i.credited_minor < i.total_minor),"
    f" clock AS (SELECT {due_now('pr')} AS now FROM (SELECT CAST(:provider_id AS uuid) AS provider_id) pr)"
    " SELECT (SELECT count(*) FROM due WHERE due.at <= clock.now)"
    " + (SELECT count(*) FROM billing_period p WHERE p.provider_id = :provider_id AND p.state = 'ended') AS under_way,"
    " (SELECT min(due.at) FROM due WHERE due.at > clock.now) AS next_due_at FROM clock"
)


async def own_work(
    engine: AsyncEngine, provider_id: ProviderId, system_now: datetime
) -> tuple[int, datetime | None]:
    """What is due now, periods that usage has not metered yet, and the next due instant."""
    async with engine.connect() as connection:
        row = (
            await connection.execute(_OWN_WORK, {"provider_id": provider_id, "system_now": system_now})
        ).one()
    return row.under_way, row.next_due_at
