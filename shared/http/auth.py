"""Who calls: bearer tokens of an OIDC issuer, and the shared secret between the services.

Times in tokens are real times, also for providers on a test clock (R53).
"""

import asyncio
import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
from fastapi import Request
from pydantic import SecretStr

from shared.errors import Forbidden, Unauthenticated, Unavailable
from shared.ids import ProviderId, TenantId

ROLES = frozenset({"tenant_admin", "tenant_user", "provider_admin", "switch", "operator"})
_ALGORITHMS = ["ES256", "RS256", "EdDSA"]
_LONGEST_TOKEN = 8192
# How far the issuer's clock may be from ours.
_LEEWAY_SECONDS = 10
_REFRESH_SECONDS = 300.0
_REFETCH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified token's bearer."""

    subject: str
    roles: frozenset[str]
    provider_id: ProviderId | None
    tenant_id: TenantId | None
    name: str
    email: str | None


class TokenVerifier:
    """Verifies tokens against a JWKS (file or address), which it reads again when a key id is new to it."""

    def __init__(
        self, *, issuer: str, audience: str, jwks: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._source = jwks
        self._now = now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        self._failed: Exception | None = None
        self._lock = asyncio.Lock()

    async def _fetch(self) -> dict[str, Any]:
        if self._source.startswith(("http://", "https://")):
            async with httpx.AsyncClient(timeout=3) as client:
                answer = await client.get(self._source)
                answer.raise_for_status()
                document: dict[str, Any] = answer.json()
                return document
        held: dict[str, Any] = json.loads(await asyncio.to_thread(Path(self._source).read_text))
        return held

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if self._wants_reading(key_id):
            async with self._lock:
                # Whoever waited here finds what the first one has read.
                if self._wants_reading(key_id):
                    await self._refresh()
        if key_id in self._keys:
            return self._keys[key_id]
        if self._failed is not None:
            raise Unavailable("The token issuer's keys cannot be read now; try again.") from self._failed
        raise Unauthenticated(
            "The token is signed with a key that its issuer does not publish; sign in again."
        )

    def _wants_reading(self, key_id: str) -> bool:
        """Keys are read anew after five minutes, and for a key id that is new, but never more often than every 5 s:
        made-up ids, or an issuer that is away, cost nobody more than that."""
        now = self._now()
        if now - self._tried_at <= _REFETCH_SECONDS:
            return False
        return key_id not in self._keys or now - self._read_at > _REFRESH_SECONDS

    async def _refresh(self) -> None:
        """Keys that were read before stay while the issuer is away; symmetric ones are never taken."""
        try:
            document = await self._fetch()
            keys = jwt.PyJWKSet.from_dict(document).keys
            self._keys = {one.key_id: one for one in keys if one.key_id and one.algorithm_name in _ALGORITHMS}
            self._read_at = self._now()
            self._failed = None
        except (OSError, httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            self._failed = error
        finally:
            self._tried_at = self._now()

    async def verify(self, token: str) -> Caller:
        """Raises ``Unauthenticated`` with what is wrong with the token."""
        if len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("The token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key=key.key,
                # The key's own algorithm, never what the token says.
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
                leeway=_LEEWAY_SECONDS,
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired; sign in again.", slug="token-expired") from error
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The token does not hold ({error}); sign in again.") from error
        if (
            str(header.get("typ", "JWT")).lower() not in ("jwt", "at+jwt")
            or header.get("jku")
            or header.get("x5u")
        ):
            raise Unauthenticated("The token's header is not one that we accept.")
        return _caller(claims)


def _caller(claims: dict[str, Any]) -> Caller:
    roles = claims.get("roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unauthenticated("The token's claim `roles` must be a list of names.")
    try:
        provider = UUID(claims["provider_id"]) if claims.get("provider_id") else None
        tenant = UUID(claims["tenant_id"]) if claims.get("tenant_id") else None
    except (ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The token's provider_id or tenant_id is not a UUID.") from error
    held = frozenset(roles) & ROLES
    if held & {"tenant_admin", "tenant_user"} and (provider is None or tenant is None):
        raise Unauthenticated("A tenant's token must carry provider_id and tenant_id.")
    if held & {"provider_admin", "switch"} and provider is None:
        raise Unauthenticated("A provider's or switch's token must carry provider_id.")
    return Caller(
        subject=str(claims["sub"]),
        roles=held,
        provider_id=ProviderId(provider) if provider else None,
        tenant_id=TenantId(tenant) if tenant else None,
        name=str(claims.get("name") or claims["sub"]),
        email=str(claims["email"]) if claims.get("email") else None,
    )


def bearer(request: Request) -> str:
    """The token: ``Authorization: Bearer``, or Basic with the token as password, for switches that know only that."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("The Basic credentials cannot be read.") from error
        if password:
            return password
    raise Unauthenticated("Send a token: `Authorization: Bearer <token>`.")


def requires(verifier: TokenVerifier, *roles: str) -> Callable[[Request], Any]:
    """A FastAPI dependency that lets only these roles pass, and hands over the ``Caller``."""
    wanted = frozenset(roles)

    async def check(request: Request) -> Caller:
        caller = await verifier.verify(bearer(request))
        if not caller.roles & wanted:
            raise Forbidden(f"This needs the role {' or '.join(sorted(wanted))}.")
        return caller

    return check


def requires_internal(secrets: SecretStr) -> Callable[[Request], Any]:
    """A FastAPI dependency for calls between the services. Several secrets are valid while one is rotated."""
    valid = [part.strip().encode() for part in secrets.get_secret_value().split(",") if part.strip()]

    async def check(request: Request) -> None:
        given = bearer(request).encode()
        # Every secret is compared, so that the time taken says nothing about which one was near.
        matches = [hmac.compare_digest(given, secret) for secret in valid]
        if not any(matches):
            raise Unauthenticated("This interface is for Tollgate's own services.")

    return check


def internal_headers(secrets: SecretStr) -> dict[str, str]:
    """What a service sends to another one: the first of the valid secrets."""
    return {"Authorization": f"Bearer {secrets.get_secret_value().split(',')[0].strip()}"}
