"""Which calls a group of legs is: one per leg on the trunk, with the hold of the tenant's legs (docs/design-legs.md).

Pure, and a function of the set: the order in which the legs are given does not matter.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.usage.domain.billed_time import Interval, union_length
from services.usage.domain.records import CallRecord, Side

Forwarded = Literal["both", "outbound"]
# What a user dialled stays the called number where the trunk got the emergency centre's own (R7).
_EMERGENCY = frozenset(("112", "911", "933", "999", "000"))
_FAR = 1_000_000


def is_telephone_number(text: str) -> bool:
    """7 to 15 digits with or without a plus: neither an extension nor a name."""
    digits = text.removeprefix("+")
    return digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15


def calls_of(legs: Collection[CallRecord], *, forwarded: Forwarded = "outbound") -> tuple[CallRecord, ...]:
    """The calls of a group, each as one record to place and meter; at least one for at least one leg."""
    ordered = sorted(legs, key=lambda leg: (leg.started_us, leg.leg_id))
    if not ordered:
        return ()
    if ordered[0].joins == "rows":
        return _calls_of_rows(ordered, forwarded)
    group = _Group(ordered)
    if group.trunks:
        return _trunk_calls(group, forwarded)
    return _inside_calls(group)


# -- legs -------------------------------------------------------------------------------------------------------------


class _Group:
    """Legs, oldest first, with their sides resolved and the ties between them."""

    def __init__(self, legs: Sequence[CallRecord]) -> None:
        self.legs = legs
        self._links: dict[str, set[str]] = {}
        for leg in legs:
            for name in leg.ties:
                self._links.setdefault(leg.leg_id, set()).add(name)
                self._links.setdefault(name, set()).add(leg.leg_id)
        self.sides = _sides(legs)
        self.trunks = [leg for leg in legs if self.sides[leg.leg_id] == "trunk"]
        self.tenants = [leg for leg in legs if self.sides[leg.leg_id] != "trunk"]

    def distances(self, leg: CallRecord) -> dict[str, int]:
        """Steps from a leg to every other one and every name."""
        found = {leg.leg_id: 0}
        waiting = deque([leg.leg_id])
        while waiting:
            at = waiting.popleft()
            for name in self._links.get(at, ()):
                if name not in found:
                    found[name] = found[at] + 1
                    waiting.append(name)
        return found


def _sides(legs: Sequence[CallRecord]) -> dict[str, Side | None]:
    """A leg whose side nothing tells is opposite to the others: a call has a user on one side at least."""
    sides: dict[str, Side | None] = {leg.leg_id: leg.side for leg in legs}
    dialled_in = {leg.to_number for leg in legs if leg.incoming and leg.side == "trunk"}
    for leg in legs:
        if leg.side is None and leg.incoming is False:
            out = is_telephone_number(leg.to_number) and leg.to_number not in dialled_in
            sides[leg.leg_id] = "trunk" if out else "tenant"
    if "trunk" in sides.values():
        for leg in legs:
            if sides[leg.leg_id] is None:
                sides[leg.leg_id] = "tenant"
    return sides


def _trunk_calls(group: _Group, forwarded: Forwarded) -> tuple[CallRecord, ...]:
    answered = [leg for leg in group.trunks if leg.answered_us is not None]
    if not answered:
        talked = any(
            leg.answered_us is not None and (leg.incoming is False or leg.side is None)
            for leg in group.tenants
        )
        # A fork to a mobile that lost against a phone inside: the call is that phone's.
        return _inside_calls(group) if talked else (_unanswered(group),)
    distances = {leg.leg_id: group.distances(leg) for leg in answered}
    if forwarded == "outbound" and any(leg.incoming is False for leg in answered):
        # Billed by its outbound leg is what went through; who talked to a phone first and was transferred is not that.
        phones = [leg for leg in group.tenants if leg.answered_us is not None and _rings_inside(group, leg)]
        answered = [
            leg
            for leg in answered
            if leg.incoming is False or any(one.leg_id in distances[leg.leg_id] for one in phones)
        ]
    return tuple(_trunk_call(group, leg, distances) for leg in answered)


def _rings_inside(group: _Group, leg: CallRecord) -> bool:
    """A leg to a phone, whose number is an extension or the one that was called; a loopback's leads on to outside."""
    dialled_in = {one.to_number for one in group.trunks if one.incoming}
    return leg.incoming is False and (not is_telephone_number(leg.to_number) or leg.to_number in dialled_in)


def _trunk_call(group: _Group, leg: CallRecord, distances: dict[str, dict[str, int]]) -> CallRecord:
    """Talk from the leg on the trunk, hold from the tenant's legs that are nearest to it."""
    own = distances[leg.leg_id]

    def far(other: CallRecord) -> tuple[int, int, str]:
        return own.get(other.leg_id, _FAR), other.started_us, other.leg_id

    users = sorted(group.tenants, key=far)
    held = [
        user
        for user in users
        if own.get(user.leg_id, _FAR) == min(of.get(user.leg_id, _FAR) for of in distances.values())
    ]
    if len(group.legs) == 1 and leg.side is None:
        held = [leg]
    hold = _hold_of(held, leg)
    # Outgoing calls are the caller's, whose leg is the user's; incoming ones that of the number that was called.
    others = sorted((one for one in group.legs if one is not leg), key=far)
    callers = [one for one in others if one in users]
    rest = [one for one in others if one not in users]
    order = (leg, *callers, *rest) if leg.incoming else (*callers, leg, *rest)
    caller = next((one for one in users if one.incoming and leg.incoming is False), None)
    return replace(
        _placed_by(leg, order),
        from_number=caller.from_number if caller else leg.from_number,
        to_number=_called(leg, caller),
        direction={True: "inbound", False: "outbound", None: leg.direction}[leg.incoming],
        hold_stamps=hold.stamps,
        hold_accumulated_us=hold.accumulated_us,
        flags=_flags((leg, *held)),
        one_view=True,
    )


def _called(leg: CallRecord, caller: CallRecord | None) -> str:
    if caller is None:
        return leg.to_number
    if caller.to_number in _EMERGENCY or not is_telephone_number(leg.to_number):
        return caller.to_number
    return leg.to_number


def _unanswered(group: _Group) -> CallRecord:
    """Nobody on the trunk answered: one call without talk, whatever a phone or an announcement inside did."""
    first = next((leg for leg in group.legs if leg.incoming), group.legs[0])
    rest = [leg for leg in group.legs if leg is not first]
    direction = first.direction
    if group.sides[first.leg_id] == "trunk":
        direction = "inbound" if first.incoming else "outbound"
    return replace(
        _placed_by(first, (first, *rest)),
        answered_us=None,
        talk_us=None,
        hold_stamps=(),
        hold_accumulated_us=0,
        direction=direction,
        one_view=True,
    )


def _inside_calls(group: _Group) -> tuple[CallRecord, ...]:
    """No leg is known to be on the trunk: calls between users, or the only legs that the switch logs."""
    incoming = [leg for leg in group.tenants if leg.incoming is not False]
    answered = [leg for leg in incoming if leg.answered_us is not None]
    if answered:
        distances = {leg.leg_id: group.distances(leg) for leg in answered}
        return tuple(_inside_call(group, leg, distances) for leg in answered)
    ringing = [leg for leg in group.tenants if leg.incoming is False and leg.answered_us is not None]
    if ringing and not incoming:
        # Only the called side was logged: from where does not matter for its user, it is a call that came in.
        return tuple(
            replace(_placed_by(leg, (leg, *group.legs)), from_trunk=True, one_view=True) for leg in ringing
        )
    first = (incoming or list(group.legs))[0]
    if len(group.legs) == 1 and first.incoming is False:
        return (replace(first, from_trunk=True, one_view=True),)
    return (replace(_placed_by(first, (first, *group.legs)), answered_us=None, talk_us=None),)


def _inside_call(group: _Group, leg: CallRecord, distances: dict[str, dict[str, int]]) -> CallRecord:
    own = distances[leg.leg_id]
    called = [
        one
        for one in group.tenants
        if one.incoming is False
        and own.get(one.leg_id, _FAR) == min(of.get(one.leg_id, _FAR) for of in distances.values())
    ]
    hold = _hold_of(called, leg)
    return replace(
        _placed_by(leg, (leg, *called)),
        called_hold_stamps=hold.stamps,
        called_hold_accumulated_us=hold.accumulated_us,
        flags=_flags((leg, *called)),
    )


@dataclass(frozen=True, slots=True)
class _Hold:
    stamps: tuple[Interval, ...]
    accumulated_us: int


def _hold_of(users: Iterable[CallRecord], leg: CallRecord) -> _Hold:
    """Hold of all users within a leg's talk. A user's accumulator counts only where that leg has no stamps (R2)."""
    if leg.answered_us is None:
        return _Hold((), 0)
    stamps: set[Interval] = set()
    accumulated = 0
    for user in users:
        stamps.update(user.hold_stamps)
        if not user.hold_stamps:
            accumulated += user.hold_accumulated_us
    if stamps and accumulated:
        united = union_length(stamps, start=leg.answered_us, end=leg.ended_us)
        return _Hold((), united + accumulated)
    return _Hold(tuple(sorted(stamps)), accumulated)


# -- rows -------------------------------------------------------------------------------------------------------------


def _calls_of_rows(rows: Sequence[CallRecord], forwarded: Forwarded) -> tuple[CallRecord, ...]:
    """Asterisk: one call per direction; of calls out, one per uniqueid, or number where a fork dialled one twice."""
    into = [row for row in rows if row.from_trunk]
    dialled_in = {row.to_number for row in into}
    out = [
        row
        for row in rows
        if not row.from_trunk and is_telephone_number(row.to_number) and row.to_number not in dialled_in
    ]
    inside = [row for row in rows if row not in into and row not in out]
    if not into and not out:
        return (_row_call(inside, rows),)
    went_through = any(row.answered_us is not None for row in out) and not any(
        # The other end of a row that came in is a phone where it has a name: local channels have none.
        row.answered_us is not None and (row in inside or len(row.trunks) > 1)
        for row in (*into, *inside)
    )
    sides = [into] if into and not (forwarded == "outbound" and went_through) else []
    calls = [_row_call(side, rows) for side in (*sides, *_by_branch(out))]
    answered = [call for call in calls if call.answered_us is not None]
    if answered:
        return tuple(answered)
    # A call out that failed while a phone inside answered is that phone's call.
    return (_row_call(inside, rows),) if any(row.answered_us for row in inside) else (calls[0],)


def _by_branch(rows: Sequence[CallRecord]) -> list[list[CallRecord]]:
    branches: list[tuple[set[str], list[CallRecord]]] = []
    for row in rows:
        names = {f"unique {row.leg_id.partition('/')[0]}", f"number {row.to_number}"}
        joined = [branch for branch in branches if branch[0] & names]
        branches = [branch for branch in branches if not branch[0] & names]
        every = [one for branch in joined for one in branch[1]]
        branches.append((names.union(*(branch[0] for branch in joined)), [*every, row]))
    ordered = [sorted(branch, key=lambda row: (row.started_us, row.leg_id)) for _, branch in branches]
    return sorted(ordered, key=lambda branch: (branch[0].started_us, branch[0].leg_id))


def _row_call(side: Sequence[CallRecord], rows: Sequence[CallRecord]) -> CallRecord:
    """Talk is the union of what the answered rows say: a fork counts once, a transfer goes on."""
    answered = [row for row in side if row.answered_us is not None]
    if not answered:
        return _placed_by(side[0], (*side, *rows))
    spans = [_span(row) for row in answered]
    # The row with the most talk names the numbers; a branch of 0 s names nothing.
    main = max(answered, key=lambda row: (_span(row)[1] - _span(row)[0], -row.started_us, row.leg_id))
    first = min(span[0] for span in spans)
    last = max(span[1] for span in spans)
    return replace(
        _placed_by(main, (main, *side, *rows)),
        started_us=min(row.started_us for row in answered),
        answered_us=first,
        ended_us=max(row.ended_us for row in answered),
        talk_us=main.talk_us if len(answered) == 1 else union_length(spans, start=first, end=last),
        flags=_flags(answered),
    )


def _span(row: CallRecord) -> Interval:
    begun = row.answered_us or 0
    return begun, row.ended_us if row.talk_us is None else begun + row.talk_us


# -- both -------------------------------------------------------------------------------------------------------------


def _placed_by(record: CallRecord, order: Sequence[CallRecord]) -> CallRecord:
    """The record with everybody's candidates for the tenant, in this order."""
    numbers = (number for leg in order for number in (leg.to_number, leg.from_number))
    own = (record.to_number, record.from_number)
    return replace(
        record,
        other_numbers=tuple(
            dict.fromkeys(one for one in numbers if is_telephone_number(one) and one not in own)
        ),
        domains=tuple(dict.fromkeys(one for leg in order for one in leg.domains)),
        account_codes=tuple(dict.fromkeys(one for leg in order for one in leg.account_codes)),
        trunks=tuple(dict.fromkeys(one for leg in order for one in leg.trunks)),
        tenant_id=next((leg.tenant_id for leg in order if leg.tenant_id is not None), None),
        joins=None,
        ties=(),
        side=None,
        incoming=None,
    )


def _flags(legs: Iterable[CallRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flag for leg in legs for flag in leg.flags))


def called_view(record: CallRecord) -> CallRecord:
    """The same call as the called tenant sees it, where both tenants are the provider's: an incoming one of its own."""
    return replace(
        record,
        leg_id=f"{record.leg_id}#called",
        direction="inbound",
        hold_stamps=record.called_hold_stamps,
        hold_accumulated_us=record.called_hold_accumulated_us,
        called_hold_stamps=(),
        called_hold_accumulated_us=0,
        domains=(),
        account_codes=(),
        trunks=(),
        other_numbers=(),
        one_view=True,
    )


def single_view(record: CallRecord) -> CallRecord:
    """A call that is one tenant's alone: both its phones are the tenant's side, so either one's hold counts (R2)."""
    if not record.called_hold_stamps and not record.called_hold_accumulated_us:
        return record
    if record.answered_us is None:
        return replace(record, called_hold_stamps=(), called_hold_accumulated_us=0)
    called = replace(
        record,
        hold_stamps=record.called_hold_stamps,
        hold_accumulated_us=record.called_hold_accumulated_us,
    )
    hold = _hold_of((record, called), record)
    return replace(
        record,
        hold_stamps=hold.stamps,
        hold_accumulated_us=hold.accumulated_us,
        called_hold_stamps=(),
        called_hold_accumulated_us=0,
    )
