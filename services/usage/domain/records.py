"""Call records as switches report them, brought to one form; instants are microseconds since 1970, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Literal
from uuid import UUID

from shared.ids import derived_id

Direction = Literal["inbound", "outbound"]
Source = Literal["freeswitch", "asterisk", "kazoo", "own"]
Side = Literal["trunk", "tenant"]


# Not frozen, though nobody changes one: a frozen object of 28 fields takes three times as long to make, and each call
# needs several.
@dataclass(slots=True, unsafe_hash=True)
class CallRecord:
    """One leg of one call. ``answered_us`` None: never answered.

    ``talk_us`` is what a switch without finer figures says of the talk, in microseconds (R1). ``domains``,
    ``account_codes`` and ``trunks`` are candidates for finding the tenant, the best first. ``direction`` is set only
    where it is known from the tenant's view; ``from_trunk`` says that the caller came in over a trunk, where the
    switch tells. ``other_numbers`` are those of the call's other legs, which may be a tenant's DID too.

    ``joins``: the record is a leg (``legs``) or a row of a pair of channels (``rows``) and others may belong to the same
    call; None: it is a whole call. ``ties`` are the other legs, or names of the whole call, that it gives. ``side`` says which end of the switch the leg is on, ``incoming`` that the leg came into it. ``one_view``:
    the record is one tenant's side of the call and bills nobody else; ``names_tenant``: it says whose it is, so that no
    number needs to tell; ``extra``: JSON of what it says beyond, no part of the bill; ``called_hold_*`` is the hold of the called
    tenant's leg, where two tenants of one provider talk.
    """

    switch: str
    leg_id: str
    from_number: str
    to_number: str
    started_us: int
    ended_us: int
    answered_us: int | None = None
    hold_stamps: tuple[tuple[int, int], ...] = ()
    hold_accumulated_us: int = 0
    talk_us: int | None = None
    domains: tuple[str, ...] = ()
    account_codes: tuple[str, ...] = ()
    tenant_id: UUID | None = None
    direction: Direction | None = None
    from_trunk: bool = False
    sip_call_id: str | None = None
    flags: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    other_numbers: tuple[str, ...] = ()
    joins: Literal["legs", "rows"] | None = None
    ties: tuple[str, ...] = ()
    side: Side | None = None
    incoming: bool | None = None
    one_view: bool = False
    names_tenant: bool = False
    extra: str | None = None
    called_hold_stamps: tuple[tuple[int, int], ...] = ()
    called_hold_accumulated_us: int = 0

    @property
    def placed_us(self) -> int:
        """The instant that gives a call its period, plan and day: its answer (R8), its start when unanswered."""
        return self.started_us if self.answered_us is None else self.answered_us

    @property
    def key(self) -> UUID:
        """The identity of the leg: switch and leg uuid (product.md: the same call twice counts once)."""
        return derived_id("call", self.switch, self.leg_id)

    @property
    def fingerprint(self) -> bytes:
        """A digest of all that matters for the bill: a repeat has the same, a conflicting record another (R15)."""
        parts = (
            self.from_number,
            self.to_number,
            self.started_us,
            self.answered_us,
            self.ended_us,
            self.hold_stamps,
            self.hold_accumulated_us,
            self.talk_us,
            self.domains,
            self.account_codes,
            self.tenant_id,
            self.direction,
            self.trunks,
            self.other_numbers,
            self.ties,
            self.side,
            self.incoming,
            self.one_view,
            self.called_hold_stamps,
            self.called_hold_accumulated_us,
        )
        return blake2b(repr(parts).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is wrong with a body or row that is no call record: the field, and a sentence that says what to do."""

    field: str
    detail: str


# Not frozen, for the reason that a record is not.
@dataclass(slots=True)
class Received:
    """A record with the bytes it came from, so that it can be kept and read again.

    ``context`` holds what the bytes alone do not say: switch name, time zone, uuid of the query. ``received_at`` is
    set for a record that was received before and waited in quarantine; ``accepted``: an operator has looked (R14).
    """

    source: Source
    raw: bytes
    record: CallRecord | Unreadable
    context: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one received record."""

    status: Literal["taken", "repeated", "quarantined"]
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    quarantine_id: UUID | None = None
    # Whose calls it is, where it is any: two where two tenants of the provider talked.
    tenants: tuple[UUID, ...] = ()
