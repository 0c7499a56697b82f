"""Writes down who asked for a change before the services are asked, and how it ended afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from services.gateway.domain.change import Change
from services.gateway.use_cases.errors import Refused
from services.gateway.use_cases.ports import Document, Work
from shared.errors import Unavailable
from shared.ids import ProviderId, TenantId, new_id

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what. ``route`` is the template, ``targets`` the ids in it; never a body, never a secret."""

    provider_id: ProviderId
    tenant_id: TenantId | None
    subject: str
    name: str
    roles: tuple[str, ...]
    method: str
    route: str
    targets: dict[str, str]


async def record_change(
    open_work: Callable[[], Work], asked: Asked, act: Callable[[], Awaitable[Document]]
) -> Document:
    """Does ``act`` between the two writes. When the first one fails nothing is done."""
    async with open_work() as work:
        change = Change(
            change_id=new_id(),
            provider_id=asked.provider_id,
            tenant_id=asked.tenant_id,
            subject=asked.subject,
            name=asked.name,
            roles=asked.roles,
            method=asked.method,
            route=asked.route,
            targets=asked.targets,
            asked_at=work.system_now(),
        )
        await work.audit.add(change)
    outcome = 500
    try:
        answer = await act()
        outcome = answer.status
        return answer
    except Refused as refused:
        outcome = refused.status
        raise
    except Unavailable:
        outcome = 503
        raise
    finally:
        await _close(open_work, change, outcome)


async def _close(open_work: Callable[[], Work], change: Change, outcome: int) -> None:
    """What was done is done: a failure to note its end must not look like a failure of the change."""
    try:
        async with open_work() as work:
            await work.audit.close(change, outcome=outcome, finished_at=work.system_now())
    except Exception as error:
        log.error("outcome not recorded", change_id=str(change.change_id), outcome=outcome, error=repr(error))
