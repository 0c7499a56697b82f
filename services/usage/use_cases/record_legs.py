"""Keep legs, join them into groups, and record the calls that each group is: the same in any order and any batches.

Design: docs/design-legs.md. A group's calls go through ``record_calls`` like any record; what a further leg changes is
taken out of the totals first, in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.usage.domain.calls import Call, instant
from services.usage.domain.legs import calls_of
from services.usage.domain.records import CallRecord, Outcome, Received
from services.usage.use_cases.keep_calls import CONFLICT
from services.usage.use_cases.ports import KeptLeg, Numbering, QuarantinedRecord, UsageWork
from services.usage.use_cases.record_calls import quarantined_record, record_calls
from shared.ids import ProviderId, derived_id

# By group: the leg of each call that waits, with the reason.
_Problems = dict[UUID, list[tuple[KeptLeg, Outcome]]]


@dataclass(slots=True)
class _Batch:
    """What a batch of legs does: by position which leg it is, and which of them conflict."""

    keys: dict[int, UUID]
    conflicts: set[int]
    new: dict[UUID, KeptLeg]
    known: dict[UUID, KeptLeg]


async def record_received(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    received: Sequence[Received],
    *,
    late_window: timedelta,
) -> list[Outcome]:
    """Outcomes in the order of ``received``: whole calls at once, legs by their groups; one transaction."""
    legs = {
        position: one.record
        for position, one in enumerate(received)
        if isinstance(one.record, CallRecord) and one.record.joins is not None
    }
    if not legs:
        return await record_calls(work, numbering, provider_id, received, late_window=late_window)
    outcomes: dict[int, Outcome] = {}
    # The switches' locks come before the tenants', everywhere.
    for switch in sorted({record.switch for record in legs.values()}):
        await work.lock("legs", provider_id, switch)
    outcomes |= await _record_legs(work, numbering, provider_id, received, legs, late_window=late_window)
    whole = [position for position in range(len(received)) if position not in legs]
    if whole:
        made = await record_calls(
            work, numbering, provider_id, [received[position] for position in whole], late_window=late_window
        )
        outcomes |= dict(zip(whole, made, strict=True))
    return [outcomes[position] for position in range(len(received))]


async def _record_legs(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    received: Sequence[Received],
    legs: Mapping[int, CallRecord],
    *,
    late_window: timedelta,
) -> dict[int, Outcome]:
    now = await work.now(provider_id)
    batch = await _sort_out(work, provider_id, received, legs, now)
    groups = await _groups(work, provider_id, batch)
    problems = await _record_groups(
        work, numbering, provider_id, received, batch, groups, now=now, late_window=late_window
    )
    kept = await _keep(work, provider_id, received, batch, groups, problems, now)
    outcomes: dict[int, Outcome] = {}
    group_of = {leg.leg_key: (group_id, leg) for group_id, members in groups.items() for leg in members}
    taken: set[UUID] = set()
    for position, key in batch.keys.items():
        group_id, leg = group_of.get(key, (None, None))
        if position in kept:
            outcomes[position] = kept[position]
        elif leg is None or key in taken:
            outcomes[position] = Outcome("repeated")
        elif leg.call_fingerprint is None and group_id in problems:
            # A leg of a call that waits: the quarantine holds it under the leg that the call is of.
            own, outcome = problems[group_id][0]
            outcomes[position] = replace(outcome, quarantine_id=own.quarantine_id)
        elif key in batch.known and (not batch.known[key].waiting or batch.known[key].call_fingerprint):
            outcomes[position] = Outcome("repeated")
        else:
            taken.add(key)
            outcomes[position] = Outcome("taken")
    return outcomes


async def _sort_out(
    work: UsageWork,
    provider_id: ProviderId,
    received: Sequence[Received],
    legs: Mapping[int, CallRecord],
    now: datetime,
) -> _Batch:
    """Tells new legs from repeats and conflicts (R15); the first of several in one batch counts."""
    keys = {position: record.key for position, record in legs.items()}
    known = {leg.leg_key: leg for leg in await work.legs.known(provider_id, set(keys.values()))}
    batch = _Batch(keys, set(), {}, known)
    for position, record in legs.items():
        key, fingerprint = keys[position], record.fingerprint
        found = known.get(key) or batch.new.get(key)
        if found is None:
            batch.new[key] = KeptLeg(
                leg_key=key,
                group_id=key,
                record=record,
                fingerprint=fingerprint,
                received_at=received[position].received_at or now,
                accepted=received[position].accepted,
            )
        elif found.fingerprint != fingerprint:
            batch.conflicts.add(position)
        elif received[position].accepted:
            found.accepted = True
    return batch


def _tie_keys(record: CallRecord) -> list[UUID]:
    names = (f"leg {record.leg_id}", *(f"leg {name}" for name in record.ties))
    return [derived_id("tie", record.joins, record.switch, name) for name in names]


async def _groups(work: UsageWork, provider_id: ProviderId, batch: _Batch) -> dict[UUID, list[KeptLeg]]:
    """The groups to decide, whole: those with a new leg, and those that waited and are touched again."""
    ties = {key: _tie_keys(leg.record) for key, leg in batch.new.items()}
    found = await work.legs.ties(provider_id, {tie for of in ties.values() for tie in of}) if ties else {}
    parents: dict[UUID, UUID] = {}

    def root(one: UUID) -> UUID:
        while (above := parents.get(one, one)) != one:
            one = above
        return one

    tie_groups: dict[UUID, UUID] = dict(found)
    for key, of in ties.items():
        own = key
        for tie in of:
            other = root(tie_groups.setdefault(tie, own))
            # A group that is kept already stays; of two kept ones the lower id does.
            first, second = sorted((root(own), other), key=lambda one: (one in batch.new, one))
            parents[second] = first
            parents.setdefault(first, first)
    again = {key for position, key in batch.keys.items() if position not in batch.conflicts}
    kept = set(found.values()) | {
        leg.group_id for key, leg in batch.known.items() if leg.waiting and key in again
    }
    loaded = await work.legs.of_groups(provider_id, kept) if kept else []
    touched = {leg.leg_key: leg for leg in loaded}
    for leg in batch.known.values():
        if leg.accepted and leg.leg_key in touched:
            touched[leg.leg_key].accepted = True
    groups: dict[UUID, list[KeptLeg]] = {}
    for leg in (*touched.values(), *batch.new.values()):
        leg.group_id = root(leg.group_id)
        groups.setdefault(leg.group_id, []).append(leg)
    if ties:
        merged = {one: root(one) for one in set(found.values()) if root(one) != one}
        wanted = {tie: root(tie_groups[tie]) for of in ties.values() for tie in of}
        await work.legs.tie(provider_id, wanted, merged)
    return groups


async def _record_groups(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    received: Sequence[Received],
    batch: _Batch,
    groups: Mapping[UUID, Sequence[KeptLeg]],
    *,
    now: datetime,
    late_window: timedelta,
) -> _Problems:
    """Brings the calls of each group up to date; which of them wait, and why."""
    options = await work.mapping.options(provider_id)
    raw_of = {
        batch.keys[position]: received[position]
        for position in reversed(batch.keys)
        if position not in batch.conflicts
    }
    outdated: list[KeptLeg] = []
    wanted: list[tuple[UUID, KeptLeg, Received]] = []
    for group_id, members in groups.items():
        by_leg = {leg.record.leg_id: leg for leg in members}
        current = {
            by_leg[call.leg_id].leg_key: call
            for call in calls_of([leg.record for leg in members], forwarded=options.forwarded_calls)
        }
        # The bytes of one of the legs that came now stand for the call, should it have to wait.
        came = next(raw_of[leg.leg_key] for leg in members if leg.leg_key in raw_of)
        first_received = min(leg.received_at for leg in members)
        accepted = any(leg.accepted for leg in members)
        for leg in members:
            call = current.get(leg.leg_key)
            if leg.call_fingerprint is not None and (
                call is None or call.fingerprint != leg.call_fingerprint
            ):
                outdated.append(replace(leg))
                leg.call_fingerprint = leg.call_placed_at = None
                leg.call_tenants = ()
            if call is not None and leg.call_fingerprint is None:
                one = replace(came, record=call, received_at=first_received, accepted=accepted)
                wanted.append((group_id, leg, one))
    made = await record_calls(
        work,
        numbering,
        provider_id,
        [one for _, _, one in wanted],
        late_window=late_window,
        keep=False,
        removed=await _take_out(work, provider_id, outdated),
        now=now,
    )
    problems: _Problems = {}
    for (group_id, leg, one), outcome in zip(wanted, made, strict=True):
        if outcome.status == "quarantined":
            problems.setdefault(group_id, []).append((leg, outcome))
        elif isinstance(one.record, CallRecord):
            leg.call_fingerprint = one.record.fingerprint
            leg.call_placed_at = instant(one.record.placed_us)
            leg.call_tenants = outcome.tenants
    return problems


async def _take_out(work: UsageWork, provider_id: ProviderId, outdated: Sequence[KeptLeg]) -> list[Call]:
    """Calls that a further leg has changed, both sides of those between two tenants."""
    if not outdated:
        return []
    calls = {
        (tenant_id, leg.call_placed_at, key)
        for leg in outdated
        if leg.call_placed_at is not None
        for tenant_id in leg.call_tenants
        for key in (leg.leg_key, derived_id("call", leg.record.switch, f"{leg.record.leg_id}#called"))
    }
    return await work.calls.remove(provider_id, calls) if calls else []


async def _keep(
    work: UsageWork,
    provider_id: ProviderId,
    received: Sequence[Received],
    batch: _Batch,
    groups: Mapping[UUID, Sequence[KeptLeg]],
    problems: _Problems,
    now: datetime,
) -> dict[int, Outcome]:
    """Keeps the legs, and in quarantine one record for each call that waits, and conflicts; outcomes of these.

    What waits depends on the legs alone: a call waits under its own leg, whichever came first.
    """
    # Only what waits says what was known when it was tried.
    version = (await work.directory.state(provider_id))[0] if batch.conflicts or problems else 0
    position_of = {
        key: position for position, key in reversed(batch.keys.items()) if position not in batch.conflicts
    }
    outcomes: dict[int, Outcome] = {}
    fresh: list[QuarantinedRecord] = []
    for position in sorted(batch.conflicts):
        outcome = Outcome("quarantined", "conflict", None, CONFLICT)
        fresh.append(quarantined_record(provider_id, received[position], outcome, version, now))
        outcomes[position] = replace(outcome, quarantine_id=fresh[-1].quarantine_id)
    over: list[UUID] = []
    for group_id, members in groups.items():
        waiting = {leg.leg_key: outcome for leg, outcome in problems.get(group_id, ())}
        came = next(position_of[leg.leg_key] for leg in members if leg.leg_key in position_of)
        for leg in members:
            leg.waiting = bool(waiting)
            if leg.leg_key in waiting:
                own = received[position_of.get(leg.leg_key, came)]
                record = quarantined_record(provider_id, own, waiting[leg.leg_key], version, now)
                if leg.quarantine_id is None:
                    fresh.append(record)
                    leg.quarantine_id = record.quarantine_id
                else:
                    await work.quarantine.tried(replace(record, quarantine_id=leg.quarantine_id))
            elif leg.quarantine_id is not None:
                over.append(leg.quarantine_id)
                leg.quarantine_id = None
    await work.quarantine.add(fresh)
    await work.quarantine.over(provider_id, over, now)
    await work.legs.keep(provider_id, [leg for members in groups.values() for leg in members])
    return outcomes
