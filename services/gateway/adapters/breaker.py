"""A circuit breaker: a service that is away is not asked again for a moment, so that the page stays quick."""

import time
from collections.abc import Callable

FAILURES_BEFORE_OPEN = 5
FIRST_REST_SECONDS = 0.5
LONGEST_REST_SECONDS = 5.0


class Breaker:
    """Closed: every call passes. Open: none does until the rest is over, then one tries (half open).

    Each failed try doubles the rest, up to ``LONGEST_REST_SECONDS``; a success closes it.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._rest = FIRST_REST_SECONDS
        self._open_until: float | None = None

    def lets_pass(self) -> bool:
        """Whether a call may go out now. When half open, asking takes the one permission to try."""
        if self._open_until is None:
            return True
        if self._now() < self._open_until:
            return False
        # The others wait until this try has succeeded, or another rest has passed should it never report back.
        self._open_until = self._now() + self._rest
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._rest = FIRST_REST_SECONDS
        self._open_until = None

    def failed(self) -> None:
        self._failures += 1
        if self._open_until is not None:
            self._rest = min(self._rest * 2, LONGEST_REST_SECONDS)
            self._open_until = self._now() + self._rest
        elif self._failures >= FAILURES_BEFORE_OPEN:
            self._open_until = self._now() + self._rest

    @property
    def is_open(self) -> bool:
        return self._open_until is not None and self._now() < self._open_until
