"""Try records in quarantine again: by themselves when the directory changed, or because an operator says so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.usage.domain.records import Outcome, Received
from services.usage.use_cases.ports import Numbering, QuarantinedRecord, ReadRecord, UsageWork
from services.usage.use_cases.record_legs import record_received
from shared.errors import NotFound
from shared.ids import ProviderId


async def replay_quarantine(
    work: UsageWork,
    numbering: Numbering,
    read: ReadRecord,
    provider_id: ProviderId,
    waiting: Sequence[QuarantinedRecord],
    *,
    late_window: timedelta,
    accepted: bool = False,
) -> list[Outcome]:
    """Reads the kept bytes as if they came now, with the time of their first receipt (R42).

    ``accepted``: the operator has looked at them; what is over 24 h is then billed (R14).
    """
    version, _ = await work.directory.state(provider_id)
    received = [
        Received(
            source=one.source,
            raw=one.raw,
            record=read(one.source, one.raw, one.context),
            context=one.context,
            received_at=one.received_at,
            accepted=accepted,
        )
        for one in waiting
    ]
    outcomes = await record_received(work, numbering, provider_id, received, late_window=late_window)
    now = await work.now(provider_id)
    for one, outcome in zip(waiting, outcomes, strict=True):
        if outcome.status == "quarantined":
            await work.quarantine.tried(
                replace(
                    one,
                    reason=outcome.reason or one.reason,
                    field=outcome.field,
                    detail=outcome.detail or one.detail,
                    directory_version=version,
                )
            )
        else:
            await work.quarantine.done(one, now)
    return outcomes


MOST_REPLAYED = 500


async def replay_chosen(
    work: UsageWork,
    numbering: Numbering,
    read: ReadRecord,
    provider_id: ProviderId,
    chosen: Sequence[UUID] | None,
    *,
    late_window: timedelta,
    accepted: bool = False,
) -> list[Outcome]:
    """Replays these records, or the first that wait. Raises ``NotFound`` when one of ``chosen`` is not waiting."""
    if chosen is None:
        waiting = await work.quarantine.listed(provider_id, state="waiting", after=None, limit=MOST_REPLAYED)
    else:
        found = [await work.quarantine.get(provider_id, one) for one in sorted(set(chosen))]
        waiting = [one for one in found if one is not None and one.state == "waiting"]
        if len(waiting) < len(found):
            raise NotFound("One of these records does not wait in quarantine.", field="quarantine_ids")
    return await replay_quarantine(
        work, numbering, read, provider_id, waiting, late_window=late_window, accepted=accepted
    )


async def replay_placeable(
    work: UsageWork, numbering: Numbering, read: ReadRecord, *, late_window: timedelta, limit: int
) -> int:
    """Replays records that a change of the directory may have made placeable; how many were tried."""
    for provider_id in await work.quarantine.waiting_providers():
        waiting = await work.quarantine.placeable(provider_id, limit)
        if waiting:
            await replay_quarantine(work, numbering, read, provider_id, waiting, late_window=late_window)
            return len(waiting)
    return 0
