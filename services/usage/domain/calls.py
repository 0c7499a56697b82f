"""From a record and its tenant to a metered call: direction, class, billed time, and what is odd about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from uuid import UUID

from services.usage.domain.billed_time import hold_microseconds, talk_milliseconds
from services.usage.domain.call_rating import RateBook, Rating, rate_placed_call
from services.usage.domain.metering import TimedCall
from services.usage.domain.rating import RatedCall
from services.usage.domain.records import CallRecord, Direction
from services.usage.domain.tenants import PlanTerms, Resource, Tenant
from shared.ids import PlanId, ProviderId, TenantId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_CALL = timedelta(hours=24)
_LONGEST_US = LONGEST_CALL // timedelta(microseconds=1)
_CLOCKS_APART = timedelta(minutes=1)


# Each stage of a batch asks for the same instants and days again.
@lru_cache(maxsize=16_384)
def instant(microseconds: int) -> datetime:
    """Exact, unlike ``fromtimestamp`` with a float."""
    return _EPOCH + timedelta(microseconds=microseconds)


@lru_cache(maxsize=16_384)
def local_day(at: datetime, zone: tzinfo) -> date:
    """The day of an instant in a tenant's zone."""
    return at.astimezone(zone).date()


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


# Not frozen, for the reason that a record is not.
@dataclass(slots=True, unsafe_hash=True)
class Parties:
    """Both numbers of a call as the numbering plan of the tenant's country sees them, and who owns them.

    ``from_number`` and ``to_number`` are E.164 where they can be, else as the switch wrote them.
    """

    from_number: str
    to_number: str
    to_emergency: bool
    to_toll_free: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which ends of a call are the tenant's own, at the time of the call."""

    from_own: bool
    to_did: bool
    to_extension: bool
    from_extension: bool = False


_NO_ENDS = Ownership(from_own=False, to_did=False, to_extension=False)


@dataclass(slots=True, unsafe_hash=True)
class Call:
    """A metered call. ``not_billed`` names why it counts nothing although it was talked (R42, R8), else None."""

    provider_id: ProviderId
    tenant_id: TenantId
    call_key: UUID
    switch: str
    leg_id: str
    sip_call_id: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    placed_at: datetime
    local_day: date
    direction: Direction
    from_number: str
    to_number: str
    talk_ms: int
    hold_ms: int
    plan_id: PlanId | None
    plan_version: int | None
    flags: tuple[str, ...]
    not_billed: str | None
    fingerprint: bytes
    rating: Rating
    # The tenant's own extension that talked, and whether its plan counts included minutes by extension.
    extension: str | None = None
    own_minutes: bool = False
    # JSON of the fields of our own record that nothing here reads.
    extra: str | None = None

    @property
    def call_class(self) -> str:
        return self.rating.call_class

    @property
    def billed_seconds(self) -> int:
        return self.rating.rated.billed_seconds


def ownership(
    record: CallRecord, parties: Parties, resources: Collection[Resource], at: datetime
) -> Ownership:
    """Looks up both ends among the tenant's own extensions and DIDs that hold at ``at``."""
    if not resources:
        return _NO_ENDS
    held = {(resource.kind, resource.value) for resource in resources if resource.holds_at(at)}
    return Ownership(
        from_own=("did", parties.from_number) in held or ("extension", record.from_number) in held,
        to_did=("did", parties.to_number) in held,
        to_extension=("extension", record.to_number) in held,
        from_extension=("extension", record.from_number) in held,
    )


def extension_of(record: CallRecord, direction: Direction, owned: Ownership) -> str | None:
    """The tenant's own extension in a call, where the record names one."""
    if direction == "outbound":
        return record.from_number if owned.from_extension else None
    return record.to_number if owned.to_extension else None


def direction_of(record: CallRecord, owned: Ownership) -> Direction:
    """Direction from the tenant's view; a leg's own direction says nothing (telephony.md, section 1)."""
    if record.direction is not None:
        return record.direction
    if owned.to_did or (owned.to_extension and not owned.from_own) or record.from_trunk:
        return "inbound"
    return "outbound"


def class_of(direction: Direction, parties: Parties, owned: Ownership) -> str:
    """Outbound goes by the called number, inbound by the tenant's own number (R6)."""
    if owned.from_own and (owned.to_did or owned.to_extension):
        return "internal"
    if direction == "outbound" and parties.to_emergency:
        return "emergency"
    if parties.to_toll_free:
        return "toll_free"
    return "external"


def _flags(record: CallRecord, *, hold_us: int, received_at: datetime) -> tuple[str, ...]:
    """Records that an operator should look at; they are billed all the same (R14)."""
    flags = list(record.flags)
    answered = record.answered_us
    if answered is not None:
        if answered < record.started_us:
            flags.append("answered_before_start")
        if record.ended_us < answered:
            flags.append("ended_before_answer")
        if hold_us * 10 > (record.ended_us - answered) * 9 and hold_us > 0:
            flags.append("hold_over_90_percent")
    if instant(record.ended_us) > received_at + _CLOCKS_APART:
        flags.append("ended_after_receipt")
    return tuple(flags)


def talk_of(record: CallRecord) -> tuple[int, int]:
    """(talk in milliseconds, hold in microseconds) of a record (R1, R2)."""
    if record.answered_us is None:
        return 0, 0
    if record.talk_us is not None:
        return max(0, record.talk_us) // 1000, 0
    hold_us = hold_microseconds(
        answered_us=record.answered_us,
        ended_us=record.ended_us,
        hold_stamps=record.hold_stamps,
        hold_accumulated_us=record.hold_accumulated_us,
    )
    talk_ms = talk_milliseconds(answered_us=record.answered_us, ended_us=record.ended_us, hold_us=hold_us)
    return talk_ms, hold_us


def is_too_long(record: CallRecord) -> bool:
    """Over 24 h: not billed before an operator has looked (R14)."""
    if record.answered_us is None:
        return False
    # Hold only shortens the talk, so that of nearly every call need not be looked at.
    if record.talk_us is None and record.ended_us - record.answered_us <= _LONGEST_US:
        return False
    return timedelta(milliseconds=talk_of(record)[0]) > LONGEST_CALL


def _not_billed(
    record: CallRecord, tenant: Tenant, day: date, received_at: datetime, late_window: timedelta
) -> str | None:
    if tenant.plan_on(day) is None:
        return "before_plan"
    if tenant.closed_on is not None and day > tenant.closed_on:
        return "after_close"
    if received_at - instant(record.ended_us) > late_window:
        return "too_late"
    return None


def meter_call(
    record: CallRecord,
    tenant: Tenant,
    parties: Parties,
    resources: Collection[Resource],
    *,
    terms: PlanTerms | None,
    book: RateBook,
    received_at: datetime,
    late_window: timedelta,
) -> Call:
    """The call as it will be billed: by the plan and the deck row in force at its answer (R8).

    ``terms`` None is for a call before the tenant's first plan: kept, reported, not billed. Raises ``NoRate`` for a
    call that would be charged and has no rate (R7).
    """
    placed_at = instant(record.placed_us)
    day = local_day(placed_at, tenant.zone)
    owned = ownership(record, parties, resources, placed_at)
    direction = direction_of(record, owned)
    talk_ms, hold_us = talk_of(record)
    not_billed = _not_billed(record, tenant, day, received_at, late_window)
    known_class = class_of(direction, parties, owned)
    if not_billed is not None or terms is None:
        rating = Rating(known_class, RatedCall(0))
    else:
        rating = rate_placed_call(
            known_class=known_class,
            direction=direction,
            number=parties.to_number,
            talk_ms=talk_ms,
            answered_at=placed_at,
            terms=terms,
            book=book,
        )
    return Call(
        provider_id=tenant.provider_id,
        tenant_id=tenant.tenant_id,
        call_key=record.key,
        switch=record.switch,
        leg_id=record.leg_id,
        sip_call_id=record.sip_call_id,
        started_at=instant(record.started_us),
        answered_at=None if record.answered_us is None else placed_at,
        ended_at=instant(record.ended_us),
        placed_at=placed_at,
        local_day=day,
        direction=direction,
        from_number=parties.from_number,
        to_number=parties.to_number,
        talk_ms=talk_ms,
        hold_ms=hold_us // 1000,
        plan_id=terms.plan_id if terms else None,
        plan_version=terms.version if terms else None,
        flags=_flags(record, hold_us=hold_us, received_at=received_at),
        not_billed=not_billed,
        fingerprint=record.fingerprint,
        rating=rating,
        extension=extension_of(record, direction, owned),
        own_minutes=terms is not None and terms.has_own_minutes,
        extra=record.extra,
    )


def timed_call(call: Call) -> TimedCall | None:
    """A billed call as metering reads it; None when nothing is billed."""
    if not call.billed_seconds or call.plan_id is None or call.plan_version is None:
        return None
    return TimedCall(
        answered_at=call.placed_at,
        call_id=call.call_key,
        plan=(call.plan_id, call.plan_version),
        call_class=call.call_class,
        direction=call.direction,
        destination=call.rating.destination or "",
        extension=(call.extension or "") if call.own_minutes else "",
        rated=call.rating.rated,
    )
