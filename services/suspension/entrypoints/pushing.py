"""Loop: tell switches what changed, until they have taken it or a day has passed."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog

from services.suspension.use_cases.ports import Outcome, Push, SwitchAway
from shared.db.engine import is_away
from shared.errors import Refusal
from shared.ids import ProviderId

log = structlog.get_logger(__name__)
# Of one switch: pushes taken together, and told at a time.
BATCH = 50
AT_ONCE = 8
FIRST_RETRY = timedelta(seconds=0.5)
LONGEST_RETRY = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=1)
# Every replica of the gate follows the database within a second; a switch that asked one of them too early is told
# again when that has passed.
TELL_AGAIN = timedelta(seconds=1.2)

_LOOK_SECONDS = 0.002

SwitchKey = tuple[ProviderId, str]
Take = Callable[[int, Collection[SwitchKey]], Awaitable[list[Push]]]
Send = Callable[[Push], Awaitable[None]]
Follows = Callable[[Push], Awaitable[None]]
Keep = Callable[[list[Outcome]], Awaitable[None]]


def retry_after(attempts: int) -> timedelta:
    """0.5 s, doubling, at most five minutes."""
    doubled: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_RETRY * doubled, LONGEST_RETRY)


class Pusher:
    """``follows`` waits until this replica's gate answers by the change: a switch asks as soon as it is told.

    Each switch is told beside the others: one that is away or slow, whoever's it is, delays no other's. ``wake`` is
    called when a switch has been told all that was taken for it.
    """

    def __init__(
        self,
        take: Take,
        send: Send,
        follows: Follows,
        keep: Keep,
        now: Callable[[], datetime],
        *,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._take = take
        self._send = send
        self._follows = follows
        self._keep = keep
        self._now = now
        self._wake = wake
        self._busy: dict[SwitchKey, asyncio.Task[None]] = {}

    async def step(self) -> int:
        """Begins with what is due for switches that are not being told already; says how much that is."""
        pushes = await self._take(BATCH, list(self._busy))
        by_switch: dict[SwitchKey, list[Push]] = defaultdict(list)
        for push in pushes:
            by_switch[push.switch.provider_id, push.switch.name].append(push)
        for key, of_switch in by_switch.items():
            self._busy[key] = asyncio.create_task(self._tell_all(key, of_switch), name=f"push-{key[1]}")
        return len(pushes)

    async def idle(self) -> None:
        """Waits until all that was begun is over."""
        while self._busy:
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def stop(self) -> None:
        """What was not told is taken again, by another replica or after the start, when its time is over."""
        for task in self._busy.values():
            task.cancel()
        await self.idle()

    async def _tell_all(self, key: SwitchKey, pushes: Sequence[Push]) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        away: list[str] = []

        async def one(push: Push) -> None:
            async with slots:
                outcome = self._failed(push, away[0]) if away else await self._tell(push, away)
                await self._keep([outcome])

        try:
            await asyncio.gather(*(one(push) for push in pushes))
        except Exception as error:
            # What was told and not kept is told again when its time is over: a repeat does no harm.
            log.warning("pushes not kept", switch=key[1], error=repr(error), away=is_away(error))
        finally:
            del self._busy[key]
            self._wake()

    async def _tell(self, push: Push, away: list[str]) -> Outcome:
        """Notes in ``away`` that the switch does not answer at all, for the others that wait for it."""
        await self._follows(push)
        try:
            await self._send(push)
        except Refusal as refusal:
            if isinstance(refusal, SwitchAway):
                away.append(refusal.message)
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
