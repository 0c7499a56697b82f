"""API keys: test keys only."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from deploy.stripe_simulator.errors import unauthorized

SECRET_PREFIXES = ("sk_test_", "rk_test_")
PUBLISHABLE_PREFIX = "pk_test_"


@dataclass(frozen=True)
class Credentials:
    """Whether a request came from a server (secret key) or from Stripe.js (publishable key)."""

    publishable: bool


def read(authorization: str | None) -> Credentials:
    """Return who asks; raise StripeRefusal (401) without a fit key. Live keys are never accepted."""
    key = _key(authorization or "")
    if not key:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if "_live_" in key[:8]:
        raise unauthorized(
            "This is the Stripe simulator: it refuses live keys. Use sk_test_… and pk_test_…, and treat the live "
            "key as leaked if it was not meant to come here."
        )
    if key.startswith(PUBLISHABLE_PREFIX):
        return Credentials(publishable=True)
    if key.startswith(SECRET_PREFIXES):
        return Credentials(publishable=False)
    raise unauthorized(f"Invalid API Key provided: {key[:8]}***. The simulator takes any key with sk_test_.")


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
