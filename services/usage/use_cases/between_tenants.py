"""A call between two tenants of one provider, seen by the switch as one record: a call of both, as the provider chose."""

from collections.abc import Mapping
from dataclasses import replace

from services.usage.domain.legs import called_view, single_view
from services.usage.domain.placing import Directory, Numbers, find_called
from services.usage.domain.records import CallRecord
from services.usage.use_cases.ports import UsageWork
from shared.ids import ProviderId, TenantId


async def split_between_tenants(
    work: UsageWork,
    provider_id: ProviderId,
    records: Mapping[int, CallRecord],
    dids: Mapping[int, Numbers],
    directory: Directory,
    owners: dict[int, TenantId],
    places: int,
) -> tuple[dict[int, CallRecord], dict[int, int]]:
    """(Records by place, of which place a called side is): a call between two tenants is a call of both.

    ``owners`` is brought in line: the caller's place is the caller's; called sides get places from ``places`` on. The
    provider's option may bill one side only.
    """
    views = {position: single_view(record) for position, record in records.items()}
    pairs = {
        position: pair
        for position, owner in owners.items()
        if (pair := find_called(records[position], owner, dids[position], directory)) is not None
    }
    called_of: dict[int, int] = {}
    if not pairs:
        return views, called_of
    options = await work.mapping.options(provider_id)
    at = places
    for position, (caller, called) in pairs.items():
        record = records[position]
        if options.between_tenants == "called":
            views[position], owners[position] = called_view(record), called
            continue
        views[position] = replace(
            record, direction="outbound", called_hold_stamps=(), called_hold_accumulated_us=0
        )
        owners[position] = caller
        if options.between_tenants == "both":
            called_of[at], views[at], owners[at] = position, called_view(record), called
            at += 1
    return views, called_of
