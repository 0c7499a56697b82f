"""Files of call records that a switch left behind, read in pieces: memory stays flat, and a stop loses nothing."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Literal

import orjson

from services.usage.domain.records import Received, Source
from services.usage.entrypoints.formats.asterisk import whole_rows
from services.usage.entrypoints.formats.reading import read_record, zone_named
from services.usage.use_cases.ports import ImportedSoFar, Numbering, OpenWork
from services.usage.use_cases.record_legs import record_received
from shared.errors import Invalid
from shared.ids import ProviderId

FileFormat = Literal["auto", "asterisk", "freeswitch", "own"]
RECORDS_A_TRANSACTION = 500
# A JSON document over several lines is read as a whole up to this size; a larger file is taken line by line.
_WHOLE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A record's bytes, and how far in the file it reaches."""

    raw: bytes
    ends_at: int


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the bytes do not say."""

    provider_id: ProviderId
    file_format: FileFormat
    context: Mapping[str, str]
    late_window: timedelta


def detect_format(path: Path) -> Source:
    """From the beginning of the file."""
    with path.open("rb") as file:
        head = file.read(64 * 1024).lstrip()
    if head[:4] == b"cdr=" or head[:3].upper() == b"%7B":
        return "freeswitch"
    if head[:1] in (b"{", b"["):
        return "freeswitch" if b'"variables"' in head else "own"
    return "asterisk"


def identity(path: Path) -> tuple[bytes, int]:
    """(Hash of the contents, size in bytes): a file is known by what is in it, whatever its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest(), path.stat().st_size


def pieces(path: Path, source: Source, start: int) -> Iterator[Piece]:
    """Records of a file from byte ``start`` on, which is 0 or where a piece ended."""
    size = path.stat().st_size
    if source != "asterisk" and start == 0 and size <= _WHOLE_BYTES:
        whole = path.read_bytes().strip()
        records = _whole_records(whole)
        if records is not None:
            # Elements of an array have no place of their own: the file is done when the last one is.
            yield from (Piece(raw, 0) for raw in records[:-1])
            yield from (Piece(raw, size) for raw in records[-1:])
            return
    with path.open("rb") as file:
        file.seek(start)
        yield from _lines(file, source, start)


def _whole_records(content: bytes) -> list[bytes] | None:
    """Records of a file that is one JSON value or one posted body; None when it goes by lines."""
    if content[:4] == b"cdr=" and b"\n" not in content:
        return [content]
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return [orjson.dumps(one) for one in parsed] if isinstance(parsed, list) else [content]


def _lines(file: IO[bytes], source: Source, start: int) -> Iterator[Piece]:
    at = start
    for row in whole_rows(file) if source == "asterisk" else file:
        at += len(row)
        if row.strip():
            yield Piece(row.rstrip(b"\r\n"), at)


async def import_file(
    open_work: OpenWork,
    numbering: Numbering,
    path: Path,
    options: ImportOptions,
    advance: Callable[[int], None],
) -> ImportedSoFar:
    """Takes a file's records, 500 a transaction together with how far it came; goes on where it stopped before.

    ``advance`` is told how many bytes are durable. Raises ``Invalid`` for a provider that usage does not know.
    """
    source: Source = detect_format(path) if options.file_format == "auto" else options.file_format
    if source == "asterisk":
        zone_named(options.context.get("time_zone", "UTC"))
    digest, size = identity(path)
    async with open_work() as work:
        if (await work.directory.state(options.provider_id))[0] == 0:
            raise Invalid(
                f"No provider {options.provider_id} is known here; check --provider.", field="provider"
            )
        so_far = await work.imports.begin(
            options.provider_id,
            content_hash=digest,
            name=path.name,
            size_bytes=size,
            now=await work.now(options.provider_id),
        )
    advance(so_far.done_bytes)
    batch: list[Piece] = []
    for piece in pieces(path, source, so_far.done_bytes) if so_far.done_bytes < size else ():
        batch.append(piece)
        if len(batch) >= RECORDS_A_TRANSACTION:
            so_far = await _record(open_work, numbering, options, source, digest, batch, so_far)
            advance(so_far.done_bytes)
            batch = []
    if batch:
        so_far = await _record(open_work, numbering, options, source, digest, batch, so_far)
    advance(size)
    return so_far


async def _record(
    open_work: OpenWork,
    numbering: Numbering,
    options: ImportOptions,
    source: Source,
    digest: bytes,
    batch: list[Piece],
    so_far: ImportedSoFar,
) -> ImportedSoFar:
    context = dict(options.context) if source == "asterisk" else {}
    received = [Received(source, one.raw, read_record(source, one.raw, context), context) for one in batch]
    async with open_work() as work:
        outcomes = await record_received(
            work, numbering, options.provider_id, received, late_window=options.late_window
        )
        reached = ImportedSoFar(
            done_bytes=max(so_far.done_bytes, batch[-1].ends_at),
            taken=so_far.taken + sum(one.status == "taken" for one in outcomes),
            repeated=so_far.repeated + sum(one.status == "repeated" for one in outcomes),
            quarantined=so_far.quarantined + sum(one.status == "quarantined" for one in outcomes),
        )
        # Elements of an array are repeated after a stop; their counts must then not be there already.
        if batch[-1].ends_at:
            await work.imports.advance(
                options.provider_id,
                content_hash=digest,
                so_far=reached,
                now=await work.now(options.provider_id),
            )
    return reached
