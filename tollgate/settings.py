"""Where the gateway is and who asks: from options, the environment, or a file."""

import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tollgate.errors import WrongUse

_KNOWN = {"address", "token", "provider"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """``token`` is kept out of every text that could be printed."""

    address: str | None
    token: str | None = field(repr=False)
    provider: str | None = None

    def check(self) -> tuple[str, str]:
        """Address and token. Raises ``WrongUse`` for what is missing or would show the token to the network."""
        if not self.address:
            raise WrongUse(
                "Say where the gateway is: --address, TOLLGATE_ADDRESS, or address in the configuration file."
            )
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUse(f"{self.address!r} is no address; write it like https://billing.example")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise WrongUse(f"{self.address} would send your token in the clear: use https://")
        if not self.token:
            raise WrongUse("No token: set TOLLGATE_TOKEN, --token-file, or token in the configuration file.")
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise WrongUse(
                "The token holds characters that no token has; copy it again, without the line's end."
            )
        return self.address.rstrip("/"), self.token


def read_settings(
    *,
    address: str | None,
    token_file: Path | None,
    provider: str | None,
    config: Path | None,
    environment: Mapping[str, str] | None = None,
) -> ClientSettings:
    """Options come before the environment, the environment before the file. Raises ``WrongUse``."""
    env = os.environ if environment is None else environment
    written = _file(config, env)
    token = _token(token_file) if token_file else env.get("TOLLGATE_TOKEN") or written.get("token")
    return ClientSettings(
        address or env.get("TOLLGATE_ADDRESS") or written.get("address"),
        token,
        provider or env.get("TOLLGATE_PROVIDER") or written.get("provider"),
    )


def _token(path: Path) -> str:
    try:
        return (sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"The token file {path} cannot be read: {error}") from error


def _file(config: Path | None, env: Mapping[str, str]) -> dict[str, str]:
    named = config or (Path(env["TOLLGATE_CONFIG"]) if env.get("TOLLGATE_CONFIG") else None)
    path = named or Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "tollgate.toml"
    if named is None and not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongUse(f"The configuration {path} cannot be read: {error}") from error
    unknown = set(found) - _KNOWN
    if unknown or not all(isinstance(value, str) for value in found.values()):
        raise WrongUse(f"{path} may hold {', '.join(sorted(_KNOWN))}, each a text; correct it.")
    if "token" in found and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise WrongUse(f"{path} holds a token and others may read it: chmod 600 {path}")
    return found
