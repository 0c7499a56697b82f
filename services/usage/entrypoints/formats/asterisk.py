"""Asterisk ``cdr_csv``: 16 columns, 17 with uniqueid, 18 with userfield, 21 with peeraccount, linkedid, sequence.

Source: cdr_csv.c and the sample configurations of asterisk/asterisk. The times carry no zone: set ``usegmtime=yes`` in
cdr.conf, or say the zone. Talk is ``billsec`` of an ANSWERED row; there is no hold. A forked dial writes a row per
branch with one uniqueid; rows are told apart by ``sequence``, else by channels and called number.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.fields import WrongField, clean, stamp_to_microseconds, whole_number

_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
    *("uniqueid", "userfield", "peeraccount", "linkedid", "sequence"),
)
COLUMN_COUNTS = (16, 17, 18, 21)
LONGEST_ROW_BYTES = 64 * 1024
# Contexts in which calls from trunks arrive, by convention of Asterisk's samples and of FreePBX.
_TRUNK_CONTEXTS = (
    "from-trunk",
    "from-pstn",
    "from-did",
    "from-external",
    "from-outside",
    "public",
    "incoming",
)


def whole_rows(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Rows with their line ends, from lines with theirs: a quoted field may hold line breaks.

    Lines are joined only where that gives a row of cdr_csv; a stray quote thus spoils its own line and no other.
    The rows are the lines again, byte for byte, and between two rows nothing is carried: reading may begin there.
    """
    unread = iter(lines)
    ahead: deque[bytes] = deque()
    while ahead or (line := next(unread, b"")):
        first = ahead.popleft() if ahead else line
        more = _lines_to_join(first, ahead, unread) if _is_open(first) else 0
        yield first + b"".join(ahead.popleft() for _ in range(more))


def _is_open(content: bytes | bytearray) -> bool:
    return content.count(b'"') % 2 == 1


def _lines_to_join(first: bytes, ahead: deque[bytes], unread: Iterator[bytes]) -> int:
    """How many lines close the quote that ``first`` leaves open; 0 when none do. What was read is in ``ahead``."""
    joined = bytearray(first)
    for count, line in enumerate(_look_ahead(ahead, unread), start=1):
        # A whole row of quoted fields is no end of another row: the quote before it was a stray one.
        if len(joined) + len(line) > LONGEST_ROW_BYTES or (line[:1] == b'"' and _is_row(line)):
            return 0
        joined += line
        if _is_open(line):
            return count if _is_row(bytes(joined)) else 0
    return 0


def _look_ahead(ahead: deque[bytes], unread: Iterator[bytes]) -> Iterator[bytes]:
    yield from tuple(ahead)
    for line in unread:
        ahead.append(line)
        yield line


def _is_row(content: bytes) -> bool:
    try:
        _fields(content.rstrip(b"\r\n"))
    except WrongField:
        return False
    return True


def split_rows(body: bytes) -> Iterator[bytes]:
    """Rows of a CSV body, without their line ends."""
    for row in whole_rows(body.splitlines(keepends=True)):
        if row.strip():
            yield row.rstrip(b"\r\n")


def read_asterisk(row: bytes, *, switch: str, zone: ZoneInfo) -> CallRecord | Unreadable:
    """One row. ``switch`` names the machine: uniqueid alone is unique on one Asterisk only."""
    try:
        return _record(_fields(row), switch, zone)
    except WrongField as wrong:
        return wrong.unreadable


def _fields(row: bytes) -> dict[str, str]:
    try:
        text = row.decode("utf-8")
    except UnicodeDecodeError:
        # Caller names come as the far end sent them.
        text = row.decode("latin-1")
    try:
        rows = list(csv.reader([text.replace("\x00", "")], strict=True))
    except csv.Error as error:
        raise WrongField("row", f"The row is no CSV ({error}); check its quotes.") from None
    values = rows[0] if rows else []
    if len(values) not in COLUMN_COUNTS:
        raise WrongField("row", f"The row has {len(values)} columns; cdr_csv writes 16, 17, 18 or 21.")
    return dict(zip(_COLUMNS, (clean(value) for value in values), strict=False))


def _leg_id(fields: dict[str, str]) -> str:
    unique = fields.get("uniqueid", "")
    if unique and fields.get("sequence"):
        return f"{unique}/{fields['sequence']}"
    names = ("channel", "dstchannel", "dst", "start")
    return "/".join((unique, *(fields[name] for name in names)))


def _record(fields: dict[str, str], switch: str, zone: ZoneInfo) -> CallRecord:
    started = stamp_to_microseconds("start", fields["start"], zone)
    ended = stamp_to_microseconds("end", fields["end"], zone)
    # Three centuries in seconds; more than that is no duration in any library.
    billsec = whole_number("billsec", fields["billsec"], most_digits=10)
    answered = stamp_to_microseconds("answer", fields["answer"], zone) if fields["answer"] else None
    is_answered = fields["disposition"].upper() == "ANSWERED"
    if is_answered and answered is None:
        raise WrongField("answer", "An ANSWERED row needs the time of its answer.")
    flags = ("unanswered_with_talk",) if not is_answered and billsec > 0 else ()
    codes = (fields["accountcode"], fields.get("peeraccount", ""))
    return CallRecord(
        switch=switch,
        leg_id=_leg_id(fields),
        from_number=fields["src"],
        to_number=fields["dst"],
        started_us=started,
        ended_us=ended,
        answered_us=answered if is_answered else None,
        talk_seconds=billsec if is_answered else None,
        account_codes=tuple(dict.fromkeys(code for code in codes if code)),
        domains=tuple(code.lower() for code in dict.fromkeys(codes) if "." in code),
        from_trunk=fields["dcontext"].lower().startswith(_TRUNK_CONTEXTS),
        flags=flags,
    )
