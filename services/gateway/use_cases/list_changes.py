"""The record of changes, page by page."""

from collections.abc import Callable
from uuid import UUID

from services.gateway.use_cases.ports import Work
from services.gateway.use_cases.views import ChangeList, ChangeView
from shared.ids import ProviderId


async def list_changes(
    open_work: Callable[[], Work], provider_id: ProviderId, *, before: UUID | None, limit: int
) -> ChangeList:
    """Newest first; ``before`` is the last change of the page before."""
    async with open_work() as work:
        rows = await work.audit.page(provider_id, before=before, limit=limit + 1)
    shown = rows[:limit]
    return ChangeList(
        changes=tuple(
            ChangeView(
                change_id=row.change.change_id,
                tenant_id=row.change.tenant_id,
                subject=row.change.subject,
                name=row.change.name,
                roles=row.change.roles,
                method=row.change.method,
                route=row.change.route,
                targets=row.change.targets,
                asked_at=row.change.asked_at,
                outcome=row.outcome,
                finished_at=row.finished_at,
            )
            for row in shown
        ),
        next=str(shown[-1].change.change_id) if len(rows) > limit else None,
    )
