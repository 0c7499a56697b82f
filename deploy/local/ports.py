"""Loopback ports of a state folder: chosen once, remembered, so that addresses survive a restart."""

import json
import random
import socket
from pathlib import Path

_FIRST_PORT = 20_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether something accepts connections on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ephemeral_start() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def pick() -> int:
    """A free port below the range that outgoing connections take theirs from.

    A port of that range can be gone to some client's connection while its server restarts.
    """
    last = _ephemeral_start() - 1
    first = _FIRST_PORT if last - _FIRST_PORT > 1_000 else 1_100
    for _ in range(500):
        port = random.randint(first, last)  # noqa: S311  not a secret: any free port will do
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PortBook:
    """The ports of one state folder, by name, kept in `ports.json`."""

    def __init__(self, state: Path) -> None:
        self._file = state / "ports.json"
        self._ports: dict[str, int] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def port(self, name: str, *, in_use_is_ours: bool = False) -> int:
        """The remembered port of `name`; a new one when there is none or a stranger listens on it."""
        known = self._ports.get(name)
        if known is not None and (in_use_is_ours or is_free(known)):
            return known
        taken = set(self._ports.values())
        fresh = pick()
        while fresh in taken:
            fresh = pick()
        self._ports[name] = fresh
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._ports, indent=1, sort_keys=True) + "\n")
        return fresh
