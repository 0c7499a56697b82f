"""Idempotency keys as Stripe's v1 API treats them (https://docs.stripe.com/api/idempotent_requests).

The first result of a key is stored, errors and 500s included, and replayed for 24 hours to the same request.
Requests that are refused before any work (keys, contract, rate limit) leave the key free.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from deploy.stripe_simulator.errors import StripeRefusal
from deploy.stripe_simulator.store import Store

KEPT_SECONDS = 86400
KEY_LENGTH_MAX = 255


@dataclass(frozen=True)
class StoredResult:
    """What a key answered the first time; ``body`` is the JSON text as it was sent."""

    status: int
    body: str
    request_id: str


@dataclass
class IdempotencyKeys:
    """Stored results, and the keys whose first request is still at work."""

    store: Store
    in_flight: set[tuple[str, str]] = field(default_factory=set)

    def claim(self, account: str, key: str) -> None:
        """Mark a key as at work; raise StripeRefusal (409) when it already is."""
        if len(key) > KEY_LENGTH_MAX:
            raise StripeRefusal(
                f"Idempotency keys may be at most {KEY_LENGTH_MAX} characters.", kind="idempotency_error"
            )
        if (account, key) in self.in_flight:
            raise StripeRefusal(
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                f"submitted twice, and the other request is still going through): {key}. Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        self.in_flight.add((account, key))

    def release(self, account: str, key: str) -> None:
        """Take back a claim."""
        self.in_flight.discard((account, key))

    def replay(self, account: str, key: str, path: str, text: str, now: float) -> StoredResult | None:
        """Return the stored result; raise StripeRefusal when the key was used for another request."""
        self.store.db.execute("DELETE FROM idempotency WHERE created < ?", (now - KEPT_SECONDS,))
        row = self.store.db.execute(
            "SELECT * FROM idempotency WHERE account = ? AND key = ?", (account, key)
        ).fetchone()
        if row is None:
            return None
        if row["path"] != path:
            raise StripeRefusal(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{row['path']}' vs '{path}'). Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                kind="idempotency_error",
            )
        if row["fingerprint"] != fingerprint(text):
            raise StripeRefusal(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return StoredResult(row["status"], row["body"], row["request_id"])

    def keep(self, account: str, key: str, path: str, text: str, now: float, result: StoredResult) -> None:
        """Store a first result; inside the transaction of its work."""
        self.store.db.execute(
            "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (account, key, path, fingerprint(text), result.status, result.body, result.request_id, now),
        )


def fingerprint(text: str) -> str:
    """Return a digest of the parameters, whatever their order."""
    return hashlib.sha256("&".join(sorted(text.split("&"))).encode()).hexdigest()
