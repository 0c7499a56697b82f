"""Stripe's keys and webhook secrets, as they are now: rotated by writing a file, without a restart and without loss.

The file has lines like an environment file: ``TOLLGATE_STRIPE_SECRET_KEY=…``. What it does not name is the
environment's. A file that cannot be used changes nothing: the keys before it go on, and the log says so.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from pydantic import SecretStr

log = structlog.get_logger(__name__)
STRIPE = "https://api.stripe.com"
_LIVE = ("sk_live_", "rk_live_", "pk_live_")
_NAMES = {
    "TOLLGATE_STRIPE_SECRET_KEY": "secret_key",
    "TOLLGATE_STRIPE_PUBLISHABLE_KEY": "publishable_key",
    "TOLLGATE_STRIPE_WEBHOOK_SECRET": "webhook_secret",
}
_SHORTEST = 8


class BadKeys(ValueError):
    """Keys that must not be used; the message names the setting, never its value."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """``webhook_secret`` may be several, comma separated: each of them verifies while one is rotated."""

    secret_key: str
    publishable_key: str
    webhook_secret: str

    def check(self, api_base: str) -> None:
        """Raises ``BadKeys``. A live key is sent to Stripe only."""
        for name, field in _NAMES.items():
            parts = getattr(self, field).split(",") if field == "webhook_secret" else [getattr(self, field)]
            if any(len(part.strip()) < _SHORTEST for part in parts):
                raise BadKeys(f"{name} is shorter than {_SHORTEST} characters")
        live = self.secret_key.startswith(_LIVE) or self.publishable_key.startswith(_LIVE)
        if live and api_base.rstrip("/") != STRIPE:
            raise BadKeys(f"a live key is set, and a live key is sent to {STRIPE} only")
        if self.secret_key.startswith(("sk_live_", "rk_live_")) != self.publishable_key.startswith(
            "pk_live_"
        ):
            raise BadKeys("one of the keys is live and the other is a test key")

    def webhook_secrets(self) -> SecretStr:
        return SecretStr(self.webhook_secret)


class StripeKeys:
    """Looks at the file whenever keys are needed; a ``stat`` is all that costs while it has not changed."""

    def __init__(self, from_environment: Keys, api_base: str, file: Path | None = None) -> None:
        """Raises ``BadKeys`` for keys, also of the file, that must not be used."""
        self._given = from_environment
        self._api_base = api_base
        self._file = file
        self._seen: tuple[int, int, int] | None = None
        self._keys = from_environment
        if file is not None:
            self._seen = _mark(file)
            self._keys = _read(from_environment, file)
        self._keys.check(api_base)

    def now(self) -> Keys:
        if self._file is None:
            return self._keys
        try:
            mark = _mark(self._file)
            if mark != self._seen:
                self._seen = mark
                found = _read(self._given, self._file)
                found.check(self._api_base)
                self._keys = found
                log.info("stripe keys read again")
        except (OSError, BadKeys) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            log.error("stripe keys kept as they were", reason=reason)
        return self._keys


def _mark(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(given: Keys, file: Path) -> Keys:
    found: dict[str, str] = {}
    for line in file.read_text().splitlines():
        name, equals, value = line.strip().partition("=")
        if name.startswith("#") or not name:
            continue
        if not equals or name not in _NAMES:
            raise BadKeys(f"the secrets file may set {', '.join(_NAMES)} and nothing else")
        found[_NAMES[name]] = value.strip().strip("\"'")
    return replace(given, **found)
