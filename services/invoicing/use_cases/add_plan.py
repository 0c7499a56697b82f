"""A plan's first version, and further ones."""

from dataclasses import replace
from datetime import date

from services.invoicing.domain.plans import Plan
from services.invoicing.use_cases.announcements import about_plan
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid


async def add_plan(work: Work, plan: Plan) -> None:
    """Raises ``NotFound`` for an unknown provider, ``Conflict`` for a name that is taken."""
    await work.providers.get(plan.provider_id)
    if not await work.plans.add(plan):
        raise Conflict(f"There is already a plan {plan.name!r}; choose another name.", field="name")
    work.emit(about_plan(plan), time=await work.now(plan.provider_id))


async def add_plan_version(work: Work, plan: Plan, valid_from: date) -> Plan:
    """The plan's next version, for new subscriptions and moves from ``valid_from``; running ones stay on theirs.

    Raises ``NotFound``, ``Invalid`` for another name, currency or model, ``Conflict`` for overlapping versions.
    """
    await work.plans.lock(plan.provider_id, plan.plan_id)
    newest = await work.plans.get(plan.provider_id, plan.plan_id)
    for field in ("name", "currency", "billing_model"):
        if getattr(plan, field) != getattr(newest, field):
            raise Invalid(
                f"Every version of a plan has the same {field.replace('_', ' ')}, here"
                f" {getattr(newest, field)!r}; make another plan for another one.",
                field=field,
            )
    if newest.valid_from is not None and valid_from <= newest.valid_from:
        raise Conflict(
            f"Version {newest.version} holds from {newest.valid_from} on, so that both would hold from {valid_from};"
            " choose a later day.",
            field="valid_from",
        )
    made = replace(plan, version=newest.version + 1, valid_from=valid_from)
    await work.plans.add_version(made)
    work.emit(about_plan(made), time=await work.now(plan.provider_id))
    return made
