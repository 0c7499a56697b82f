"""cdr_csv of Asterisk."""

from zoneinfo import ZoneInfo

import pytest

from services.usage.domain.calls import talk_of
from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.asterisk import read_asterisk, split_rows, whole_rows

UTC_ZONE = ZoneInfo("UTC")


def row(
    *,
    columns: int = 18,
    billsec: int = 55,
    disposition: str = "ANSWERED",
    answer: str = "2026-03-05 10:00:05",
    name: bytes = b"Ann",
    unique: str = "1772704800.17",
    branch: str = "1",
    sequence: str = "41",
) -> bytes:
    fields = [
        *(
            "acct-alder",
            "1001",
            "12125550147",
            "internal",
            "CLID",
            "PJSIP/1001-0000002a",
            f"PJSIP/trunk-{branch}",
        ),
        *("Dial", "PJSIP/trunk/12125550147,30", "2026-03-05 10:00:00", answer, "2026-03-05 10:01:00"),
        *(
            "60",
            str(billsec),
            disposition,
            "DOCUMENTATION",
            unique,
            "",
            "acct-peer",
            "1772704800.16",
            sequence,
        ),
    ]
    text = ",".join(f'"{field}"' for field in fields[:columns]).encode()
    return text.replace(b"CLID", b'""' + name + b'"" <1001>')


def read(content: bytes, *, switch: str = "pbx1", zone: ZoneInfo = UTC_ZONE) -> CallRecord:
    record = read_asterisk(content, switch=switch, zone=zone)
    assert isinstance(record, CallRecord), record
    return record


@pytest.mark.parametrize("columns", [16, 17, 18, 21])
def test_rows_of_every_width_are_read(columns: int) -> None:
    """Talk is ``billsec``, in seconds: Asterisk's CSV gives no finer figure (R1)."""
    record = read(row(columns=columns))
    assert talk_of(record) == (55_000, 0)
    assert (record.from_number, record.to_number) == ("1001", "12125550147")
    assert record.account_codes[0] == "acct-alder"


def test_a_row_of_another_width_is_refused() -> None:
    """A custom file with other columns must not be misread."""
    found = read_asterisk(row(columns=15), switch="pbx1", zone=UTC_ZONE)
    assert isinstance(found, Unreadable)
    assert found.detail == "The row has 15 columns; cdr_csv writes 16 to 21."


def test_branches_of_a_forked_dial_are_told_apart() -> None:
    """One uniqueid, several rows: by channel, and by sequence where there is one."""
    assert read(row(branch="1")).key != read(row(branch="2")).key
    assert read(row(columns=21, sequence="41")).key != read(row(columns=21, sequence="42")).key
    assert read(row(branch="1")).key == read(row(branch="1")).key


def test_two_machines_may_use_one_uniqueid() -> None:
    """uniqueid is unique on one Asterisk only."""
    assert read(row(), switch="pbx1").key != read(row(), switch="pbx2").key


def test_an_unanswered_row_is_not_billed_whatever_billsec_says() -> None:
    """NO ANSWER with billsec 60 exists; it is flagged."""
    record = read(row(disposition="NO ANSWER", billsec=60))
    assert talk_of(record) == (0, 0)
    assert record.flags == ("unanswered_with_talk",)


def test_names_need_not_be_utf_8() -> None:
    """Nor free of line breaks and quotes."""
    assert read(row(name=b"J\xf6rg")).key == read(row(name="Jörg".encode())).key


def test_times_are_in_the_zone_that_is_said() -> None:
    """10:00:05 in Berlin in March is 09:00:05 UTC."""
    hour = 3_600_000_000
    berlin = read(row(), zone=ZoneInfo("Europe/Berlin"))
    utc = read(row())
    assert utc.answered_us is not None
    assert berlin.answered_us == utc.answered_us - hour


def test_a_quoted_field_may_hold_a_line_break() -> None:
    """A row ends where its quotes are even."""
    broken = row(name=b"Ann\nMary")
    assert list(split_rows(broken + b"\r\n" + row() + b"\n\n")) == [broken, row()]


STRAY = row(unique="1.2").replace(b"Dial", b'Di"al')


@pytest.mark.parametrize(
    "after",
    [
        [row(unique="1.3"), row(unique="1.4")],
        [row(unique="1.3"), STRAY, row(unique="1.4")],
        [STRAY, STRAY],
        [row(unique="1.3", name=b"Ann\nMary"), row(unique="1.4")],
        # Rows without quotes look like the inside of a quoted field, until the quotes turn out never to close.
        [row(unique="1.3").replace(b'"', b"")] * 3,
        [row(unique="1.3").replace(b'"', b"")] * 1000,
        [],
    ],
    ids=[
        "good rows",
        "another",
        "bad rows only",
        "a line break",
        "no quotes",
        "beyond the longest row",
        "last",
    ],
)
def test_a_stray_quote_spoils_its_own_row_only(after: list[bytes]) -> None:
    """The rows behind it are whole, whatever they hold; nothing is lost or doubled."""
    rows = [row(unique="1.1"), STRAY, *after]
    assert list(split_rows(b"\r\n".join(rows) + b"\r\n")) == rows
    assert list(split_rows(b"\n".join(rows))) == rows


def test_rows_never_lose_a_byte() -> None:
    """An import resumes at the sum of the lengths of the rows: they must be the file, also where quotes are odd."""
    lines = [b'"a\n', b"\n", STRAY + b"\n", row(name=b"Ann\n\nMary") + b"\r\n", b'b","c\n', b'"']
    assert b"".join(whole_rows(iter(lines))) == b"".join(lines)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (row().replace(b'"55"', b'"5x"'), "billsec"),
        # More than a duration can hold: it would stop the whole batch.
        (row(billsec=9_999_999_999_999_999_999), "billsec"),
        (row().replace(b"2026-03-05 10:01:00", b"0001-01-01T00:00:00+14:00"), "end"),
        (row().replace(b"2026-03-05 10:01:00", b"yesterday"), "end"),
        (row(answer="soon"), "answer"),
        (b'"a","b', "row"),
    ],
)
def test_a_broken_row_names_its_field(content: bytes, field: str) -> None:
    """The operator is told where to look."""
    found = read_asterisk(content, switch="pbx1", zone=UTC_ZONE)
    assert isinstance(found, Unreadable)
    assert found.field == field
