"""Asterisk ``cdr_csv``: 16 columns, one more with uniqueid and userfield each, three with peeraccount, linkedid, sequence.

Also columns in any order under a head line that names them, the order of the sample cdr_custom.conf (18 or 19 columns, clid first), and rows as JSON. Source: cdr_csv.c and the
sample configurations of asterisk/asterisk. The times carry no zone: set ``usegmtime=yes`` in cdr.conf, or say the zone.
Talk is ``billsec`` of an ANSWERED row, to the microsecond where ``CDR(billsec,f)`` or the stamps have a fraction; there
is no hold. A forked dial writes a row per branch with one uniqueid; rows are told apart by ``sequence``, else by what
is in them.
"""

import csv
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.fields import (
    WrongField,
    clean,
    in_range,
    seconds_to_microseconds,
    stamp_to_microseconds,
)

_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
    *("uniqueid", "userfield", "peeraccount", "linkedid", "sequence"),
)
COLUMN_COUNTS = (16, 17, 18, 19, 20, 21)
# 1772704800.17, or pbx1-1772704800.17 with a systemname.
_UNIQUE_ID = re.compile(r"(?:.*-)?\d+\.\d+")
_CUSTOM_COLUMNS = (
    *("clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "accountcode"),
    *("uniqueid", "userfield", "sequence"),
)
_CUSTOM_COUNTS = (18, 19)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:")
# Names of the manager's Cdr event and of database drivers.
_ALIASES = {
    "calldate": "start",
    "starttime": "start",
    "answertime": "answer",
    "endtime": "end",
    "hangup": "end",
    "source": "src",
    "destination": "dst",
    "destinationcontext": "dcontext",
    "context": "dcontext",
    "callerid": "clid",
    "destinationchannel": "dstchannel",
    "lastapplication": "lastapp",
    "billableseconds": "billsec",
}
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
    """Rows of a CSV body, without their line ends; of JSON the object, the elements of an array, or the lines."""
    content = body.strip()
    if content[:1] in (b"{", b"["):
        yield from _json_rows(content)
        return
    names: tuple[str, ...] | None = None
    for row in whole_rows(body.splitlines(keepends=True)):
        if not row.strip():
            continue
        if names is None:
            names = head_line(row)
            if names:
                continue
        yield under_head(names, row.rstrip(b"\r\n"))


def head_line(row: bytes) -> tuple[str, ...]:
    """The columns' names, where the first row of a file or body holds names; else nothing."""
    try:
        found = next(csv.reader([_decoded(row.strip())], strict=True), [])
    except csv.Error:
        return ()
    names = tuple(_plain(name.strip()) for name in found)
    return names if {"start", "billsec"} <= set(names) or {"start", "end"} <= set(names) else ()


def under_head(names: Sequence[str] | None, row: bytes) -> bytes:
    """The row as JSON under its names, so that it can be read by itself; as it is without names or of other length."""
    if not names:
        return row
    try:
        values = next(csv.reader([_decoded(row)], strict=True), [])
    except csv.Error:
        return row
    return json.dumps(dict(zip(names, values, strict=True))).encode() if len(values) == len(names) else row


def _plain(name: str) -> str:
    """A field's name without its spelling; ``CDR(billsec,f)`` and the like keep their option in it."""
    plain = name.lower().replace("_", "").replace(" ", "")
    plain = plain.removeprefix("${").removesuffix("}").removeprefix("cdr(")
    plain = _ALIASES.get(plain, plain).partition("(")[0].partition(",")[0].rstrip(")")
    return _ALIASES.get(plain, plain)


def _json_rows(content: bytes) -> Iterator[bytes]:
    try:
        parsed = json.loads(_decoded(content), strict=False)
    except (ValueError, RecursionError):
        yield from (line for line in content.splitlines() if line.strip())
        return
    if isinstance(parsed, list):
        yield from (json.dumps(one).encode() for one in parsed)
    else:
        yield content


def read_asterisk(row: bytes, *, switch: str, zone: ZoneInfo) -> CallRecord | Unreadable:
    """One row. ``switch`` names the machine: uniqueid alone is unique on one Asterisk only."""
    try:
        fields = _named_fields(row) if row.lstrip()[:1] == b"{" else _fields(row)
        return _record(fields, switch, zone)
    except WrongField as wrong:
        return wrong.unreadable


def _decoded(row: bytes) -> str:
    try:
        return row.decode("utf-8")
    except UnicodeDecodeError:
        # Caller names come as the far end sent them.
        return row.decode("latin-1")


def _fields(row: bytes) -> dict[str, str]:
    try:
        rows = list(csv.reader([_decoded(row).replace("\x00", "")], strict=True))
    except csv.Error as error:
        raise WrongField("row", f"The row is no CSV ({error}); check its quotes.") from None
    values = rows[0] if rows else []
    columns: tuple[str, ...] = _COLUMNS
    if len(values) in _CUSTOM_COUNTS and _DATE.match(values[8].strip()):
        columns = _CUSTOM_COLUMNS
    elif len(values) not in COLUMN_COUNTS:
        raise WrongField("row", f"The row has {len(values)} columns; cdr_csv writes 16 to 21.")
    else:
        columns = _columns_of(values)
    return dict(zip(columns, (clean(value) for value in values), strict=False))


def _columns_of(values: Sequence[str]) -> tuple[str, ...]:
    """``loguniqueid``, ``loguserfield`` and ``newcdrcolumns`` add one, one and three columns, each by itself."""
    fixed, newer = _COLUMNS[:16], _COLUMNS[18:]
    match len(values):
        case 16 | 18 | 21:
            return _COLUMNS
        case 19:
            return (*fixed, *newer)
        case count:
            one = "uniqueid" if _UNIQUE_ID.fullmatch(values[16].strip()) else "userfield"
            return (*fixed, one) if count == 17 else (*fixed, one, *newer)


def _named_fields(row: bytes) -> dict[str, str]:
    """A row as JSON: cdr_custom, the manager's Cdr event, or a database's columns; names in any case."""
    try:
        document = json.loads(_decoded(row), strict=False)
    except (ValueError, RecursionError) as error:
        raise WrongField("row", f"The row is no JSON: {error}.") from None
    if isinstance(document, dict) and isinstance(document.get("cdr"), dict):
        document = document["cdr"]
    fields = dict.fromkeys(_COLUMNS[:16], "")
    for name, value in document.items():
        plain = _plain(name)
        if plain in _COLUMNS and isinstance(value, str | int | float) and not isinstance(value, bool):
            fields[plain] = clean(str(value))
    if not fields["start"] and not fields["end"]:
        raise WrongField(
            "start", "The row names neither `start` nor `end`; see docs/integrations/asterisk.md."
        )
    return fields


def _leg_id(fields: dict[str, str]) -> str:
    """Rows of a fork share all but their outcome; the same row written three times is one row."""
    unique = fields.get("uniqueid", "")
    if unique and fields.get("sequence"):
        return f"{unique}/{fields['sequence']}"
    names = ("channel", "dstchannel", "dst", "start", "answer", "end", "billsec", "disposition")
    return "/".join((unique, *(fields[name] for name in names)))


def _instant(name: str, fields: dict[str, str], zone: ZoneInfo) -> tuple[int | None, bool]:
    """(Microseconds or None, whether finer than seconds); a date and time, or epoch seconds of ``CDR(…,u)``."""
    text = fields[name]
    if not text or not text.strip("0.:- "):
        return None, False
    finer = "." in text and bool(text.rpartition(".")[2].strip("0"))
    if text.replace(".", "", 1).isdigit():
        return in_range(name, seconds_to_microseconds(name, text)), finer
    return stamp_to_microseconds(name, text, zone), finer


def _seconds(name: str, fields: dict[str, str]) -> int:
    text = fields[name] or "0"
    if not text.replace(".", "", 1).isdigit() or len(text.partition(".")[0]) > 10:
        raise WrongField(name, f"`{name}` must be a number of seconds, not {text[:40]!r}.")
    return seconds_to_microseconds(name, text)


def _peers(fields: dict[str, str]) -> tuple[str, ...]:
    """Names of the ends: ``voipms`` of ``PJSIP/voipms-0000002a``; the far one first, since it may be the trunk."""
    names = []
    for name in ("dstchannel", "channel"):
        technology, slash, rest = fields[name].partition("/")
        if slash and technology.lower() != "local":
            names.append(rest.rpartition("-")[0] or rest)
    return tuple(dict.fromkeys(one for one in names if one))


def _record(fields: dict[str, str], switch: str, zone: ZoneInfo) -> CallRecord:
    started, _ = _instant("start", fields, zone)
    ended, end_is_fine = _instant("end", fields, zone)
    answered, answer_is_fine = _instant("answer", fields, zone)
    billsec = _seconds("billsec", fields)
    if ended is None:
        duration = _seconds("duration", fields)
        if started is None or not fields["duration"]:
            raise WrongField("end", "`end` is missing; write the row after the hang-up.")
        ended = started + duration
    is_answered = fields["disposition"].upper() == "ANSWERED"
    if is_answered and answered is None:
        answered = ended - billsec
    talk: int | None = billsec
    if end_is_fine and answer_is_fine and billsec % 1_000_000 == 0:
        # Stamps finer than the figure: the stamps count.
        talk = None
    flags = ("unanswered_with_talk",) if not is_answered and billsec > 0 else ()
    codes = (fields["accountcode"], fields.get("peeraccount", ""))
    names = (fields.get("linkedid", ""), fields.get("uniqueid", ""))
    from_trunk = fields["dcontext"].lower().startswith(_TRUNK_CONTEXTS)
    return CallRecord(
        switch=switch,
        leg_id=_leg_id(fields),
        from_number=fields["src"],
        to_number=fields["dst"],
        started_us=started if started is not None else (answered if answered is not None else ended),
        ended_us=ended,
        answered_us=answered if is_answered else None,
        talk_us=talk if is_answered else None,
        account_codes=tuple(dict.fromkeys(code for code in codes if code)),
        domains=tuple(code.lower() for code in dict.fromkeys(codes) if "." in code),
        from_trunk=from_trunk,
        flags=flags,
        trunks=_peers(fields),
        joins="rows",
        ties=tuple(sorted({f"call {name}" for name in names if name})),
        side="trunk" if from_trunk else None,
    )
