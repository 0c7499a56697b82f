"""mod_json_cdr in every form that it takes."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from services.usage.domain.billed_time import billed_seconds
from services.usage.domain.calls import talk_of
from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from tests.unit.usage.records import ANSWER, leg, micros, posted

ANSWER_US = int(micros(ANSWER))


def read(document: dict[str, object]) -> CallRecord:
    record = read_freeswitch(posted(document))
    assert isinstance(record, CallRecord), record
    return record


def billed(document: dict[str, object]) -> int:
    return billed_seconds(talk_of(read(document))[0], minimum_seconds=6, increment_seconds=6)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: b"cdr=" + quote(body, safe="+").encode(),
        lambda body: b"cdr=" + quote(body, safe="").encode().replace(b"%7B", b"%7b", 1),
        lambda body: b"cdr=" + quote_plus(body).encode(),
        lambda body: b"cdr=" + quote_plus(json.dumps(json.loads(body))).encode(),
        lambda body: b"cdr=" + base64.b64encode(body),
        lambda body: b"cdr=" + base64.b64encode(body).rstrip(b"="),
        lambda body: b"cdr=" + base64.encodebytes(body),
        lambda body: b"cdr=" + base64.b64encode(body).replace(b"+", b" "),
        lambda body: b"cdr=" + quote(base64.b64encode(body), safe="").encode(),
        lambda body: b"cdr=" + body,
        lambda body: quote(body).encode(),
        lambda body: b"\r\n" + body + b"\n",
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_every_wire_form_reads_as_the_same_leg(wrap: object, encoded: bool) -> None:
    """The body decides, not the Content-Type; ``?>?`` makes base64 write plus signs and slashes."""
    document = leg(
        uuid="5b1e", encoded=encoded, variables={"sip_user_agent": "a=b&c%20d ?>?>~~", "x": ">>>???"}
    )
    plain = read(leg(uuid="5b1e"))
    assert read_freeswitch(wrap(posted(document))) == plain  # type: ignore[operator]


def test_a_plus_sign_stays_a_plus_sign() -> None:
    """``+`` begins a telephone number in values that are URL-encoded one by one."""
    assert read(leg(called="+12125550147", encoded=True)).to_number == "+12125550147"


def test_microsecond_stamps_are_billed_and_billsec_is_not() -> None:
    """24.240181 s bill 30 s whatever ``billsec`` says."""
    assert billed(leg(talk_us=24_240_181, variables={"billsec": "24"})) == 30


def test_hold_is_clipped_to_the_call() -> None:
    """One ``off`` comes 8 ms after the end: two clocks (telephony.md)."""
    hold = f"{{{{{ANSWER_US + 10_000_000},{ANSWER_US + 20_008_000}}}}}"
    assert talk_of(read(leg(talk_us=20_000_000, hold=hold))) == (10_000, 10_000_000)


def test_hold_intervals_come_newest_first_and_may_be_encoded() -> None:
    """``{{on,off},{on,off}}`` is not JSON."""
    hold = (
        f"{{{{{ANSWER_US + 10_000_000},{ANSWER_US + 11_000_000}}},"
        f"{{{ANSWER_US + 2_000_000},{ANSWER_US + 4_000_000}}}}}"
    )
    variables = {"hold_accum_ms": "0"}
    record = read(leg(talk_us=20_000_000, hold=hold, encoded=True, variables=variables))
    assert talk_of(record) == (17_000, 3_000_000)


def test_the_accumulator_serves_without_stamps() -> None:
    """Old FreeSWITCH says hold in one figure only."""
    record = read(leg(talk_us=20_000_000, variables={"hold_accum_ms": "4500"}))
    assert talk_of(record) == (15_500, 4_500_000)


@pytest.mark.parametrize("hold", ["nonsense", "{{1,2},{3}}", "{{1,2}", "{1,2}{3,4}"])
def test_hold_that_cannot_be_read_is_refused(hold: str) -> None:
    """Hold read as none would bill too much."""
    found = read_freeswitch(posted(leg(hold=hold)))
    assert isinstance(found, Unreadable)
    assert found.field == "hold_events"


def test_a_call_that_nobody_answered_has_no_talk() -> None:
    """NORMAL_CLEARING with answer 0 exists: the cause says nothing."""
    assert read(leg(answer=None)).answered_us is None
    assert billed(leg(answer=None)) == 0


def test_the_oldest_caller_profile_has_the_dialled_number() -> None:
    """``callflow`` is an object, an array, or a repeated key of which the last is the oldest."""
    document = leg(called="+12125550147")
    flow = document["callflow"]
    assert isinstance(flow, list)
    newer = {"caller_profile": {"destination_number": "1002"}, "times": {}}
    as_array = {**document, "callflow": [newer, flow[0]]}
    as_object = {**document, "callflow": flow[0]}
    start = json.dumps({**document, "callflow": newer})[:-1]
    repeated = f'{start}, "callflow": {json.dumps(flow[0])}}}'.encode()
    assert read(as_array) == read(as_object) == read(document) == read_freeswitch(repeated)


def test_whole_seconds_serve_where_microseconds_are_missing() -> None:
    """``*_epoch`` and then the callflow's times stand in."""
    document = leg(talk_us=24_000_000)
    variables = document["variables"]
    assert isinstance(variables, dict)
    for name in ("answer", "end", "start"):
        variables[f"{name}_epoch"] = str(int(variables.pop(f"{name}_uepoch")) // 1_000_000)
    assert billed(document) == 24
    for name in ("answer", "end", "start"):
        del variables[f"{name}_epoch"]
    assert billed(document) == 24


def test_an_a_leg_gets_its_uuid_from_the_address_when_it_has_none() -> None:
    """``?uuid=a_<uuid>`` marks A legs."""
    document = leg(uuid="5b1e")
    variables, flow = document["variables"], document["callflow"]
    assert isinstance(variables, dict)
    assert isinstance(flow, list)
    del variables["uuid"], flow[0]["caller_profile"]["uuid"]
    record = read_freeswitch(posted(document), query_uuid="a_5b1e")
    assert isinstance(record, CallRecord)
    assert record.key == read(leg(uuid="5b1e")).key


def test_names_that_are_not_utf_8_do_not_matter() -> None:
    """Caller names come as the far end sent them."""
    body = posted(leg(uuid="5b1e")).replace(b"Ann%20", b"J\xf6rg ")
    assert read_freeswitch(body) == read(leg(uuid="5b1e"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"cdr=", "body"),
        (b"\x00\xff", "body"),
        (b"cdr=@@@@", "cdr"),
        (b"[1,2]", "variables"),
        (b"{}", "variables"),
        (b'{"variables": []}', "variables"),
        (b'{"variables": {}}', "variables.uuid"),
        (posted(leg(variables={"end_uepoch": "0"})).replace(b"hangup_time", b"x"), "end_uepoch"),
        (posted(leg(variables={"answer_uepoch": "soon"})), "answer_uepoch"),
        (posted(leg(variables={"end_uepoch": "1773154800"})), "end_uepoch"),
        (b"<cdr><variables/></cdr>", "variables.uuid"),
        (b"<cdr></cdr>", "variables"),
        (b"<cdr><variables>", "body"),
        (b"<html><variables/></html>", "cdr"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><cdr><variables><uuid>&b;</uuid></variables></cdr>', "body"),
    ],
)
def test_a_body_that_is_no_leg_names_its_field(body: bytes, field: str) -> None:
    """Whatever comes, there is an answer that says where to look, never a crash."""
    found = read_freeswitch(body)
    assert isinstance(found, Unreadable)
    assert found.field == field


@pytest.mark.parametrize("name", ["hold_accum_usec", "hold_accum_useconds"])
def test_hold_of_any_version_is_taken_off(name: str) -> None:
    """The accumulator in microseconds has two names."""
    assert billed(leg(talk_us=61_000_000, variables={name: "5000000"})) == 60


@pytest.mark.parametrize("name", ["hold_accum_usec", "hold_accum_ms", "start_uepoch"])
def test_a_figure_below_zero_is_none_and_is_flagged(name: str) -> None:
    """A clock that was set costs nobody the call: talk is that of the other stamps, and an operator sees it."""
    record = read(leg(variables={name: "-62135596800000000"}))
    assert talk_of(record) == (24_240, 0)
    assert record.flags == ("negative_figure",)


def test_an_answer_below_zero_is_worked_out_from_the_talk() -> None:
    """Neither free nor lost: the switch's own figure of the talk says when it began."""
    document = leg(variables={"answer_uepoch": "-1", "answer_epoch": "-1", "billusec": "10000000"})
    document["callflow"] = []
    assert talk_of(read(document)) == (10_000, 0)


def test_callflow_in_an_array_of_arrays_and_a_document_under_its_field() -> None:
    """Both tell the numbers as the plain forms do."""
    document = leg()
    plain = read(document)
    assert read({**document, "callflow": [document["callflow"]]}) == plain
    assert read({"cdr": document}) == plain


def test_names_in_other_case_are_found_whatever_was_read_before() -> None:
    """Which names nobody asks for is learnt, and never hides one that is asked for."""
    for strange in ("X-Nobody", "Sip_H_X-ACCOUNTCODE", "X-Other"):
        document = leg(variables={strange: "acct-9"})
        expected = ("acct-9",) if "ACCOUNT" in strange else ()
        assert read(document).account_codes == expected
        assert read(document).account_codes == expected
