"""Loop: tell switches what changed, until they have taken it or a day has passed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from services.suspension.use_cases.ports import Outcome, Push
from shared.errors import Refusal

log = structlog.get_logger(__name__)
BATCH = 50
AT_ONCE = 16
FIRST_RETRY = timedelta(seconds=0.5)
LONGEST_RETRY = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=1)
# Every replica of the gate follows the database within a second; a switch that asked one of them too early is told
# again when that has passed.
TELL_AGAIN = timedelta(seconds=1.2)

_LOOK_SECONDS = 0.002

Take = Callable[[int], Awaitable[list[Push]]]
Send = Callable[[Push], Awaitable[None]]
Follows = Callable[[Push], Awaitable[None]]
Keep = Callable[[list[Outcome]], Awaitable[None]]


def retry_after(attempts: int) -> timedelta:
    """0.5 s, doubling, at most five minutes."""
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_RETRY * doubled, LONGEST_RETRY)


class Pusher:
    """``follows`` waits until this replica's gate answers by the change: a switch asks as soon as it is told."""

    def __init__(
        self, take: Take, send: Send, follows: Follows, keep: Keep, now: Callable[[], datetime]
    ) -> None:
        self._take = take
        self._send = send
        self._follows = follows
        self._keep = keep
        self._now = now

    async def step(self) -> int:
        pushes = await self._take(BATCH)
        if not pushes:
            return 0
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(push: Push) -> Outcome:
            async with slots:
                return await self._tell(push)

        await self._keep(list(await asyncio.gather(*(one(push) for push in pushes))))
        return len(pushes)

    async def _tell(self, push: Push) -> Outcome:
        await self._follows(push)
        try:
            await self._send(push)
        except Refusal as refusal:
            return self._failed(push, refusal.message)
        except Exception as error:
            log.exception("push failed", switch=push.switch.name, error=repr(error))
            return self._failed(push, repr(error))
        now = self._now()
        again = push.switch.kind == "kamailio_jsonrpc" and not push.delivered
        return Outcome(push, now, now + TELL_AGAIN if again else None, None)

    def _failed(self, push: Push, error: str) -> Outcome:
        now = self._now()
        log.warning("switch not told", switch=push.switch.name, attempts=push.attempts, error=error)
        given_up = now - push.queued_at > GIVE_UP_AFTER
        return Outcome(push, None, None if given_up else now + retry_after(push.attempts), error[:500])


def waits_for_memory(
    stage_of: Callable[[Push], str | None], *, longest_seconds: float = 0.5
) -> Callable[[Push], Awaitable[None]]:
    """``stage_of``: what the gate's memory says of the push's tenant."""

    async def follows(push: Push) -> None:
        for _ in range(round(longest_seconds / _LOOK_SECONDS)):
            if stage_of(push) == push.stage:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    return follows


def purge_of(forget: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[int]]:
    async def step() -> int:
        await forget()
        return 0

    return step
