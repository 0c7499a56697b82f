"""Remembers switch tokens for seconds: a switch sends the same one with every call, and a signature is costly."""

import base64
import time
from collections.abc import Callable

import orjson
from fastapi import Request

from shared.errors import Forbidden
from shared.http.auth import TokenVerifier, bearer
from shared.ids import ProviderId

REMEMBER_SECONDS = 10.0
MOST_REMEMBERED = 1000


class SwitchTokens:
    """The provider of a request's token, which must have the role ``switch``.

    Only tokens that were verified are remembered, and never past their expiry. Real time, also for providers on a
    test clock (R53).
    """

    def __init__(self, verifier: TokenVerifier, now: Callable[[], float] = time.time) -> None:
        self._verifier = verifier
        self._now = now
        self._known: dict[str, tuple[float, ProviderId]] = {}

    def known(self, token: str) -> ProviderId | None:
        """The provider of a token that was verified seconds ago; None: verify it."""
        found = self._known.get(token)
        return found[1] if found is not None and self._now() < found[0] else None

    async def provider_of(self, request: Request) -> ProviderId:
        """Raises ``Unauthenticated`` or ``Forbidden``."""
        token = bearer(request)
        if (known := self.known(token)) is not None:
            return known
        caller = await self._verifier.verify(token)
        if "switch" not in caller.roles or caller.provider_id is None:
            raise Forbidden("This needs the role switch.")
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token] = (min(_expires_at(token), self._now() + REMEMBER_SECONDS), caller.provider_id)
        return caller.provider_id


def _expires_at(verified: str) -> float:
    """``exp`` of a token whose signature and claims were verified just now."""
    payload = verified.split(".")[1]
    return float(orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
