"""What a switch is told about a call. Pure: the caller has found the tenant's line in memory."""

import re
from dataclasses import dataclass
from typing import Literal

from services.suspension.domain.account import Stage
from services.suspension.domain.ladder import Cause
from services.suspension.domain.policy import Inbound
from shared.ids import ProviderId, TenantId

Direction = Literal["inbound", "outbound"]
Answer = Literal["allow", "reject", "announce"]
# What the called number is, for a call that is not to be let through as it is.
Called = Literal["reachable", "free", "domestic", "international"]
# A SIP address or domain with what may stand around the host: scheme, user, port, parameters (RFC 3261, 19.1.1).
_HOST = re.compile(r"(?i)<?(?:sips?:)?(?:[^@<>]*+@)?([^:;?<>@\s]++)")


def host_of(name: str) -> str:
    """``acme.example`` of ``sip:101@ACME.example:5060;transport=udp``, or of ``Acme.example.``; empty: there is none.

    Control characters are nobody's name.
    """
    found = _HOST.match(name.strip(" ")) if name.isprintable() else None
    return found[1].rstrip(".").lower() if found else ""


@dataclass(frozen=True, slots=True)
class Line:
    """What the gate knows of a tenant. ``closed``: the tenant has ended, nothing but emergencies goes through.

    ``cause``: what bars it; a spend limit stops only what costs money. ``international_barred``: by a fraud alert.
    """

    tenant_id: TenantId
    provider_id: ProviderId
    country: str
    stage: Stage
    inbound: Inbound
    closed: bool = False
    cause: Cause | None = None
    international_barred: bool = False


def barred(line: Line, direction: Direction) -> bool:
    """Whether some ordinary calls of this direction are stopped: only then the number matters."""
    if line.closed or line.stage is Stage.BOTH_BARRED:
        return True
    return direction == "outbound" and (line.stage is Stage.OUTBOUND_BARRED or line.international_barred)


def decide(line: Line, direction: Direction, *, called: Called) -> Answer:
    """``called``: only asked of barred outbound calls. ``reachable`` is the provider's own number, ``free`` a
    toll-free one.

    Emergency calls and their call-backs never come here.
    """
    if not barred(line, direction):
        return "allow"
    if direction == "inbound":
        return "reject" if line.closed else line.inbound
    if called == "reachable":
        return "allow"
    if line.closed:
        return "reject"
    if not line.stage.barred:
        return "reject" if called == "international" else "allow"
    return "allow" if line.cause == "spend_limit" and called == "free" else "reject"
