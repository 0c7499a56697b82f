"""Switch tokens are remembered for seconds and never longer than they live."""

import base64
from typing import cast

import orjson
import pytest
from fastapi import Request

from services.usage.entrypoints.switch_tokens import SwitchTokens
from shared.errors import Forbidden
from shared.http.auth import Caller, TokenVerifier
from shared.ids import ProviderId, new_id

PROVIDER = ProviderId(new_id())


class Verifier:
    """Counts verifications; the token's payload says when it expires."""

    def __init__(self, role: str = "switch") -> None:
        self.verified = 0
        self.role = role

    async def verify(self, _: str) -> Caller:
        self.verified += 1
        return Caller("fs1", frozenset({self.role}), PROVIDER, None, "fs1", None)


def request(expires_at: float) -> Request:
    payload = base64.urlsafe_b64encode(orjson.dumps({"exp": expires_at})).rstrip(b"=").decode()
    return Request({"type": "http", "headers": [(b"authorization", f"Bearer h.{payload}.s".encode())]})


async def test_a_token_is_verified_again_after_ten_seconds() -> None:
    """A withdrawn key takes effect in seconds."""
    now, verifier = [1000.0], Verifier()
    tokens = SwitchTokens(cast("TokenVerifier", verifier), lambda: now[0])
    for at, verified in ((1000.0, 1), (1009.9, 1), (1010.1, 2)):
        now[0] = at
        assert await tokens.provider_of(request(9999)) == PROVIDER
        assert verifier.verified == verified


async def test_a_token_is_not_remembered_past_its_expiry() -> None:
    """The verifier then says that it has expired."""
    now, verifier = [1000.0], Verifier()
    tokens = SwitchTokens(cast("TokenVerifier", verifier), lambda: now[0])
    await tokens.provider_of(request(1003))
    now[0] = 1003.5
    await tokens.provider_of(request(1003))
    assert verifier.verified == 2


async def test_another_role_is_refused_every_time() -> None:
    """And never remembered."""
    tokens = SwitchTokens(cast("TokenVerifier", Verifier("tenant_admin")))
    for _ in range(2):
        with pytest.raises(Forbidden):
            await tokens.provider_of(request(9e9))
