"""Routes of a provider's test clock (R53)."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from services.invoicing.entrypoints.bodies import AdvanceBody, ClockBody
from services.invoicing.entrypoints.test_clock import TestClockCoordinator
from services.invoicing.use_cases.move_test_clock import put_test_clock, request_advance
from services.invoicing.use_cases.ports import Work
from shared.ids import ProviderId

OpenWork = Callable[[], Work]


def test_clock_router(
    open_work: OpenWork, internal: Any, coordinator: TestClockCoordinator, changed: Callable[[], None]
) -> APIRouter:
    """``changed`` is called after a commit that may have made something due."""
    router = APIRouter(prefix="/v1/providers", dependencies=[Depends(internal)], tags=["test clock"])

    async def clock_state(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            await work.providers.get(provider_id)
            now, target = await work.clocks.get(provider_id), await work.clocks.target(provider_id)
        if now is None:
            return {"now": None, "target": None, "state": "real_time", "waiting_for": []}
        # There, and everything that is due there done: only then do people see what follows from it.
        waiting = await coordinator.waiting_for(provider_id, now)
        arrived = target is None or target <= now
        state = "ready" if arrived and not waiting else "advancing"
        return {"now": now, "target": target or now, "state": state, "waiting_for": waiting}

    @router.get("/{provider_id}/test-clock")
    async def get_clock(provider_id: ProviderId) -> dict[str, Any]:
        return await clock_state(provider_id)

    @router.put("/{provider_id}/test-clock")
    async def put_clock(provider_id: ProviderId, body: ClockBody) -> dict[str, Any]:
        async with open_work() as work:
            await put_test_clock(work, provider_id, body.now)
        return await clock_state(provider_id)

    @router.post("/{provider_id}/test-clock/advance", status_code=202)
    async def advance_clock(provider_id: ProviderId, body: AdvanceBody) -> dict[str, Any]:
        async with open_work() as work:
            await request_advance(work, provider_id, body.to)
        changed()
        return await clock_state(provider_id)

    return router
