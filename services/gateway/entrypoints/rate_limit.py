"""How many requests one person may send: a moving minute, by the token's subject within its provider."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from shared.errors import TooMany
from shared.http.auth import Caller


class RateLimit:
    """Counted in this process: with n replicas behind a balancer a person may send up to n times as many."""

    def __init__(self, per_minute: int) -> None:
        self._item: RateLimitItem = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, caller: Caller) -> None:
        """Raises ``TooMany`` when this request is above the limit; it is not counted then."""
        who = (str(caller.provider_id), str(caller.tenant_id), caller.subject)
        if await self._limiter.hit(self._item, *who):
            return
        stats = await self._limiter.get_window_stats(self._item, *who)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise TooMany(
            f"More than {self._item.amount} requests in a minute; wait {wait} s and go on more slowly.",
            retry_after_seconds=wait,
        )
