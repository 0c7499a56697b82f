"""Whose call is it: SIP domain, account code, DID, tenant id, in this order, within the switch's provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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


def find_tenant(
    record: CallRecord, dids: Sequence[str], directory: Directory, at: datetime
) -> TenantId | None:
    """The tenant of a record. ``dids`` are its called and calling number in E.164, the called one first."""
    for domain in record.domains:
        if domain in directory.domains:
            return directory.domains[domain]
    for code in record.account_codes:
        if code in directory.account_codes:
            return directory.account_codes[code]
    for number in dids:
        for resource in directory.dids.get(number, ()):
            if resource.holds_at(at):
                return resource.tenant_id
    if record.tenant_id in directory.tenant_ids:
        return TenantId(record.tenant_id)
    return None
