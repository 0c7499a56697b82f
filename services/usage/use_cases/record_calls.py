"""Keep a batch of received records: each call once, metered, in its day's total; what cannot be placed waits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from services.usage.domain.call_rating import NoRate, RateBook
from services.usage.domain.calls import Call, Parties, instant, is_too_long, local_day, meter_call
from services.usage.domain.months import month_of
from services.usage.domain.placing import Numbers, find_tenant
from services.usage.domain.records import CallRecord, Outcome, Received, Unreadable
from services.usage.domain.tenants import Resource, Tenant
from services.usage.use_cases.between_tenants import split_between_tenants
from services.usage.use_cases.keep_calls import Problem, keep_calls
from services.usage.use_cases.ports import Numbering, QuarantinedRecord, UsageWork
from shared.ids import ProviderId, TenantId, derived_id


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the batch needs to know, read once under the tenants' shared locks.

    ``views`` are the records by place: those received, then the called side of calls between two tenants, whose
    ``called_of`` says of which place.
    """

    tenants: Mapping[TenantId, Tenant]
    owners: Mapping[int, TenantId]
    # By value: a tenant may have thousands, a call names four at most.
    resources: Mapping[TenantId, Mapping[str, Sequence[Resource]]]
    book: RateBook
    views: Mapping[int, CallRecord]
    called_of: Mapping[int, int]


_TAKEN, _REPEATED = Outcome("taken"), Outcome("repeated")
UNKNOWN_TENANT = (
    "No tenant has this SIP domain, account code or number; open it, and the record is taken by itself."
)
UNKNOWN_PLAN = "The plan of the tenant is not known yet; the record is taken by itself when it is."
TOO_LONG = "The call is over 24 hours long; look at it, then replay it as accepted, or leave it."
ARCHIVED = (
    "The calls of this month are in an archive and no longer here, so that nobody can tell whether this is a repeat;"
    " it is kept, and billed nowhere: calls so old are past the late window (R42)."
)


async def record_calls(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    received: Sequence[Received],
    *,
    late_window: timedelta,
    keep: bool = True,
    removed: Sequence[Call] = (),
    now: datetime | None = None,
) -> list[Outcome]:
    """Outcomes in the order of ``received``. Everything is one transaction: kept and counted, or neither.

    ``keep`` False leaves it to the caller to put into quarantine what cannot be taken; ``removed`` are calls that the
    caller has taken out in this transaction and that leave the totals; ``now`` is the provider's instant where the
    caller has read it in this transaction.

    Totals do not depend on the order of arrival: a call is added to its day only by the transaction that inserted
    it, and period totals are computed from days.
    """
    if now is None:
        now = await work.now(provider_id)
    version, country = await work.directory.state(provider_id)
    records = {
        position: one.record for position, one in enumerate(received) if isinstance(one.record, CallRecord)
    }
    around, parties = await _look_around(
        work, numbering, provider_id, version, country, records, len(received)
    )
    archived = await _archived(work, provider_id, records.values(), now - late_window)
    calls: dict[int, Call] = {}
    problems: dict[int, Problem] = {}
    views = [
        one
        if (view := around.views.get(position)) is None or view is one.record
        else replace(one, record=view)
        for position, one in enumerate(received)
    ]
    views += [replace(received[of], record=around.views[at]) for at, of in around.called_of.items()]
    for position, one in enumerate(views):
        if (
            archived
            and isinstance(one.record, CallRecord)
            and month_of(instant(one.record.placed_us)) in archived
        ):
            problems[position] = Problem("month_archived", "start_time", ARCHIVED)
            continue
        made = _meter(
            one,
            around,
            position,
            parties.get(position),
            received_at=one.received_at or now,
            late_window=late_window,
        )
        if isinstance(made, Call):
            calls[position] = made
        else:
            problems[position] = made
    new = await keep_calls(work, provider_id, calls, problems, removed, around.tenants, now)
    for at, of in around.called_of.items():
        if at in problems:
            problems.setdefault(of, problems.pop(at))
        if at in new:
            new.add(of)
    kept = [
        quarantined_record(provider_id, received[at], problem, version, now)
        for at, problem in problems.items()
    ]
    if keep:
        await work.quarantine.add(kept)
    ids = dict(zip(problems, (one.quarantine_id for one in kept), strict=True))
    tenants: dict[int, tuple[TenantId, ...]] = {
        position: (call.tenant_id,) for position, call in calls.items()
    }
    for at, of in around.called_of.items():
        tenants[of] = (*tenants.get(of, ()), *tenants.get(at, ()))
    return [
        _outcome(position, new, problems, ids, tenants.get(position, ())) for position in range(len(received))
    ]


async def _archived(
    work: UsageWork, provider_id: ProviderId, records: Collection[CallRecord], since: datetime
) -> set[date]:
    """The archived months among those of the records. Asked for old records only: younger months are never archived."""
    months = {month_of(at) for record in records if (at := instant(record.placed_us)) < since}
    return await work.months.archived(provider_id, months) if months else set()


async def _look_around(
    work: UsageWork,
    numbering: Numbering,
    provider_id: ProviderId,
    version: int,
    country: str | None,
    records: Mapping[int, CallRecord],
    places: int,
) -> tuple[_Surroundings, dict[int, Parties]]:
    if not records:
        return _Surroundings({}, {}, {}, RateBook(), {}, {}), {}
    dids = {
        position: Numbers(
            called=numbering.e164(record.to_number, country),
            calling=numbering.e164(record.from_number, country),
            others=tuple([number for raw in record.other_numbers if (number := numbering.e164(raw, country))])
            if record.other_numbers
            else (),
        )
        for position, record in records.items()
    }
    directory = await work.directory.look_up(
        provider_id,
        version,
        domains={domain for record in records.values() for domain in record.domains},
        account_codes={code for record in records.values() for code in record.account_codes},
        tenant_ids={record.tenant_id for record in records.values() if record.tenant_id is not None},
        dids={number for numbers in dids.values() for number in numbers.known},
        trunks={name for record in records.values() for name in record.trunks},
    )
    owners = {
        position: owner
        for position, record in records.items()
        if (owner := find_tenant(record, dids[position], directory, instant(record.placed_us))) is not None
    }
    records, called_of = await split_between_tenants(
        work, provider_id, records, dids, directory, owners, places
    )
    # From here on no period of these tenants is metered until the new calls are in.
    wanted = set(owners.values())
    await work.directory.share(wanted)
    version, tenants = await work.directory.tenants_now(provider_id, version, wanted)
    parties: dict[int, Parties] = {}
    values: dict[TenantId, set[str]] = {owner: set() for owner in tenants}
    for position, owner in owners.items():
        record = records[position]
        both = numbering.parties(record.from_number, record.to_number, tenants[owner].country)
        parties[position] = both
        values[owner].update((both.from_number, both.to_number, record.from_number, record.to_number))
    resources = await work.directory.own_resources(provider_id, version, values)
    book = await _book(work, provider_id, records, owners, tenants)
    return _Surroundings(tenants, owners, resources, book, records, called_of), parties


async def _book(
    work: UsageWork,
    provider_id: ProviderId,
    records: Mapping[int, CallRecord],
    owners: Mapping[int, TenantId],
    tenants: Mapping[TenantId, Tenant],
) -> RateBook:
    """The decks that rate these records; nothing is asked where no plan is rated by deck."""
    wanted: set[tuple[str, datetime]] = set()
    by_deck = {
        owner
        for owner, tenant in tenants.items()
        if any(plan.terms is not None and plan.terms.rated_by_deck for plan in tenant.plans)
    }
    for position, owner in owners.items() if by_deck else ():
        if owner not in by_deck:
            continue
        at, tenant = instant(records[position].placed_us), tenants[owner]
        plan = tenant.plan_on(local_day(at, tenant.zone))
        if plan is not None and plan.terms is not None and plan.terms.rated_by_deck:
            wanted.add((plan.terms.deck, at))
    if not wanted:
        return RateBook()
    return await work.decks.book(provider_id, wanted, min(one.zone.key for one in tenants.values()))


def _named(record: CallRecord, parties: Parties, held: Mapping[str, Sequence[Resource]]) -> list[Resource]:
    """The tenant's own extensions and DIDs that a call names."""
    if not held:
        return []
    names = {record.from_number, record.to_number, parties.from_number, parties.to_number}
    return [one for name in names for one in held.get(name, ())]


def _meter(
    one: Received,
    around: _Surroundings,
    position: int,
    parties: Parties | None,
    *,
    received_at: datetime,
    late_window: timedelta,
) -> Call | Problem:
    record = one.record
    if isinstance(record, Unreadable):
        return Problem("unreadable", record.field, record.detail)
    owner = around.owners.get(position)
    if owner is None or parties is None:
        return Problem("unknown_tenant", "tenant", UNKNOWN_TENANT)
    if is_too_long(record) and not one.accepted:
        return Problem("over_24_hours", "end_time", TOO_LONG)
    tenant = around.tenants[owner]
    day = local_day(instant(record.placed_us), tenant.zone)
    plan = tenant.plan_on(day)
    if plan is not None and plan.terms is None:
        return Problem("unknown_plan", "tenant", UNKNOWN_PLAN)
    try:
        return meter_call(
            record,
            tenant,
            parties,
            _named(record, parties, around.resources.get(owner, {})),
            terms=plan.terms if plan else None,
            book=around.book,
            received_at=received_at,
            late_window=late_window,
        )
    except NoRate as missing:
        return Problem("no_rate", "to", missing.detail)


def quarantined_record(
    provider_id: ProviderId, one: Received, problem: Problem | Outcome, version: int, now: datetime
) -> QuarantinedRecord:
    """What waits, with its bytes; the same bytes have the same id."""
    return QuarantinedRecord(
        provider_id=provider_id,
        quarantine_id=derived_id("quarantine", one.source, one.raw.hex(), sorted(one.context.items())),
        received_at=one.received_at or now,
        source=one.source,
        reason=problem.reason or "unknown",
        field=problem.field,
        detail=problem.detail or "",
        raw=one.raw,
        context=one.context,
        directory_version=version,
    )


def _outcome(
    position: int,
    new: Collection[int],
    problems: Mapping[int, Problem],
    ids: Mapping[int, UUID],
    tenants: tuple[TenantId, ...],
) -> Outcome:
    problem = problems.get(position)
    if problem is not None:
        return Outcome("quarantined", problem.reason, problem.field, problem.detail, ids[position], tenants)
    if not tenants:
        return _TAKEN if position in new else _REPEATED
    return Outcome("taken" if position in new else "repeated", tenants=tenants)
