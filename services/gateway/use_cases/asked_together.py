"""Who asks for the same at the same time gets one answer, and never an older one than their own question."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class AskedTogether(Generic[K, T]):
    """At most one question about a key is under way. Whoever comes meanwhile waits for the next one, which begins when
    this one has ended and so is read after they came: nobody is told what held before they asked."""

    def __init__(self, ask: Callable[[K], Awaitable[T]]) -> None:
        self._ask = ask
        self._running: dict[K, asyncio.Task[T]] = {}
        self._next: dict[K, asyncio.Task[T]] = {}

    async def get(self, key: K) -> T:
        """Raises what asking raised. One who goes away takes nothing from the others."""
        running = self._running.get(key)
        if running is None:
            asked = self._running[key] = asyncio.create_task(self._once(key))
        elif key in self._next:
            asked = self._next[key]
        else:
            asked = self._next[key] = asyncio.create_task(self._after(running, key))
        return await asyncio.shield(asked)

    async def _after(self, running: "asyncio.Task[T]", key: K) -> T:
        await asyncio.wait({running})
        # From here on whoever comes is too late for this question.
        self._running[key] = self._next.pop(key)
        return await self._once(key)

    async def _once(self, key: K) -> T:
        try:
            return await self._ask(key)
        finally:
            if self._running.get(key) is asyncio.current_task() and key not in self._next:
                del self._running[key]
