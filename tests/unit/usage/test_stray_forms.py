"""Forms in which records come after other tools had them: byte order marks, forms of several fields, head lines, batches."""

import base64
import codecs
import json
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest

from services.usage.domain.calls import talk_of
from services.usage.domain.records import CallRecord, Received
from services.usage.entrypoints.file_pieces import pieces, plain_file
from services.usage.entrypoints.formats.asterisk import read_asterisk, split_rows
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from services.usage.entrypoints.formats.freeswitch_body import document_of
from services.usage.entrypoints.formats.kazoo import read_kazoo, split_kazoo
from services.usage.entrypoints.formats.reading import (
    received_asterisk,
    received_freeswitch,
    received_kazoo,
    received_own,
)
from tests.unit.usage.records import leg, posted
from tests.unit.usage.test_asterisk_reader import row
from tests.unit.usage.test_own_reader import RECORD

LEG = posted(leg(uuid="one"))
NAMES = (
    "accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,"
    "disposition,amaflags,uniqueid,userfield,peeraccount,linkedid,sequence"
)
KAZOO = {
    "call_id": "k-1",
    "account_id": "acct-alder",
    "billing_seconds": 24,
    "duration_seconds": 30,
    "ringing_seconds": 6,
    "call_direction": "inbound",
    "timestamp": "63962674320",
}


def only(received: list[Received]) -> CallRecord:
    assert len(received) == 1
    assert isinstance(received[0].record, CallRecord), received[0].record
    return received[0].record


@pytest.mark.parametrize(
    "body",
    [
        b"uuid=a_one&cdr=" + quote(LEG).encode(),
        urlencode({"host": "fs1", "cdr": LEG, "core": "x"}).encode(),
        b"host=fs1&cdr=" + base64.b64encode(LEG) + b"&core=x",
        b"cdr=" + LEG + b"&uuid=one",
        b"cdr=<cdr switchname='fs1'>",
        LEG + b"\x00",
        LEG.decode().encode("utf-16"),
        codecs.BOM_UTF8 + b"cdr=" + quote(LEG).encode(),
        b"[" + LEG + b"]",
    ],
)
def test_a_leg_is_found_in_whatever_is_around_it(body: bytes) -> None:
    """The same leg, except for one body that is cut off and stays unreadable."""
    if b"<cdr" in body:
        assert not isinstance(received_freeswitch(body, None)[0].record, CallRecord)
    else:
        assert only(received_freeswitch(body, None)) == only(received_freeswitch(LEG, None))


@pytest.mark.parametrize("join", [b"[%s,%s]", b"%s\n%s\n", b"cdr=%s\ncdr=%s"])
def test_several_legs_in_one_body_are_several(join: bytes) -> None:
    """An array, or a line each."""
    other = posted(leg(uuid="two"))
    found = received_freeswitch(join % (LEG, other), None)
    assert [one.record.leg_id for one in found if isinstance(one.record, CallRecord)] == ["one", "two"]


def test_a_document_over_many_lines_is_one() -> None:
    """As it lies in err-log-dir after somebody has looked at it."""
    only(received_freeswitch(json.dumps(json.loads(LEG), indent=1).encode(), None))


@pytest.mark.parametrize("depth", [1000, 100_000])
@pytest.mark.parametrize("begin", [b"[", b'[{"a":', b'{"variables":'])
def test_what_is_nested_too_deep_is_unreadable_and_no_failure(begin: bytes, depth: int) -> None:
    """Kept as unreadable: an answer of 500 would be sent again for ever."""
    body = begin * depth
    for received in (
        received_freeswitch(body, None),
        received_own(body),
        received_kazoo(body),
        received_asterisk(body, switch="a", time_zone="UTC"),
    ):
        assert [isinstance(one.record, CallRecord) for one in received] == [False]


@pytest.mark.parametrize("mark", ["utf-16", "utf-8-sig"])
def test_byte_order_marks_of_windows_tools_do_not_matter(mark: str) -> None:
    """Over HTTP, each format."""
    line = row(columns=21).decode() + "\r\n"
    assert only(received_asterisk(line.encode(mark), switch="pbx1", time_zone="UTC"))
    assert only(received_kazoo(json.dumps(KAZOO).encode(mark)))
    assert only(received_own(json.dumps(RECORD).encode(mark)))


@pytest.mark.parametrize(
    ("columns", "kept"),
    [(19, (*range(16), 18, 19, 20)), (20, (*range(17), 18, 19, 20)), (17, (*range(16), 17))],
)
def test_columns_of_asterisk_are_added_each_by_itself(columns: int, kept: tuple[int, ...]) -> None:
    """19: without uniqueid and userfield; 20: without userfield; 17: with userfield alone, which is no uniqueid."""
    fields = row(columns=21).split(b",")
    line = b",".join(fields[at] for at in kept if at < len(fields))
    found = only(received_asterisk(line, switch="pbx1", time_zone="UTC"))
    assert talk_of(found) == (55_000, 0)
    assert (len(found.ties) > 0) is (columns != 17)


def test_a_head_line_names_the_columns_in_any_order(tmp_path: Path) -> None:
    """Exports of a database have one; also in a file, from any row on."""
    values = {
        "calldate": "2026-03-05 10:00:00",
        "billsec": "55",
        "src": "1001",
        "dst": "12125550147",
        "disposition": "ANSWERED",
        "duration": "60",
        "uniqueid": "1.1",
    }
    text = ",".join(values) + "\r\n" + ",".join(values.values()) + "\r\n"
    text += ",".join({**values, "uniqueid": "1.2"}.values()) + "\r\n"
    found = received_asterisk(text.encode("utf-8-sig"), switch="pbx1", time_zone="UTC")
    assert [talk_of(one.record) for one in found if isinstance(one.record, CallRecord)] == [(55_000, 0)] * 2
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-16")
    with plain_file(path) as plain:
        rows = list(pieces(plain, "asterisk", 0))
        assert [one.raw for one in rows] == [one.raw for one in found]
        assert list(pieces(plain, "asterisk", rows[0].ends_at)) == rows[1:]


def test_the_columns_of_cdr_csv_under_their_own_names_read_the_same() -> None:
    """A head line over a plain Master.csv."""
    line = row(columns=21)
    zone = ZoneInfo("UTC")
    under = list(split_rows(NAMES.encode() + b"\n" + line + b"\n"))
    assert [read_asterisk(one, switch="p", zone=zone) for one in under] == [
        read_asterisk(line, switch="p", zone=zone)
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"billing_seconds": None},
        {"timestamp": 63_962_674_320_000_000},
        {"timestamp": 1_795_455_120_000_000},
        {"timestamp": 1_795_455_120},
    ],
)
def test_kazoo_of_other_versions_says_the_same(changed: dict[str, object]) -> None:
    """Talk is what did not ring where it is not said; stamps in microseconds or of Unix."""
    plain = only(received_kazoo(json.dumps(KAZOO).encode()))
    assert only(received_kazoo(json.dumps({**KAZOO, **changed}).encode())) == plain
    assert talk_of(plain) == (24_000, 0)


def test_kazoo_with_a_name_that_is_not_utf8_and_in_an_envelope() -> None:
    """Caller names come as the far end sent them; a single record of the cdrs API stands in ``data``."""
    raw = json.dumps({**KAZOO, "caller_id_name": "ZoX"}).encode().replace(b"ZoX", b"Zo\xeb")
    assert [isinstance(read_kazoo(one), CallRecord) for one in split_kazoo(raw)] == [True]
    assert only(received_kazoo(json.dumps({"data": KAZOO, "status": "success"}).encode())).leg_id == "k-1"


def test_figures_of_a_call_without_media_are_no_json_and_do_not_matter() -> None:
    """printf writes ``-nan`` for a share of nothing; the same letters inside a text are left as they are."""
    plain = json.dumps(leg(uuid="n-1", variables={"caller_id_name": 'nan "nan" [nan]'})).encode()
    broken = plain[:-1] + b', "callStats": {"audio": {"mos": -nan, "quality": [nan, inf]}}}'
    assert read_freeswitch(broken) == read_freeswitch(plain)
    assert document_of(broken)["variables"]["caller_id_name"] == 'nan "nan" [nan]'
    assert document_of(broken)["callStats"] == {"audio": {"mos": None, "quality": [None, None]}}
