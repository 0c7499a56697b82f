"""A plan's first version."""

from services.invoicing.domain.plans import Plan
from services.invoicing.use_cases.announcements import about_plan
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict


async def add_plan(work: Work, plan: Plan) -> None:
    """Raises ``NotFound`` for an unknown provider, ``Conflict`` for a name that is taken."""
    await work.providers.get(plan.provider_id)
    if not await work.plans.add(plan):
        raise Conflict(f"There is already a plan {plan.name!r}; choose another name.", field="name")
    work.emit(about_plan(plan), time=await work.now(plan.provider_id))
