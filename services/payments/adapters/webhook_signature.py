"""Signatures of webhooks, over the raw bytes (https://docs.stripe.com/webhooks#verify-manually).

Signatures use real time, also for providers on a test clock (R53).
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

from pydantic import SecretStr

from shared.errors import Refusal

TOLERANCE_SECONDS = 300
_LONGEST_HEADER = 4096


class BadSignature(Refusal):
    """Not signed by Stripe for us, or not now. Answered with 400, as Stripe's guide does."""

    slug = "bad-signature"


class WebhookVerifier:
    """Accepts any of several secrets, so that one can be rotated while both are in use."""

    def __init__(self, secrets: Callable[[], SecretStr], now: Callable[[], datetime]) -> None:
        """``secrets`` is asked at each delivery: they may be rotated while the process runs."""
        self._secrets = secrets
        self._now = now

    def verify(self, body: bytes, header: str | None) -> None:
        """Raises ``BadSignature``. Unlike the SDK's check it also refuses stamps from the future."""
        stamp, signatures = _parts(header)
        signed = str(stamp).encode() + b"." + body
        # An empty secret would verify against an empty key, which anyone can forge.
        parts = (part.strip().encode() for part in self._secrets().get_secret_value().split(","))
        expected = [hmac.new(part, signed, hashlib.sha256).hexdigest() for part in parts if part]
        # Every pair is compared, so that the time taken says nothing about which one was near.
        matches = [hmac.compare_digest(one, other) for one in expected for other in signatures]
        if not any(matches):
            raise BadSignature("The signature does not hold. Check the webhook secret of this endpoint.")
        age = self._now().timestamp() - stamp
        if age > TOLERANCE_SECONDS:
            raise BadSignature("The signature is over five minutes old. Stripe signs each delivery anew.")
        if age < -TOLERANCE_SECONDS:
            raise BadSignature("The signature is from the future. Check this machine's clock.")


def _parts(header: str | None) -> tuple[int, list[str]]:
    if not header or len(header) > _LONGEST_HEADER:
        raise BadSignature("Send the header Stripe-Signature as Stripe does.")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1" and value.isascii()]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) < 15):
        raise BadSignature("The header Stripe-Signature has no time stamp.")
    if not signatures:
        raise BadSignature("The header Stripe-Signature has no signature of scheme v1.")
    return int(stamps[0]), signatures
