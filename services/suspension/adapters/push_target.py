"""Where a push may go: a provider names the address, so it must not lead into our own house (SSRF).

Public addresses, and the networks that the operator's settings name. The address is looked up again before each
push, and the connection is made to the very address that was checked.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from shared.errors import Invalid, Unavailable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST_URL = 500


def networks(setting: str) -> tuple[Network, ...]:
    """Raises ``ValueError`` for what is no network."""
    return tuple(ipaddress.ip_network(part.strip()) for part in setting.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Target:
    """``url`` with the checked address in place of the name, which goes into the header ``Host`` and the TLS name."""

    url: str
    host: str
    name: str


class PushTargets:
    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed

    def check(self, url: str) -> None:
        """At registration. Raises ``Invalid``: what can be told without a look-up."""
        parts = _split(url)
        try:
            address = ipaddress.ip_address(parts.hostname or "")
        except ValueError:
            return
        if not self._may(address):
            raise Invalid(
                "Switches at this address are not told anything: name a public address, or ask the operator to"
                " allow its network (TOLLGATE_PUSH_NETWORKS).",
                field="url",
            )

    async def resolve(self, url: str) -> Target:
        """Raises ``Unavailable`` when the name has no address, ``Invalid`` when it has none that may be used."""
        parts = _split(url)
        name = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable(f"{name} has no address: {error}") from error
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
        usable = [address for address in addresses if self._may(address)]
        if not usable:
            raise Invalid(f"{name} is at {addresses[0]}, where nothing is told to anybody.", field="url")
        shown = f"[{usable[0]}]" if usable[0].version == 6 else str(usable[0])
        pinned = urlunsplit((parts.scheme, f"{shown}:{port}", parts.path or "/", parts.query, ""))
        return Target(pinned, parts.netloc, name)

    def _may(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if any(address.version == one.version and address in one for one in self._allowed):
            return True
        return address.is_global and not address.is_multicast


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Invalid("This is no address; give http(s)://host[:port]/path.", field="url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > LONGEST_URL:
        raise Invalid("Give http(s)://host[:port]/path, at most 500 characters.", field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("Leave user, password and fragment out of the address.", field="url")
    return parts
