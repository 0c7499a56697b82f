"""Insert a batch's new calls, count them once, and take out what a further leg has replaced: one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.usage.domain.calls import Call, timed_call
from services.usage.domain.tenants import Tenant
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.rating_ports import Moved
from services.usage.use_cases.watch_limits import watch_limits
from shared.events.usage import CallsRecorded, TenantCalls
from shared.ids import PlanId, ProviderId, TenantId, new_id


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record waits."""

    reason: str
    field: str | None
    detail: str


CONFLICT = (
    "A record with this switch and leg but other contents was received before; that one is billed (R15)."
)


async def keep_calls(
    work: UsageWork,
    provider_id: ProviderId,
    calls: Mapping[int, Call],
    problems: dict[int, Problem],
    removed: Sequence[Call],
    tenants: Mapping[TenantId, Tenant],
    now: datetime,
) -> set[int]:
    """Inserts what is new, counts it, and says which positions that were; conflicts are added to ``problems``."""
    if not calls and not removed:
        return set()
    await work.directory.share({call.tenant_id for call in removed})
    first: dict[UUID, int] = {}
    for position, call in calls.items():
        first.setdefault(call.call_key, position)
    fresh = [calls[position] for position in first.values()]
    inserted = await work.calls.add(fresh, received_at=now) if fresh else set()
    new = {first[key] for key in inserted}
    if len(new) < len(calls):
        await _find_conflicts(work, provider_id, calls, new, first.keys() - inserted, problems)
    added = [calls[position] for position in sorted(new)]
    billed = [call for call in added if call.billed_seconds > 0]
    removed = await _with_own_minutes(work, removed)
    await work.calls.add_to_totals(added, removed)
    await work.lines.move(_moved(provider_id, added, removed))
    await _count_late(work, billed, [call for call in removed if call.billed_seconds > 0])
    # Calls that were taken out leave the counters as upper bounds, which is all that they have to be.
    await watch_limits(work, provider_id, billed, tenants, now)
    if added:
        work.emit(_recorded(provider_id, added, now), time=now)
    return new


async def _find_conflicts(
    work: UsageWork,
    provider_id: ProviderId,
    calls: Mapping[int, Call],
    new: Collection[int],
    older: Collection[UUID],
    problems: dict[int, Problem],
) -> None:
    """A fingerprint decides between a repeat and a conflict; for a new call it is that of its first record here."""
    known = {calls[position].call_key: calls[position].fingerprint for position in new}
    if older:
        known |= await work.calls.fingerprints(provider_id, older)
    for position, call in calls.items():
        if position not in new and known.get(call.call_key) != call.fingerprint:
            problems[position] = Problem("conflict", None, CONFLICT)


def _moved(provider_id: ProviderId, added: Sequence[Call], removed: Sequence[Call]) -> Iterator[Moved]:
    """What joins and leaves the rollup: calls that were rated alike at once, most of a batch are."""
    alike: dict[tuple[object, ...], tuple[Call, int]] = {}
    for calls, sign in ((added, 1), (removed, -1)):
        for call in calls:
            extension = call.extension if call.own_minutes else None
            # By identity, which holds as long as the calls do: those of one length share their rating.
            key = (
                call.tenant_id,
                call.local_day,
                id(call.rating),
                call.direction,
                call.plan_id,
                call.plan_version,
                extension,
                call.own_minutes,
            )
            first, count = alike.get(key, (call, 0))
            alike[key] = first, count + sign
    for call, count in alike.values():
        timed = timed_call(call)
        if timed is not None and count:
            yield Moved(provider_id, call.tenant_id, call.local_day, timed, count)


async def _with_own_minutes(work: UsageWork, removed: Sequence[Call]) -> list[Call]:
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


async def _count_late(work: UsageWork, billed: Sequence[Call], removed: Sequence[Call]) -> None:
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


def _recorded(provider_id: ProviderId, added: Collection[Call], now: datetime) -> CallsRecorded:
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
