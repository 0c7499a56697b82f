"""Who changed what of a subscription is kept, with what it was before."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.subscriptions import check_quantity
from services.invoicing.use_cases.ports import Change, Work
from shared.errors import Invalid
from shared.ids import new_id


async def note_change(
    work: Work, tenant: Tenant, what: str, effective_on: date, by: str, detail: Mapping[str, Any]
) -> None:
    now = await work.now(tenant.provider_id)
    change = Change(new_id(), now, effective_on, what, by, detail)
    await work.subscriptions.note(tenant.provider_id, tenant.tenant_id, change)


def check_add_on(plan: Plan, code: str, quantity: int) -> None:
    """Raises ``Invalid`` for an add-on that the plan does not have, or an impossible quantity."""
    check_quantity(quantity)
    if plan.add_on(code) is None and quantity:
        known = ", ".join(one.code for one in plan.add_ons) or "none"
        raise Invalid(
            f"The plan {plan.name!r} has no add-on {code!r}; it has: {known}. Add it by a new version of the plan.",
            field="add_on",
        )
