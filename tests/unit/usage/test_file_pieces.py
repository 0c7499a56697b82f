"""What a file of call records is, and where each record in it ends."""

import gzip
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.usage.entrypoints import file_pieces
from services.usage.entrypoints.file_pieces import detect_format, pieces, plain_file
from shared.errors import Invalid
from tests.unit.usage.records import leg, posted

XML = b'<?xml version="1.0"?>\n<cdr switchname="fs1"><variables><uuid>%d</uuid></variables></cdr>\n'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
RECORDS = st.lists(
    st.dictionaries(TEXTS, TEXTS | st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=3), max_size=8
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (posted(leg()), "freeswitch"),
        (b"cdr=%7B%22variables%22", "freeswitch"),
        (XML % 1, "freeswitch"),
        (b'[{"call_id": "a", "billing_seconds": 6}]', "kazoo"),
        (b'{"Call-ID": "a", "Custom-Channel-Vars": {}}', "kazoo"),
        (b'{"src": "1", "Disposition": "ANSWERED"}', "asterisk"),
        (b'{"id": "a", "tenant": "x.example"}', "own"),
        (b'"acct","1001","1002"', "asterisk"),
    ],
)
def test_the_beginning_tells_the_format(tmp_path: Path, content: bytes, expected: str) -> None:
    """Every format, also packed."""
    plain, packed = tmp_path / "a", tmp_path / "a.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    assert detect_format(plain) == expected
    with plain_file(packed) as unpacked:
        assert (detect_format(unpacked), unpacked.read_bytes()) == (expected, content)


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    """Half of a file would otherwise look like all of it."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000)[:-20])
    with pytest.raises(Invalid), plain_file(path):
        pass


@given(RECORDS, st.sampled_from([None, 2]), st.integers(1, 64))
def test_arrays_and_documents_come_out_whole_and_can_be_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]], indent: int | None, chunk: int
) -> None:
    """Braces and quotes inside strings, any chunk size: every record once, from the beginning or from any record's end."""
    path = tmp_path_factory.mktemp("pieces") / "a.json"
    path.write_text(json.dumps(records, indent=indent))
    before = file_pieces._CHUNK_BYTES
    file_pieces._CHUNK_BYTES = chunk
    try:
        found = list(pieces(path, "own", 0))
        read = [json.loads(one.raw) for one in found] if records else []
        assert read == records
        for at, one in enumerate(found if records else ()):
            rest = [json.loads(other.raw) for other in pieces(path, "own", one.ends_at)]
            assert rest == records[at + 1 :]
    finally:
        file_pieces._CHUNK_BYTES = before


def test_xml_documents_in_one_file_are_told_apart(tmp_path: Path) -> None:
    """Three of them, one without an end: that is a piece too, so that it is kept and not lost."""
    path = tmp_path / "a.xml"
    path.write_bytes(XML % 1 + XML % 2 + b"<cdr><variables><uuid>3</uuid>")
    found = [one.raw for one in pieces(path, "freeswitch", 0)]
    assert [one.startswith(b"<cdr") for one in found] == [True] * 3
    assert [one.endswith(b"</cdr>") for one in found] == [True, True, False]


def test_a_broken_line_spoils_its_own_line_only(tmp_path: Path) -> None:
    """Lines of JSON, the second cut off."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"id": "1"}\n{"id": "2\n{"id": "3"}\n')
    assert [one.raw for one in pieces(path, "own", 0)] == [b'{"id": "1"}', b'{"id": "2', b'{"id": "3"}']


def test_an_archive_is_refused_and_a_stray_nul_is_not(tmp_path: Path) -> None:
    """An archive among the files would come out as thousands of unreadable rows."""
    archive, rows = tmp_path / "all.tar", tmp_path / "Master.csv"
    with tarfile.open(archive, "w") as made:
        rows.write_bytes(b'"acct","A\x00nn","+12125550147"' + b',"ANSWERED"' * 9 + b"\r\n" * 100)
        made.add(rows)
    with pytest.raises(Invalid, match="no text"):
        detect_format(archive)
    assert detect_format(rows) == "asterisk"
