"""The coordinator of test clocks: waits until all is settled, then goes to the next due instant (R53)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic

import structlog

from services.invoicing.domain.clock_stops import Standing, next_stop, what_is_open
from services.invoicing.use_cases.move_test_clock import move_clock
from services.invoicing.use_cases.ports import Work
from shared.clock import Clock
from shared.ids import ProviderId
from shared.messaging.progress import Progress
from shared.messaging.topology import consumers_of

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.03
LONGEST_PAUSE_SECONDS = 0.5
LOG_EVERY_SECONDS = 5.0
# Events older than this may have been purged from outbox and inbox, at different moments in each service.
COUNTED_DAYS = 20

Ask = Callable[[ProviderId, datetime], Awaitable[dict[str, Progress | str]]]
Look = tuple[list[Standing], list[str]]


class TestClockCoordinator:
    """Drives all clocks that are on their way. Two replicas may run it: a stop is taken by whoever comes first."""

    __test__ = False  # no test class, whatever its name

    def __init__(
        self,
        open_work: Callable[[], Work],
        ask: Ask,
        clock: Clock,
        *,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._open_work = open_work
        self._ask = ask
        self._clock = clock
        self._moved = moved
        self._pauses: dict[ProviderId, float] = {}
        self._logged: dict[ProviderId, float] = {}

    async def step(self) -> int:
        """One look at every clock that is on its way; how many there are."""
        async with self._open_work() as work:
            advancing = await work.clocks.advancing()
        await asyncio.gather(*(self._drive(*one) for one in advancing))
        return len(advancing)

    async def waiting_for(self, provider_id: ProviderId, now: datetime) -> list[str]:
        """What keeps the clock where it is, in sentences."""
        _, open_ends = await self._look(provider_id, now)
        return open_ends

    async def _look(self, provider_id: ProviderId, now: datetime) -> Look:
        answers = await self._ask(provider_id, self._clock.now() - timedelta(days=COUNTED_DAYS))
        standings = [_standing(one) for one in answers.values() if isinstance(one, Progress)]
        silent = [one for one in answers.values() if isinstance(one, str)]
        return standings, silent + what_is_open(standings, now, consumers_of)

    async def _drive(self, provider_id: ProviderId, now: datetime, target: datetime) -> None:
        first, open_ends = await self._look(provider_id, now)
        if not open_ends:
            await asyncio.sleep(LOOK_SECONDS)
            second, open_ends = await self._look(provider_id, now)
            if not open_ends and second == first:
                await self._move(provider_id, now, next_stop(second, target))
                self._pauses.pop(provider_id, None)
                return
        await self._wait(provider_id, open_ends)

    async def _wait(self, provider_id: ProviderId, open_ends: list[str]) -> None:
        if open_ends and monotonic() - self._logged.get(provider_id, float("-inf")) > LOG_EVERY_SECONDS:
            if provider_id in self._pauses:
                log.info("test clock waits", provider_id=str(provider_id), waiting_for=open_ends[:5])
            self._logged[provider_id] = monotonic()
        pause = self._pauses.get(provider_id, LOOK_SECONDS)
        # Quick while things move, slower when somebody is away.
        self._pauses[provider_id] = min(pause * 1.1, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)

    async def _move(self, provider_id: ProviderId, seen: datetime, to: datetime) -> None:
        async with self._open_work() as work:
            if not await work.clocks.holds(provider_id, seen):
                return
            await move_clock(work, provider_id, to)
        self._moved()


def _standing(one: Progress) -> Standing:
    return Standing(one.service, one.clock, one.sent, one.handled, one.under_way, one.next_due_at)
