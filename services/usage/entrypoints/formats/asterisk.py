"""Asterisk ``cdr_csv``: 16 columns, 17 with uniqueid, 18 with userfield, 21 with peeraccount, linkedid, sequence.

Source: cdr_csv.c and the sample configurations of asterisk/asterisk. The times carry no zone: set ``usegmtime=yes`` in
cdr.conf, or say the zone. Talk is ``billsec`` of an ANSWERED row; there is no hold. A forked dial writes a row per
branch with one uniqueid; rows are told apart by ``sequence``, else by channels and called number.
"""

import csv
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
    """Rows with their line ends, from lines with theirs: a quoted field may hold line breaks."""
    held = b""
    for line in lines:
        held += line
        # A row is whole when its quotes are even; a lone quote must not swallow the rest of the file.
        if held.count(b'"') % 2 == 0 or len(held) > LONGEST_ROW_BYTES:
            yield held
            held = b""
    if held:
        yield held


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
    billsec = whole_number("billsec", fields["billsec"])
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
