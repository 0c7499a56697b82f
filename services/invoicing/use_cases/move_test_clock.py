"""A provider's test clock: put in place once, then only forward (R53)."""

from datetime import datetime

from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid
from shared.events.invoicing import ClockAdvanced
from shared.ids import ProviderId


async def put_test_clock(work: Work, provider_id: ProviderId, now: datetime) -> None:
    """Puts a provider without tenants on a test clock. Raises ``NotFound`` or ``Conflict``."""
    await work.providers.get(provider_id)
    await work.lock("provider clock", provider_id)
    standing = await work.clocks.get(provider_id)
    if standing == now:
        return
    if await work.tenants.any(provider_id):
        raise Conflict(
            "The provider has tenants already; a test clock can only be put in place before the first one."
        )
    if standing is not None and now < standing:
        raise Conflict(f"The test clock stands at {standing.isoformat()} and only moves forward.")
    await move_clock(work, provider_id, now)


async def request_advance(work: Work, provider_id: ProviderId, to: datetime) -> None:
    """Asks for the clock to go to ``to``; the coordinator does it, stop by stop. Raises ``Conflict``, ``Invalid``."""
    await work.providers.get(provider_id)
    standing = await work.clocks.get(provider_id)
    if standing is None:
        raise Conflict("The provider is not on a test clock; PUT /test-clock first.")
    if to < standing:
        raise Invalid(f"The test clock stands at {standing.isoformat()} and only moves forward.", field="to")
    await work.clocks.set_target(provider_id, to)


async def move_clock(work: Work, provider_id: ProviderId, now: datetime) -> None:
    """Moves this service's own clock and tells the others."""
    await work.advance_clock(provider_id, now)
    work.emit(ClockAdvanced(provider_id=provider_id, now=now), time=now)
