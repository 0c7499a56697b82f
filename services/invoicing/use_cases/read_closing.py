"""All that the invoices of many tenants need, one query for each table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.invoicing.domain.agreed import Agreed
from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.lines import FeeOf, OneTimeCharge, UsageOf
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.settlement import Credit
from services.invoicing.domain.subscriptions import Timeline, agreed_for
from services.invoicing.domain.totals import NOTHING_METERED
from services.invoicing.use_cases.ports import Period, Work
from shared.clock import local_date
from shared.errors import NotFound
from shared.ids import PlanId, ProviderId, TenantId

Plans = Mapping[tuple[PlanId, int], Plan]


@dataclass(frozen=True, slots=True)
class Closing:
    """One tenant's period that is due, and everything around it, read under the tenant's lock.

    ``following`` is the next period, whose fee is due with it; ``late`` are others to be compared again.
    """

    provider: Provider
    tenant: Tenant
    period: Period
    following: Period | None
    late: tuple[Period, ...]
    timeline: Timeline
    plans: Plans
    charges: tuple[OneTimeCharge, ...]
    credits: tuple[Credit, ...]
    now: datetime
    # What credit notes took off fees and add-ons, by key.
    credited: Mapping[str, int]

    def agreed(self, period: Period) -> Agreed:
        return agreed_for(self.timeline, period.span, period.fee, self.plan)

    def plan(self, plan_id: PlanId, version: int) -> Plan:
        """Raises ``NotFound``."""
        found = self.plans.get((plan_id, version))
        if found is None:
            raise NotFound(f"The plan {plan_id} has no version {version}.")
        return found

    def fee(self, period: Period) -> FeeOf:
        return FeeOf(self.agreed(period), period.billed, self.credited)

    def usage(self, period: Period, *, ended: bool = False) -> UsageOf:
        """A period with its fee, and with its usage where that was invoiced or, ``ended``, is now."""
        agreed = self.agreed(period)
        metered = ended or period.state == "invoiced"
        totals = period.totals or NOTHING_METERED
        return UsageOf(
            period.span,
            agreed.usage_parts()[0].what,
            totals,
            period.billed,
            agreed,
            advance=True,
            metered=metered,
            credited=self.credited,
        )

    def due_charges(self) -> tuple[OneTimeCharge, ...]:
        today = local_date(self.now, self.tenant.zone)
        return tuple(one for one in self.charges if one.on <= today)


async def read_closings(work: Work, periods: Sequence[Period]) -> list[Closing]:
    """Of one provider's periods, at most one for a tenant. The tenants' locks must be held."""
    if not periods:
        return []
    provider = await work.providers.get(periods[0].provider_id)
    ids = [one.tenant_id for one in periods]
    tenants = await work.tenants.get_all(provider.provider_id, ids)
    next_ones = await work.periods.get_all([(one.tenant_id, one.span.end) for one in periods])
    following = {one.tenant_id: one for one in next_ones if not one.is_trial}
    late = await work.periods.late(ids)
    timelines = await work.subscriptions.timelines(ids)
    charges = await work.charges.waiting_of(ids)
    held = await work.account.credits_of(ids)
    plans = await read_plans(work, provider.provider_id, timelines)
    credited = await work.credit_notes.credited_fees(ids)
    now = await work.now(provider.provider_id)
    made = []
    for period in periods:
        tenant_id = period.tenant_id
        after = following.get(tenant_id)
        known = {period.span.start, after.span.start if after else None}
        rest = (one for one in late if one.tenant_id == tenant_id and one.span.start not in known)
        made.append(
            Closing(
                provider,
                tenants[tenant_id],
                period,
                after,
                tuple(rest),
                with_period_plan(timelines[tenant_id], period),
                plans,
                tuple(charges[tenant_id]),
                tuple(held[tenant_id]),
                now,
                credited.get(tenant_id, {}),
            )
        )
    return made


def with_period_plan(timeline: Timeline, period: Period) -> Timeline:
    """Where nothing was agreed, the plan with which the period began."""
    if timeline.plans:
        return timeline
    return replace(timeline, plans=((period.span.start, period.plan_id, period.plan_version),))


async def read_plans(
    work: Work, provider_id: ProviderId, timelines: Mapping[TenantId, Timeline]
) -> dict[tuple[PlanId, int], Plan]:
    """Each version once. One that does not exist is left out: only its own tenant suffers."""
    wanted = {(plan_id, version) for one in timelines.values() for _, plan_id, version in one.plans}
    found = {}
    for plan_id, version in sorted(wanted):
        try:
            found[plan_id, version] = await work.plans.get(provider_id, plan_id, version)
        except NotFound:
            continue
    return found
