"""What other switches, other versions and other modules write: XML, repeated keys, events, Kazoo, rows as JSON."""

import base64
import json
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from services.usage.domain.calls import talk_of
from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.asterisk import read_asterisk, split_rows
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from services.usage.entrypoints.formats.kazoo import read_kazoo, split_kazoo
from services.usage.entrypoints.formats.own import read_own
from tests.unit.usage.records import ANSWER, leg, micros, posted
from tests.unit.usage.switch_legs import hold

BEGIN = int(micros(ANSWER))


def xml(extra: str = "", holds: str = "") -> bytes:
    """A B leg of an incoming call as mod_xml_cdr writes it: every value URL-encoded."""
    return f"""<?xml version="1.0"?>
<cdr core-uuid="c" switchname="fs9">
  <channel_data><state>CS_REPORTING</state><direction>outbound</direction></channel_data>
  <variables>
    <uuid>b-leg</uuid><direction>outbound</direction><originator>a-leg</originator>
    <domain_name>alder.example</domain_name><sip_from_user>%2B442079460123</sip_from_user>
    <start_uepoch>{BEGIN - 5_000_000}</start_uepoch><answer_uepoch>{BEGIN}</answer_uepoch>
    <end_uepoch>{BEGIN + 24_240_244}</end_uepoch><billsec>24</billsec>{extra}
  </variables>{holds}
  <callflow profile_index="1"><caller_profile>
    <caller_id_number>+442079460123</caller_id_number><destination_number>1001</destination_number>
    <originator><originator_caller_profile><destination_number>12125550100</destination_number>
    </originator_caller_profile></originator></caller_profile>
    <times><answered_time>{BEGIN}</answered_time><hold_accum_time>0</hold_accum_time></times></callflow>
</cdr>""".encode()


@pytest.mark.parametrize(
    "extra",
    [
        "<caller_id_name>A & B</caller_id_name>",
        "<sip_h_X-a:b>1</sip_h_X-a:b>",
        '<sip_full_via>"A" <sip:1001@10.0.0.7;x=1&y></sip_full_via>',
    ],
)
def test_xml_with_bare_signs_and_names_of_headers_is_read(extra: str) -> None:
    """What encode-values off and headers of the far end leave behind spoils no call."""
    assert freeswitch(xml(extra)) == freeswitch(xml())


def freeswitch(body: bytes) -> CallRecord:
    record = read_freeswitch(body)
    assert isinstance(record, CallRecord), record
    return record


@pytest.mark.parametrize(
    "body",
    [
        xml(),
        b"cdr=" + xml(),
        b"cdr=" + quote(xml()).encode(),
        b"cdr=" + base64.b64encode(xml()),
        xml().replace(b"<state>", b"<state>\xff\x01"),
    ],
    ids=["bare", "form", "url-encoded", "base64", "not UTF-8, with a control character"],
)
def test_xml_is_read_in_every_wire_form(body: bytes) -> None:
    """24.24 s of talk; the phone that rings is the tenant's, and the number is the one that was dialled."""
    record = freeswitch(body)
    assert talk_of(record) == (24_240, 0)
    assert (record.leg_id, record.ties, record.side) == ("b-leg", ("a-leg",), "tenant")
    assert (record.from_number, record.to_number) == ("+442079460123", "12125550100")


def test_the_hold_record_of_xml_counts() -> None:
    """Two holds, the second not ended: 4 s and the last 5.240244 s."""
    held = (
        f'<hold-record><hold on="{BEGIN + 1_000_000}" off="{BEGIN + 5_000_000}"/>'
        f'<hold on="{BEGIN + 19_000_000}" off="0"/></hold-record>'
    )
    assert talk_of(freeswitch(xml(holds=held))) == (15_000, 9_240_244)


def test_every_caller_profile_of_a_repeated_key_counts_its_hold() -> None:
    """Older switches write `callflow` once a profile; each transfer restarts the accumulator, which are 3 s and 2 s."""
    document: dict[str, Any] = leg(talk_us=20_000_000, variables={"hold_accum_usec": "2000000"})
    flow = document.pop("callflow")[0]
    newest = json.dumps({**flow, "times": {"hold_accum_time": "2000000"}})
    first = {**flow["caller_profile"], "destination_number": "+12125550199"}
    oldest = json.dumps({"caller_profile": first, "times": {"hold_accum_time": "3000000"}})
    text = json.dumps(document)[:-1] + f', "callflow":{newest}, "callflow":{oldest}}}'
    record = freeswitch(text.encode())
    assert talk_of(record) == (15_000, 5_000_000)
    assert record.to_number == "+12125550199"


def test_many_holds_are_all_read() -> None:
    """Thirty of them, half a second each: longer than a name may be."""
    spans = tuple((at * 1.0, at + 0.5) for at in range(30))
    assert talk_of(freeswitch(posted(leg(talk_us=60_000_000, hold=hold(*spans), encoded=True)))) == (
        45_000,
        15_000_000,
    )


def test_odd_values_are_read() -> None:
    """Numbers as numbers, with `.0`, in lists, names in another case, an event's prefix."""
    document: dict[str, Any] = leg(talk_us=20_000_000)
    values = document["variables"]
    values["answer_uepoch"] = int(values["answer_uepoch"])
    values["end_uepoch"] = [values["end_uepoch"] + ".0"]
    values["Domain_Name"] = values.pop("domain_name")
    values["accountcode"] = None
    assert talk_of(freeswitch(posted(document))) == (20_000, 0)
    assert freeswitch(posted(document)).domains[0] == "alder.example"
    event = {
        "Event-Name": "CHANNEL_HANGUP_COMPLETE",
        **{f"variable_{name}": one for name, one in values.items()},
    }
    assert talk_of(freeswitch(posted(event))) == (20_000, 0)


def test_an_absent_answer_is_worked_out_from_the_microseconds() -> None:
    """Not from `billsec`, while a finer figure is there; a 0 means never answered, whatever the rest says."""
    document: dict[str, Any] = leg(talk_us=20_000_000, variables={"billusec": "7500000"})
    del document["variables"]["answer_uepoch"]
    document["callflow"][0]["times"] = {}
    assert talk_of(freeswitch(posted(document))) == (7_500, 0)
    document["variables"]["answer_uepoch"] = "0"
    assert talk_of(freeswitch(posted(document))) == (0, 0)


KAZOO = {
    "account_id": "acct",
    "authorizing_id": "dev",
    "billing_seconds": 6,
    "call_direction": "inbound",
    "call_id": "kz",
    "caller_id_number": "+15550001111",
    "duration_seconds": 9,
    "other_leg_call_id": "kz2",
    "request": "+15552345678@alder.example",
    "timestamp": str(62_167_219_200 + 1_773_154_800),
}


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(KAZOO).encode(),
        json.dumps(
            {
                "-".join(part.title() for part in name.split("_")).replace("Id", "ID"): one
                for name, one in KAZOO.items()
            }
        ).encode(),
        "&".join(f"{name}={quote(str(one))}" for name, one in KAZOO.items()).encode(),
        json.dumps(
            {
                **{k: v for k, v in KAZOO.items() if k != "account_id"},
                "custom_channel_vars": {"account_id": "acct"},
            }
        ).encode(),
    ],
    ids=["webhook", "AMQP", "form", "document"],
)
def test_kazoo_is_read_in_every_form(raw: bytes) -> None:
    """The end is the Gregorian timestamp; the talk what Kazoo says, before it."""
    (one,) = split_kazoo(raw)
    record = read_kazoo(one)
    assert isinstance(record, CallRecord), record
    assert (record.ended_us, talk_of(record)) == (1_773_154_800_000_000, (6_000, 0))
    assert (record.account_codes, record.ties, record.to_number) == (("acct",), ("kz2",), "+15552345678")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"timestamp": "soon"}, "timestamp"),
        ({"billing_seconds": None}, "billing_seconds"),
        ({"call_id": ""}, "call_id"),
    ],
)
def test_a_broken_kazoo_record_names_its_field(changed: dict[str, object], field: str) -> None:
    """The operator is told where to look."""
    found = read_kazoo(json.dumps(KAZOO | changed).encode())
    assert isinstance(found, Unreadable)
    assert found.field == field


ROW = {
    "accountcode": "acct",
    "src": "1001",
    "dst": "12125550147",
    "channel": "PJSIP/1001-1",
    "dstchannel": "PJSIP/voip-ms-2",
    "start": "2026-03-10 15:00:00",
    "answer": "2026-03-10 15:00:05",
    "end": "2026-03-10 15:01:00",
    "billsec": "54.123456",
    "disposition": "ANSWERED",
    "uniqueid": "9.1",
}


def asterisk(raw: bytes) -> CallRecord:
    record = read_asterisk(raw, switch="pbx1", zone=ZoneInfo("UTC"))
    assert isinstance(record, CallRecord), record
    return record


def test_rows_as_json_bill_their_fractions() -> None:
    """`CDR(billsec,f)`, else stamps with a fraction, else whole seconds."""
    assert talk_of(asterisk(json.dumps(ROW).encode()))[0] == 54_123
    fine = ROW | {"answer": "1773154805.250000", "end": "1773154860.500000", "billsec": 55}
    assert talk_of(asterisk(json.dumps(fine).encode()))[0] == 55_250
    assert talk_of(asterisk(json.dumps(ROW | {"billsec": 55}).encode()))[0] == 55_000
    manager = {
        "Source": "1001",
        "Destination": "1",
        "StartTime": ROW["start"],
        "EndTime": ROW["end"],
        "BillableSeconds": "7",
        "AnswerTime": ROW["answer"],
        "Disposition": "ANSWERED",
    }
    assert talk_of(asterisk(json.dumps(manager).encode()))[0] == 7_000
    assert asterisk(json.dumps(ROW).encode()).trunks == ("voip-ms", "1001")


def test_json_rows_come_one_in_an_array_or_by_lines() -> None:
    """Like CSV rows, each alone."""
    one = json.dumps(ROW).encode()
    assert [
        len(list(split_rows(body))) for body in (one, b"[" + one + b"," + one + b"]", one + b"\n" + one)
    ] == [1, 2, 2]


def test_the_order_of_the_sample_cdr_custom_is_read() -> None:
    """clid first, accountcode at its sixteenth place, with a fraction and a sequence."""
    row = (
        '"""Ann"" <1001>","1001","12125550147","internal","PJSIP/1001-1","PJSIP/t-2","Dial","x",'
        '"2026-03-10 15:00:00","2026-03-10 15:00:05","2026-03-10 15:01:00","60","54.500000","ANSWERED","DOC","acct",'
        '"9.1","",41'
    )
    record = asterisk(row.encode())
    assert (talk_of(record)[0], record.account_codes, record.leg_id) == (54_500, ("acct",), "9.1/41")


def test_our_own_record_flags_a_duration_that_disagrees() -> None:
    """The stamps are billed."""
    own = {
        "id": "a",
        "from": "1",
        "to": "2",
        "start_time": "1773154800.25",
        "end_time": 1773154860.5,
        "duration": 90,
    }
    record = read_own(json.dumps(own).encode())
    assert isinstance(record, CallRecord)
    assert (talk_of(record)[0], record.flags, record.one_view) == (60_250, ("duration_disagrees",), False)
