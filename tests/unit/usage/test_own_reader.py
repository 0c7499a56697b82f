"""Tollgate's own record."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.adapters.numbering import PhoneNumbers
from services.usage.domain.calls import talk_of
from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats import own
from services.usage.entrypoints.formats.own import read_own, split_records

RECORD = {
    "id": "c-1",
    "tenant": "Alder.example",
    "direction": "outbound",
    "from": "+12125550100",
    "to": "+12125550147",
    "start_time": 1773154800.123456,
    "end_time": "1773154842.363456",
    "tenant_hold_ms": 2000,
    "colour": "unknown fields are accepted",
}


def read(**changed: object) -> CallRecord:
    record = read_own(json.dumps({**RECORD, **changed}).encode())
    assert isinstance(record, CallRecord), record
    return record


def test_numbers_and_text_read_the_same() -> None:
    """42.24 s less 2 s of hold, exactly, though JSON numbers are floats."""
    assert talk_of(read()) == (40_240, 2_000_000)
    assert read(start_time="1773154800.123456") == read(start_time="2026-03-10T15:00:00.123456Z") == read()


def test_duration_stands_in_for_the_end() -> None:
    """Hold is part of ``duration``."""
    assert talk_of(read(end_time=None, duration="42.24")) == (40_240, 2_000_000)


def test_a_tenant_is_named_in_three_ways() -> None:
    """SIP domain (case does not matter), account code, or id."""
    tenant = "0b9d4ae2-3f0e-4a44-8d5c-0f8dd3c6b001"
    assert read().domains == ("alder.example",)
    assert read(tenant="A-17").account_codes == ("A-17",)
    assert read(tenant=tenant).tenant_id == UUID(tenant)


def test_a_body_may_be_one_an_array_or_lines() -> None:
    """All give the same records."""
    one = json.dumps(RECORD).encode()
    for body in (b"[" + one + b"," + one + b"]", one + b"\n\n" + one + b"\n"):
        assert [read_own(raw) for raw in split_records(body)] == [read(), read()]
    assert [read_own(raw) for raw in split_records(b" " + one)] == [read()]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": None}, "id"),
        ({"from": {"a": 1}}, "from"),
        ({"direction": "sideways"}, "direction"),
        ({"start_time": "noon"}, "start_time"),
        ({"start_time": "2026-03-10T15:00:00"}, "start_time"),
        ({"start_time": 1773154800123}, "start_time"),
        ({"end_time": None}, "end_time"),
        ({"end_time": None, "duration": -5}, "duration"),
        ({"end_time": None, "duration": "NaN"}, "duration"),
        ({"end_time": None, "duration": 1e300}, "duration"),
        ({"tenant_hold_ms": "long"}, "tenant_hold_ms"),
        ({"tenant_hold_ms": "1e9999999"}, "tenant_hold_ms"),
        ({"tenant_hold_ms": "1e99999999999999999999"}, "tenant_hold_ms"),
        ({"start_time": "0001-01-01T00:00:00+14:00"}, "start_time"),
        ({"end_time": "9999-12-31T23:59:59-14:00"}, "end_time"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, object], field: str) -> None:
    """The sender learns which field to correct."""
    found = read_own(json.dumps({**RECORD, **changed}).encode())
    assert isinstance(found, Unreadable)
    assert found.field == field


def test_ids_that_begin_alike_are_two_calls() -> None:
    """Numbers beyond 64 bits are not rounded into each other, text beyond the column is refused and not cut."""
    first, second = read(id=10**24 + 1), read(id=10**24 + 2)
    assert (first.leg_id, second.leg_id) == (f"{10**24 + 1}", f"{10**24 + 2}")
    found = read_own(json.dumps({**RECORD, "id": "x" * 257}).encode())
    assert isinstance(found, Unreadable)
    assert found.field == "id"


def test_small_letters_and_names_that_are_not_utf8_are_read() -> None:
    """RFC 3339 allows ``t`` and ``z``; a caller's name is not ours to judge."""
    assert read(start_time="2026-03-10t15:00:00.123456z") == read()
    raw = json.dumps({**RECORD, "name": "ZoX"}).encode().replace(b"ZoX", b"Zo\xeb")
    found = read_own(raw)
    assert isinstance(found, CallRecord)
    assert found.fingerprint == read().fingerprint


def test_unknown_fields_are_kept_and_make_no_other_call() -> None:
    """A repeat with another colour is a repeat."""
    record = read(colour="red", nested={"a": [1, None]})
    assert json.loads(record.extra or "") == {"colour": "red", "nested": {"a": [1, None]}}
    assert record.fingerprint == read().fingerprint


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("sip:+12125550147@carrier.example;user=phone", "+12125550147"),
        ("tel:+1-212-555-0147;phone-context=example", "+1-212-555-0147"),
        ('"Ann: B" <sip:1001@alder.example>', "1001"),
        ("<sips:%2B442079460123@carrier.example:5061>", "+442079460123"),
        ("1001@alder.example", "1001"),
        ("urn:service:sos", "urn:service:sos"),
        ("Front: desk", "Front: desk"),
        ("sip:@carrier.example", "sip:@carrier.example"),
    ],
)
def test_a_proxy_may_send_addresses_for_numbers(written: str, number: str) -> None:
    """A number inside an address is rated and found as that number."""
    record = read(**{"from": written, "to": written})
    assert (record.from_number, record.to_number) == (number, number)


def test_unknown_fields_keep_their_digits() -> None:
    """A number of 20 digits is no float, and what a price looked like stays."""
    raw = json.dumps(RECORD)[:-1].encode() + b', "iccid": 89014103211118510720, "p": [1.10]}'
    record = read_own(raw)
    assert isinstance(record, CallRecord)
    assert record.extra == (
        '{"colour":"unknown fields are accepted","iccid":89014103211118510720,"p":[1.10]}'
    )


def test_what_platforms_write_beside_json_is_read() -> None:
    """NaN in a field that nobody reads, and half a surrogate pair in a name or id; two such ids stay two."""
    made = [
        read_own(json.dumps({**RECORD, "id": f"c-{half}", "mos": float("nan"), "name": half}).encode())
        for half in ("\udcfc", "\udcfd")
    ]
    assert all(isinstance(one, CallRecord) for one in made), made
    assert len({one.leg_id for one in made if isinstance(one, CallRecord)}) == 2
    overflow = read_own(json.dumps({**RECORD, "mos": 7}).replace("7}", "1e999}").encode())
    assert isinstance(overflow, Unreadable)


def test_the_emergency_service_may_be_named_instead_of_dialled() -> None:
    """``urn:service:sos`` and its parts (RFC 5031) are emergency calls in every country; other services are not."""
    numbers = PhoneNumbers()
    called = ("urn:service:sos", "URN:service:sos.police", "urn:service:counseling")
    assert [numbers.parties("1001", to, "DE").to_emergency for to in called] == [True, True, False]


TEXTS = st.sampled_from(
    ["a", " a ", "", "x" * 256, "x" * 257, "A\x00b", "1001@d", "sip:1@h", 7, 1.5, None, True, "é"]
)
SECONDS = st.one_of(
    st.floats(1_773_154_800, 1_773_254_800).map(lambda at: round(at, 6)),
    st.integers(1_773_154_800, 1_773_254_800),
    st.sampled_from([0, -1, 1e300, 1_773_154_800.1234567, "1773154800.5", "2026-03-10T15:00:00Z", None, ""]),
)
LENGTHS = st.one_of(st.floats(-5, 90_000), st.integers(-5, 10**12), st.sampled_from(["61", "", None, 1e30]))


@given(
    st.fixed_dictionaries(
        {"id": TEXTS, "from": TEXTS, "to": TEXTS, "start_time": SECONDS, "end_time": SECONDS},
        optional={
            "tenant": TEXTS | st.just(str(UUID(int=7))),
            "direction": st.sampled_from(["inbound", "outbound", "Inbound", "", None, "in"]),
            "duration": LENGTHS,
            "tenant_hold_ms": LENGTHS,
            "sip_call_id": TEXTS,
            "switch": TEXTS,
            "trunk": TEXTS,
            "colour": TEXTS,
        },
    ),
    st.booleans(),
)
def test_plain_records_read_the_same_on_the_short_way(document: dict[str, object], escaped: bool) -> None:
    """What is read in one step into fields of known kinds is what the careful way makes of it."""
    raw = json.dumps(document, ensure_ascii=escaped).encode()
    assert own.read_own(raw) == own._read_any(raw)
