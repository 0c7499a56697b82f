"""Settings, read from the environment once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "STRIPE_SIMULATOR_"
STATE_FILE = "stripe-simulator.sqlite3"


class SettingError(Exception):
    """A setting is missing or unfit; the message names it and says what it wants."""


@dataclass(frozen=True)
class Settings:
    """How the simulator runs. Port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 12111
    public_url: str | None = None
    """Where browsers reach it, when that is not the host a request came to."""
    webhook_url: str | None = None
    webhook_secret: str | None = None
    state: Path | None = None
    """The SQLite file; None keeps everything in memory."""
    latency_ms: int = 0
    in_flight_max: int = 0
    """Requests of an account that may be at work at once, more are a 429; 0: any number."""
    accounts: tuple[str, ...] = ()
    """Connected accounts that exist from the start."""


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings; raise SettingError with one line that names what is wrong."""
    values = {
        name.removeprefix(PREFIX).lower(): value.strip()
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    known = sorted(Settings.__dataclass_fields__)
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingError(f"{PREFIX}{unknown[0].upper()} is no setting; known: {', '.join(known).upper()}")
    if "webhook_url" in values and "webhook_secret" not in values:
        raise SettingError(f"{PREFIX}WEBHOOK_SECRET is missing: it signs what goes to {PREFIX}WEBHOOK_URL")
    return Settings(
        host=values.get("host", Settings.host),
        port=_whole(values, "port", Settings.port, 65535),
        public_url=values["public_url"].rstrip("/") if "public_url" in values else None,
        webhook_url=values.get("webhook_url"),
        webhook_secret=values.get("webhook_secret"),
        state=_state(values.get("state")),
        latency_ms=_whole(values, "latency_ms", 0, 60_000),
        in_flight_max=_whole(values, "in_flight_max", 0, 100_000),
        accounts=tuple(part.strip() for part in values.get("accounts", "").split(",") if part.strip()),
    )


def _whole(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = values.get(name, str(default))
    if not text.isdigit() or int(text) > most:
        raise SettingError(f"{PREFIX}{name.upper()} is {text!r}; give a whole number from 0 to {most}")
    return int(text)


def _state(text: str | None) -> Path | None:
    if text is None:
        return None
    path = Path(text)
    return path if path.suffix and not path.is_dir() else path / STATE_FILE
