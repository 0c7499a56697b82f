"""Files of call records that a switch left behind, read in pieces: memory stays flat, and a stop loses nothing."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from services.usage.domain.records import Received, Source
from services.usage.entrypoints.file_pieces import Piece, detect_format, pieces, plain_file
from services.usage.entrypoints.formats.reading import read_record, zone_named
from services.usage.use_cases.ports import ImportedSoFar, Numbering, OpenWork
from services.usage.use_cases.record_legs import record_received
from shared.errors import Invalid
from shared.ids import ProviderId

FileFormat = Literal["auto", "asterisk", "freeswitch", "kazoo", "own"]
RECORDS_A_TRANSACTION = 500


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the bytes do not say."""

    provider_id: ProviderId
    file_format: FileFormat
    context: Mapping[str, str]
    late_window: timedelta


def identity(path: Path) -> tuple[bytes, int]:
    """(Hash of the contents, size in bytes): a file is known by what is in it, whatever its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest(), path.stat().st_size


async def import_file(
    open_work: OpenWork,
    numbering: Numbering,
    path: Path,
    options: ImportOptions,
    advance: Callable[[int, int], None],
) -> ImportedSoFar:
    """Takes a file's records, 500 a transaction together with how far it came; goes on where it stopped before.

    ``advance`` is told how many bytes are durable, of how many. Raises ``Invalid`` for a provider that usage does not
    know, and for a gzip that is broken.
    """
    with plain_file(path) as plain:
        return await _import_plain(open_work, numbering, path.name, plain, options, advance)


async def _import_plain(
    open_work: OpenWork,
    numbering: Numbering,
    name: str,
    path: Path,
    options: ImportOptions,
    advance: Callable[[int, int], None],
) -> ImportedSoFar:
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
            name=name,
            size_bytes=size,
            now=await work.now(options.provider_id),
        )
    advance(so_far.done_bytes, size)
    batch: list[Piece] = []
    for piece in pieces(path, source, so_far.done_bytes) if so_far.done_bytes < size else ():
        batch.append(piece)
        if len(batch) >= RECORDS_A_TRANSACTION:
            so_far = await _record(open_work, numbering, options, source, digest, batch, so_far)
            advance(so_far.done_bytes, size)
            batch = []
    if batch:
        so_far = await _record(open_work, numbering, options, source, digest, batch, so_far)
    if so_far.done_bytes < size:
        # Behind the last record there may be a bracket or blank lines.
        so_far.done_bytes = size
        async with open_work() as work:
            await work.imports.advance(
                options.provider_id,
                content_hash=digest,
                so_far=so_far,
                now=await work.now(options.provider_id),
            )
    advance(size, size)
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
