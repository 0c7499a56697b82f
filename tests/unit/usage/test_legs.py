"""Which calls a group of legs is."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.usage.domain.calls import talk_of
from services.usage.domain.legs import calls_of, single_view
from services.usage.domain.records import CallRecord
from services.usage.entrypoints.formats.asterisk import read_asterisk
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from tests.unit.usage.records import posted
from tests.unit.usage.switch_legs import Leg, forwarded, inbound, outbound, transferred
from tests.unit.usage.test_asterisk_reader import UTC_ZONE, row

DID = "+12125550100"


def read(*legs: Leg) -> list[CallRecord]:
    records = []
    for leg in legs:
        record = read_freeswitch(posted(leg.document()))
        assert isinstance(record, CallRecord), record
        records.append(record)
    return records


def billed(records: list[CallRecord], **options: str) -> list[tuple[str | None, str, int]]:
    """(Direction, called number, talk in milliseconds) of each call."""
    calls = calls_of(records, **options)  # type: ignore[arg-type]
    return [(one.direction, one.to_number, talk_of(single_view(one))[0]) for one in calls]


def test_talk_is_the_trunk_legs_and_hold_the_phones() -> None:
    """Out: 60 s on the trunk, less 20 s that the phone held; the phone's own stamps differ and do not matter."""
    legs = read(*outbound("o", "alder.example", holds=((10.0, 30.0),)))
    assert billed(legs) == [("outbound", "+12125550147", 40_000)]


def test_a_ring_group_is_one_call_in() -> None:
    """Three phones ring, one wins and holds 5 s: one call to the DID, the losers bill nothing."""
    legs = read(*inbound("i", DID, "alder.example", holds=((10.0, 15.0),)))
    assert billed(legs) == [("inbound", DID, 55_000)]


def test_hold_of_the_far_end_is_billed() -> None:
    """The carrier's leg says hold: that is the other party's, not the tenant's."""
    legs = outbound("o", "alder.example")
    legs[1].holds = ((10.0, 50.0),)
    assert billed(read(*legs)) == [("outbound", "+12125550147", 60_000)]
    assert billed(read(legs[1])) == [("outbound", "+12125550147", 60_000)]


def test_a_transfer_is_one_call_with_the_hold_of_both_phones() -> None:
    """100 s from outside, 10 s held by the first phone and 5 s by the second."""
    assert billed(read(*transferred("t", DID, "alder.example"))) == [("inbound", DID, 85_000)]


def test_a_forwarded_call_bills_its_outbound_leg_or_both_directions() -> None:
    """By default the outbound leg alone; the provider may choose both. A phone that rang and lost changes nothing."""
    legs = read(*forwarded("f", DID, "alder.example"))
    assert billed(legs) == [("outbound", "+491701234567", 60_500)]
    assert billed(legs, forwarded="both") == [("inbound", DID, 66_000), ("outbound", "+491701234567", 60_500)]
    lost = Leg(
        "f-p", False, False, "+442079460123", "1001", "alder.example", None, 0.1, (), {"originator": "f-a"}
    )
    assert billed([*legs, *read(lost)]) == [("outbound", "+491701234567", 60_500)]


def test_a_caller_who_was_transferred_outside_talked_in_as_well() -> None:
    """A phone answers and transfers to a mobile: the minutes with the phone are not given away."""
    legs = forwarded("f", DID, "alder.example")
    phone = Leg(
        "f-p", False, False, "+442079460123", "1001", "alder.example", -5.0, -0.5, (), {"originator": "f-a"}
    )
    assert billed(read(*legs, phone)) == [("inbound", DID, 66_000), ("outbound", "+491701234567", 60_500)]


def test_a_trunk_that_failed_over_bills_the_leg_that_was_answered() -> None:
    """Two attempts at carriers, the second answered; a phone that heard an announcement only talked to nobody."""
    a, b = outbound("o", "alder.example")
    failed = Leg("o-x", False, True, DID, "+12125550147", "", None, 0.0, (), {"originator": "o-a"})
    assert billed(read(a, failed, b)) == [("outbound", "+12125550147", 60_000)]
    assert billed(read(a, failed)) == [(None, "12125550147", 0)]


def test_a_mobile_that_lost_the_race_does_not_hide_the_phone_that_won() -> None:
    """A fork to a phone and a mobile, on a switch that does not say that the caller came from outside."""
    a, *phones = inbound("i", DID, "alder.example")
    mobile = Leg(
        "i-m", False, True, "+442079460123", "+491701234567", "", None, 0.1, (), {"originator": "i-a"}
    )
    records = read(a, *phones, mobile)
    assert billed(records) == [(("inbound"), DID, 60_000)]


def test_an_emergency_call_keeps_the_number_that_was_dialled() -> None:
    """The trunk gets the emergency centre's own number; the call stays free (R7)."""
    a, b = outbound("o", "alder.example")
    a.called = "911"
    assert [call.to_number for call in calls_of(read(a, b))] == ["911"]


@pytest.mark.parametrize("legs", [[0], [1]])
def test_one_leg_alone_is_billed_by_itself(legs: list[int]) -> None:
    """legs=a or legs=b: what the switch logs is all there is."""
    both = outbound("o", "alder.example")
    assert len(billed(read(*(both[at] for at in legs)))) == 1


def asterisk(**changed: object) -> CallRecord:
    record = read_asterisk(row(**changed), switch="pbx1", zone=UTC_ZONE)  # type: ignore[arg-type]
    assert isinstance(record, CallRecord)
    return record


def test_rows_of_one_uniqueid_are_one_call() -> None:
    """A fork with two ANSWERED rows, one of 0 s, and a busy branch; the same row again changes nothing."""
    rows = [
        asterisk(branch="1", billsec=0),
        asterisk(branch="2", billsec=55),
        asterisk(branch="3", billsec=60, disposition="NO ANSWER"),
    ]
    assert billed(rows) == [(None, "12125550147", 55_000)]
    assert billed(rows * 3) == billed(rows)
    assert billed(rows[2:]) == [(None, "12125550147", 0)]


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_order_of_legs_does_not_matter(shuffle: random.Random, dropped: int) -> None:
    """Any order, with any leg missing, gives the same calls."""
    legs = read(
        *outbound("o", "alder.example", holds=((1.0, 2.0),)),
        *inbound("i", DID, "alder.example", holds=((3.0, 9.0), (5.0, 12.0))),
        *transferred("t", DID, "alder.example"),
    )
    del legs[dropped]
    shuffled = legs[:]
    shuffle.shuffle(shuffled)
    assert calls_of(shuffled) == calls_of(legs)


def test_rows_of_a_forwarded_call_bill_its_outbound_leg() -> None:
    """In over a trunk and out by a local channel, as FreePBX follows me; a phone that talked first is billed as well."""
    begun = asterisk(columns=21)
    through = replace(
        begun, leg_id="f/1", to_number="12125550100", from_trunk=True, side="trunk", trunks=("voipms",)
    )
    out = replace(begun, leg_id="f/2", to_number="491701234567", trunks=("voipms",))
    assert billed([through, out]) == [(None, "491701234567", 55_000)]
    assert len(billed([through, out], forwarded="both")) == 2
    phone = replace(through, trunks=("1001", "voipms"))
    assert len(billed([phone, out])) == 2
