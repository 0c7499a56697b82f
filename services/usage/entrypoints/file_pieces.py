"""Records of a file, in pieces: what the file is from its beginning, and where each record ends, so that a stop loses nothing.

Files are read as streams whatever their size: arrays and documents over many lines by their braces, XML by its end
tags, the rest by lines. A gzip is unpacked to a temporary file first, and known by what is in it.
"""

import codecs
import gzip
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from services.usage.domain.records import Source
from services.usage.entrypoints.formats.asterisk import head_line, under_head, whole_rows
from services.usage.entrypoints.formats.kazoo import split_kazoo
from shared.errors import Invalid

_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024
# Larger than any leg (design of the intake: 1 MiB); what is not closed by then is no document.
LONGEST_RECORD_BYTES = 8 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_KAZOO = re.compile(rb'"(?:billing_seconds|Billing-Seconds|custom_channel_vars|Custom-Channel-Vars)"')
_ASTERISK = re.compile(rb'"(?:disposition|uniqueid|billsec|BillableSeconds)"', re.I)
# A string is one token, so that braces in it do not count.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}"]', re.S)
_MOST_STRANGE_BYTES = 32
_NO_TEXT = bytes(sorted({*range(32), 127} - set(b"\t\r\n\x1b")))
_XML_END = b"</cdr>"


@dataclass(frozen=True, slots=True)
class Piece:
    """A record's bytes, and how far in the file it reaches."""

    raw: bytes
    ends_at: int


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """The file itself, or a temporary one with what a gzip holds, in UTF-8 and without a byte order mark.

    Raises ``Invalid`` for a gzip that is broken.
    """
    with path.open("rb") as file:
        begins = file.read(3)
    if begins[:2] != _GZIP_MAGIC:
        with _in_utf8(path, begins) as plain_path:
            yield plain_path
        return
    with tempfile.NamedTemporaryFile(prefix="tollgate-import-") as plain:
        try:
            with gzip.open(path, "rb") as unpacked:
                shutil.copyfileobj(unpacked, plain, 1024 * 1024)
        except (OSError, EOFError, zlib.error) as error:
            raise Invalid(f"{path.name} is no whole gzip: {error}.", field="file") from None
        plain.flush()
        plain.seek(0)
        with _in_utf8(Path(plain.name), plain.read(3)) as plain_path:
            yield plain_path


@contextmanager
def _in_utf8(path: Path, begins: bytes) -> Iterator[Path]:
    """The file itself unless it has a byte order mark: Windows tools save with one, and in UTF-16."""
    encoding = "utf-16" if begins[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    if encoding == "utf-8-sig" and begins != codecs.BOM_UTF8:
        yield path
        return
    with (
        # Bytes that are no UTF-8 come out as they went in.
        path.open(encoding=encoding, errors="surrogateescape", newline="") as marked,
        tempfile.NamedTemporaryFile(
            "w", prefix="tollgate-import-", encoding="utf-8", errors="surrogateescape", newline=""
        ) as plain,
    ):
        shutil.copyfileobj(marked, plain, 1024 * 1024)
        plain.flush()
        yield Path(plain.name)


def detect_format(path: Path) -> Source:
    """From the beginning of the file, which is not packed. Raises ``Invalid`` for what is no text at all."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).lstrip().removeprefix(b"\xef\xbb\xbf")
    # An archive among the files would come out as thousands of unreadable rows. A stray NUL in a name is no archive.
    strange = len(head) - len(head.translate(None, _NO_TEXT))
    if strange > _MOST_STRANGE_BYTES and strange * 50 > len(head):
        raise Invalid(
            "The file is no text, so it holds no call records; unpack an archive first (a gzip of one file is read"
            " as it is).",
            field="file",
        )
    if head[:4] == b"cdr=" or head[:3].upper() in (b"%7B", b"%3C") or head[:1] == b"<":
        return "freeswitch"
    if head[:1] in (b"{", b"["):
        if b'"variables"' in head or b'"variable_' in head:
            return "freeswitch"
        if _KAZOO.search(head):
            return "kazoo"
        return "asterisk" if _ASTERISK.search(head) else "own"
    return "kazoo" if b"hook_event=" in head else "asterisk"


def pieces(path: Path, source: Source, start: int) -> Iterator[Piece]:
    """Records of a file from byte ``start`` on, which is 0 or where a piece ended."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).lstrip().removeprefix(b"\xef\xbb\xbf")
        file.seek(start)
        if head[:1] == b"<":
            yield from _documents(file, start, _xml_end)
        elif head[:1] in (b"{", b"[") and not _is_by_lines(head):
            for piece in _documents(file, start, _json_end):
                yield from _kazoo_page(piece) if source == "kazoo" else (piece,)
        elif head[:4] == b"cdr=" and b"\n" not in head.strip() and len(head) < _HEAD_BYTES:
            yield from _whole(file, start)
        else:
            names = head_line(head.partition(b"\n")[0]) if source == "asterisk" else ()
            yield from _lines(file, source, start, names)


def _is_by_lines(head: bytes) -> bool:
    """Whether the first line is a whole record: then a broken one spoils its own line only."""
    first, newline, _ = head.partition(b"\n")
    if not newline:
        return False
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _whole(file: IO[bytes], start: int) -> Iterator[Piece]:
    content = file.read(LONGEST_RECORD_BYTES)
    if content.strip():
        yield Piece(content.strip(), start + len(content))


def _lines(file: IO[bytes], source: Source, start: int, names: tuple[str, ...]) -> Iterator[Piece]:
    at = start
    for row in whole_rows(file) if source == "asterisk" else file:
        at += len(row)
        if row.strip() and not (names and head_line(row) == names):
            yield Piece(under_head(names, row.rstrip(b"\r\n")), at)


class _Scan:
    """How far a document was looked through, so that a further chunk goes on there."""

    __slots__ = ("at", "begun", "depth")

    def __init__(self) -> None:
        self.at = 0
        self.begun = -1
        self.depth = 0


# (Begin, end) of the first whole document in the buffer, or None while it goes on.
_Find = Callable[[bytearray, _Scan], tuple[int, int] | None]


def _documents(file: IO[bytes], start: int, find: _Find) -> Iterator[Piece]:
    """Documents one after another, whatever stands between them; a rest without an end is a piece of its own."""
    buffer = bytearray()
    base, scan, found_any = start, _Scan(), start > 0
    while chunk := file.read(_CHUNK_BYTES):
        buffer += chunk
        while (span := find(buffer, scan)) is not None:
            begun, ended = span
            found_any = True
            yield Piece(bytes(buffer[begun:ended]), base + ended)
            del buffer[:ended]
            base += ended
            scan = _Scan()
        if len(buffer) > LONGEST_RECORD_BYTES:
            yield Piece(bytes(buffer[:_CHUNK_BYTES]), base + len(buffer))
            base += len(buffer)
            buffer.clear()
            scan = _Scan()
    rest = bytes(buffer).strip(b" \t\r\n,]")
    if rest and (scan.begun >= 0 or not found_any):
        yield Piece(rest, base + len(buffer))


def _json_end(buffer: bytearray, scan: _Scan) -> tuple[int, int] | None:
    for token in _TOKEN.finditer(buffer, scan.at):
        sign = token.group()
        if sign == b"{":
            if scan.depth == 0:
                scan.begun = token.start()
            scan.depth += 1
        elif sign == b"}":
            scan.depth = max(0, scan.depth - 1)
            if scan.depth == 0 and scan.begun >= 0:
                return scan.begun, token.end()
        elif sign == b'"':
            # A string that the next chunk goes on with.
            scan.at = token.start()
            return None
        scan.at = token.end()
    return None


def _xml_end(buffer: bytearray, scan: _Scan) -> tuple[int, int] | None:
    if scan.begun < 0:
        scan.begun = buffer.find(b"<cdr", max(0, scan.at - 4))
    found = buffer.find(_XML_END, max(0, scan.at - len(_XML_END)))
    if found < 0:
        scan.at = len(buffer)
        return None
    return max(0, scan.begun), found + len(_XML_END)


def _kazoo_page(piece: Piece) -> Iterator[Piece]:
    """A page of the cdrs API holds many records; the file is done with them when the last one is."""
    records = split_kazoo(piece.raw)
    yield from (Piece(raw, 0) for raw in records[:-1])
    yield from (Piece(raw, piece.ends_at) for raw in records[-1:])
