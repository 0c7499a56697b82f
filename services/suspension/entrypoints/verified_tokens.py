"""Checking a signature costs more than the whole answer of the gate: a verified token is remembered for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable

import jwt

from shared.http.auth import Caller, TokenVerifier

MOST_TOKENS = 1000
# A key that its issuer withdrew stops working after this, as it does for the verifier itself.
LONGEST_SECONDS = 300.0


class VerifiedTokens:
    """Bounded memory of verified tokens, each until it expires. Real time: tokens know no test clock (R53)."""

    def __init__(self, verifier: TokenVerifier, *, real_time: Callable[[], float] = time.time) -> None:
        self._verifier = verifier
        self._real_time = real_time
        self._known: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def known(self, token: str) -> Caller | None:
        """A remembered token's bearer: without waiting for anything."""
        known = self._known.get(token)
        return known[0] if known is not None and self._real_time() < known[1] else None

    async def verify(self, token: str) -> Caller:
        """Raises ``Unauthenticated`` as the verifier does."""
        known = self.known(token)
        if known is not None:
            return known
        now = self._real_time()
        self._known.pop(token, None)
        caller = await self._verifier.verify(token)
        # The verifier has just checked the signature and that `exp` is there.
        expires = float(jwt.decode(token, options={"verify_signature": False})["exp"])
        self._known[token] = caller, min(expires, now + LONGEST_SECONDS)
        while len(self._known) > MOST_TOKENS:
            self._known.popitem(last=False)
        return caller
