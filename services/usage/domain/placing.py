"""Whose call is it: SIP domain, account code, DID, tenant id, trunk, in this order, within the switch's provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.usage.domain.calls import instant
from services.usage.domain.records import CallRecord
from services.usage.domain.tenants import Resource
from shared.ids import TenantId


@dataclass(frozen=True, slots=True)
class Directory:
    """The part of a provider's directory that a batch of records asks for. Domains are lower case."""

    domains: Mapping[str, TenantId]
    account_codes: Mapping[str, TenantId]
    tenant_ids: frozenset[UUID]
    dids: Mapping[str, Sequence[Resource]]
    trunks: Mapping[str, TenantId]


# Not frozen, for the reason that a record is not.
@dataclass(slots=True)
class Numbers:
    """Both numbers of a record in E.164, None where one is no telephone number, and those of the call's other legs."""

    called: str | None
    calling: str | None
    others: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """The called one first: a call that came in is that tenant's."""
        return tuple([number for number in (self.called, self.calling, *self.others) if number is not None])


def find_tenant(record: CallRecord, numbers: Numbers, directory: Directory, at: datetime) -> TenantId | None:
    """The tenant of a record."""
    for domain in record.domains:
        if domain in directory.domains:
            return directory.domains[domain]
    for code in record.account_codes:
        if code in directory.account_codes:
            return directory.account_codes[code]
    # A tenant that is named and not known here waits: the other end's DID would bill a stranger for it.
    for number in () if record.names_tenant else _own_numbers(record, numbers):
        if (holder := _holder(number, directory, at)) is not None:
            return holder
    if record.tenant_id in directory.tenant_ids:
        return TenantId(record.tenant_id)
    # Last, since one trunk may serve many tenants.
    return next((directory.trunks[name] for name in record.trunks if name in directory.trunks), None)


def _own_numbers(record: CallRecord, numbers: Numbers) -> tuple[str, ...]:
    """Numbers that can be the tenant's own: where the direction is known, not the far end's."""
    ends = {"outbound": (numbers.calling,), "inbound": (numbers.called,)}
    if record.direction is None:
        return numbers.known
    return tuple(number for number in (*ends[record.direction], *numbers.others) if number is not None)


def _holder(number: str, directory: Directory, at: datetime) -> TenantId | None:
    for resource in directory.dids.get(number, ()):
        if resource.holds_at(at):
            return resource.tenant_id
    return None


def find_called(
    record: CallRecord, owner: TenantId, numbers: Numbers, directory: Directory
) -> tuple[TenantId, TenantId] | None:
    """(Caller, called) of a call between two tenants of the provider, seen by the switch as one; else None.

    A record that is one tenant's view, or came over a trunk, has no other side here: that side has a record of its own.
    """
    if record.one_view or record.from_trunk or record.direction is not None:
        return None
    at = instant(record.placed_us)
    called = _holder(numbers.called, directory, at) if numbers.called else None
    if called is None:
        return None
    if called != owner:
        return owner, called
    caller = _holder(numbers.calling, directory, at) if numbers.calling else None
    return None if caller in (None, owner) or caller is None else (caller, owner)
