"""What a switch is told about a call. Pure: the caller has found the tenant's line in memory."""

from dataclasses import dataclass
from typing import Literal

from services.suspension.domain.account import Stage
from services.suspension.domain.policy import Inbound
from shared.ids import ProviderId, TenantId

Direction = Literal["inbound", "outbound"]
Answer = Literal["allow", "reject", "announce"]


@dataclass(frozen=True, slots=True)
class Line:
    """What the gate knows of a tenant. ``closed``: the tenant has ended, nothing but emergencies goes through."""

    tenant_id: TenantId
    provider_id: ProviderId
    country: str
    stage: Stage
    inbound: Inbound
    closed: bool = False


def barred(line: Line, direction: Direction) -> bool:
    """Whether an ordinary call of this direction is stopped."""
    if line.closed or line.stage is Stage.BOTH_BARRED:
        return True
    return direction == "outbound" and line.stage is Stage.OUTBOUND_BARRED


def decide(line: Line, direction: Direction, *, reachable: bool) -> Answer:
    """``reachable``: the called number is the provider's own or one that it keeps reachable.

    Emergency calls never come here.
    """
    if not barred(line, direction):
        return "allow"
    if direction == "outbound":
        return "allow" if reachable and not line.closed else "reject"
    return "reject" if line.closed else line.inbound
