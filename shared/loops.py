"""A loop that does what is due: woken, or by itself every so often. Safe to run twice, late, or on two replicas."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from shared.db.engine import is_away

log = structlog.get_logger(__name__)


class DueLoop:
    """Calls ``step`` until it says 0, then rests until woken or ``interval_seconds`` have passed.

    ``step`` does a bounded batch of what is due and returns how much it did.
    """

    def __init__(
        self, name: str, step: Callable[[], Awaitable[int]], *, interval_seconds: float = 1.0
    ) -> None:
        self.name = name
        self._step = step
        self._interval = interval_seconds
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be work now."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        pause = self._interval
        while not self._stopping:
            try:
                if await self._step():
                    pause = self._interval
                    continue
                pause = self._interval
            except Exception as error:
                pause = min(max(pause * 2, 0.5), 15.0)
                if is_away(error):
                    log.warning("loop waits", loop=self.name, error=repr(error))
                else:
                    log.exception("loop failed, will try again", loop=self.name, error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            self._wake.clear()
