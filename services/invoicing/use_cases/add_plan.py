"""A provider adds a plan."""

from services.invoicing.domain.plans import Plan, check_plan
from services.invoicing.use_cases.announce import plan_changed
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid
from shared.ids import ProviderId


async def add_plan(work: Work, provider_id: ProviderId, plan: Plan) -> None:
    """Raises ``Invalid`` naming the field, ``Conflict`` when the name is taken."""
    check_plan(plan)
    provider = await work.catalogue.provider(provider_id)
    if plan.currency != provider.currency:
        raise Invalid(f"The provider bills in {provider.currency}; make the plan in it.", field="currency")
    now = await work.now(provider_id)
    if not await work.catalogue.add_plan(provider_id, plan, now):
        raise Conflict(f"A plan {plan.name!r} exists already; choose another name.", field="name")
    work.emit(plan_changed(provider, plan), time=now)
