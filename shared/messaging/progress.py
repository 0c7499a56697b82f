"""How far a service is with a provider's events: what lets a test clock wait until everybody is done (R53)."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.ids import ProviderId

# A service's own work for a provider: (steps that are under way, instant of the next due step or None).
OwnWork = Callable[[ProviderId], Awaitable[tuple[int, datetime | None]]]

_SENT = text(
    "SELECT type, count(*) AS events FROM outbox WHERE provider_id = :provider_id AND sent_at >= :since GROUP BY type"
)
_HANDLED = text(
    "SELECT type, count(*) AS events FROM inbox WHERE provider_id = :provider_id AND sent_at >= :since GROUP BY type"
)
_CLOCK = text("SELECT now_at FROM provider_clock WHERE provider_id = :provider_id")


class Progress(BaseModel):
    """Counts of events of one provider sent since an instant, by type; own work; where the clock stands."""

    service: str
    clock: datetime | None
    sent: dict[str, int]
    handled: dict[str, int]
    under_way: int
    next_due_at: datetime | None


async def progress(
    engine: AsyncEngine, service: str, provider_id: ProviderId, since: datetime, own_work: OwnWork
) -> Progress:
    """Own work is asked first: a step that ends in between shows up in the counts that follow."""
    under_way, next_due_at = await own_work(provider_id)
    async with engine.connect() as connection:
        values = {"provider_id": provider_id, "since": since}
        handled = {row.type: row.events for row in await connection.execute(_HANDLED, values)}
        sent = {row.type: row.events for row in await connection.execute(_SENT, values)}
        clock = (await connection.execute(_CLOCK, {"provider_id": provider_id})).scalar_one_or_none()
    return Progress(
        service=service, clock=clock, sent=sent, handled=handled, under_way=under_way, next_due_at=next_due_at
    )
