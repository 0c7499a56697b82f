"""Whose call it is."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from services.usage.domain.placing import Directory, Numbers, find_tenant
from services.usage.domain.records import CallRecord
from services.usage.domain.tenants import Resource
from services.usage.entrypoints.formats.own import read_own
from shared.ids import TenantId
from tests.unit.usage.test_own_reader import RECORD

OURS, THEIRS = "+12125550100", "+12125550147"
OUR_TENANT, OTHER = TenantId(uuid4()), TenantId(uuid4())
AT = datetime(2026, 3, 10, 15, tzinfo=UTC)


def held(tenant: TenantId, number: str) -> Resource:
    return Resource(tenant, "did", number, datetime(2026, 1, 1, tzinfo=UTC), None)


DIRECTORY = Directory(
    domains={"alder.example": OUR_TENANT},
    account_codes={},
    tenant_ids=frozenset(),
    dids={OURS: [held(OUR_TENANT, OURS)], THEIRS: [held(OTHER, THEIRS)]},
    trunks={},
)


def found(**changed: object) -> TenantId | None:
    record = read_own(json.dumps({**RECORD, **changed}).encode())
    assert isinstance(record, CallRecord), record
    return find_tenant(record, Numbers(record.to_number, record.from_number), DIRECTORY, AT)


def test_a_tenant_that_is_named_and_unknown_waits() -> None:
    """Its call to a DID of another tenant is not that tenant's outbound call."""
    assert found() == OUR_TENANT
    assert found(tenant="birch.example") is None
    assert found(tenant="birch.example", direction=None) is None


def test_the_far_ends_number_does_not_tell_whose_call_it_is() -> None:
    """Nobody is named: out by the caller's DID, in by the called one, both where no direction is known."""
    assert found(tenant=None) == OUR_TENANT
    assert found(tenant=None, direction="inbound") == OTHER
    assert found(tenant=None, direction="outbound", **{"from": "anonymous"}) is None
    assert found(tenant=None, direction=None) == OTHER
