"""What new and taken out calls mean for totals that were said, and what is told of a batch."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from services.usage.domain.calls import Call
from services.usage.use_cases.ports import UsageWork
from shared.events.usage import CallsRecorded, TenantCalls
from shared.ids import PlanId, ProviderId, TenantId, new_id


async def with_own_minutes(work: UsageWork, removed: Sequence[Call]) -> list[Call]:
    """A kept call does not say whether its plan counts included minutes by extension; its rollup rows did."""
    own: dict[tuple[PlanId, int], bool] = {}
    for call in removed:
        if call.plan_id is not None and call.plan_version is not None:
            plan = (call.plan_id, call.plan_version)
            if plan not in own:
                terms = await work.directory.plan(call.provider_id, *plan)
                own[plan] = terms is not None and terms.has_own_minutes
    return [
        replace(call, own_minutes=own[(call.plan_id, call.plan_version)])
        if call.plan_id is not None and call.plan_version is not None
        else call
        for call in removed
    ]


async def count_late(work: UsageWork, billed: Sequence[Call], removed: Sequence[Call]) -> None:
    """Calls of ended periods: those are metered again, and each call knows the first revision that counts it."""
    for period in await work.periods.mark_dirty(
        {(call.tenant_id, call.local_day) for call in (*billed, *removed)}
    ):
        late = [
            call
            for call in billed
            if call.tenant_id == period.tenant_id and period.start_date <= call.local_day < period.end_date
        ]
        if late and period.revision > 0:
            await work.calls.count_from(late, period.revision + 1)


def recorded(provider_id: ProviderId, added: Collection[Call], now: datetime) -> CallsRecorded:
    sums: dict[TenantId, tuple[int, int]] = {}
    for call in added:
        calls, billed = sums.get(call.tenant_id, (0, 0))
        sums[call.tenant_id] = (calls + 1, billed + call.billed_seconds)
    return CallsRecorded(
        provider_id=provider_id,
        batch_id=new_id(),
        tenants=tuple(
            TenantCalls(tenant_id=tenant_id, calls=calls, billed_seconds=billed)
            for tenant_id, (calls, billed) in sorted(sums.items())
        ),
        recorded_at=now,
    )
