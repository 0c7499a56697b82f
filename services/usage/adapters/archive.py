"""A month's calls into Parquet files, one a provider; read back and compared before anything is taken out."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.months import partition_name
from services.usage.adapters.parquet import ROWS_A_GROUP, ParquetStream
from services.usage.domain.months import begins, next_month
from services.usage.use_cases.ports import ArchivedCalls
from shared.ids import ProviderId

_KEYS_A_STATEMENT = 50_000
_FORGET_KEYS = text(
    "DELETE FROM call_key WHERE ctid = ANY(ARRAY(SELECT ctid FROM call_key"
    " WHERE placed_at >= :start AND placed_at < :end LIMIT :most))"
)
_REMEMBER = text(
    "INSERT INTO archived_month (provider_id, month_start, file_name, calls, billed_seconds, archived_at)"
    " VALUES (:provider_id, :month_start, :file_name, :calls, :billed_seconds, :archived_at)"
)


@dataclass(frozen=True, slots=True)
class _Sums:
    calls: int
    billed_seconds: int
    charge: Decimal


class SqlArchive:
    """Fulfils ``use_cases.ports.ArchivePort`` within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def close(self, month: date) -> list[ProviderId]:
        """Keeps others from writing calls of this month until the transaction ends; whose calls it holds."""
        name = partition_name(month)
        await self._connection.execute(text(f"LOCK TABLE {name} IN SHARE MODE"))
        rows = await self._connection.execute(
            text(f"SELECT DISTINCT provider_id FROM {name} ORDER BY provider_id")  # noqa: S608 (our own name)
        )
        return [ProviderId(row.provider_id) for row in rows]

    async def write(
        self, month: date, provider_id: ProviderId, folder: Path, progress: Callable[[int], None]
    ) -> ArchivedCalls:
        """Writes one provider's calls; raises ``OSError`` when the file does not say what the table says."""
        path = folder / f"calls-{month:%Y-%m}-{provider_id}.parquet"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            async for piece in self._pieces(month, provider_id, progress):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        stored, written = await self._stored(month, provider_id), _written(part)
        if stored != written:
            raise OSError(f"{part} holds {written}, the table {stored}; nothing was taken out")
        part.rename(path)
        _sync_folder(folder)
        return ArchivedCalls(provider_id, path, written.calls, written.billed_seconds)

    async def _pieces(
        self, month: date, provider_id: UUID, progress: Callable[[int], None]
    ) -> AsyncIterator[bytes]:
        # By key and not by a cursor: an open one would keep the table from being dropped in this transaction.
        query = text(
            f"SELECT * FROM {partition_name(month)} WHERE provider_id = :provider_id"  # noqa: S608 (our own name)
            " AND (tenant_id, placed_at, call_key) > (:tenant_id, :placed_at, :call_key)"
            " ORDER BY tenant_id, placed_at, call_key LIMIT :most"
        )
        after = {"tenant_id": UUID(int=0), "placed_at": begins(month), "call_key": UUID(int=0)}
        stream: ParquetStream | None = None
        while True:
            result = await self._connection.execute(
                query, {"provider_id": provider_id, "most": ROWS_A_GROUP, **after}
            )
            stream = stream or ParquetStream(list(result.keys()))
            rows = result.all()
            if not rows:
                break
            after = {name: getattr(rows[-1], name) for name in after}
            progress(len(rows))
            yield stream.add(rows)
        yield stream.finish()

    async def _stored(self, month: date, provider_id: UUID) -> _Sums:
        found = await self._connection.execute(
            text(
                "SELECT count(*) AS calls, coalesce(sum(billed_seconds), 0) AS seconds,"  # noqa: S608 (constants of our own, never input)
                f" coalesce(sum(charge), 0) AS charge FROM {partition_name(month)}"
                " WHERE provider_id = :provider_id"
            ),
            {"provider_id": provider_id},
        )
        row = found.one()
        return _Sums(int(row.calls), int(row.seconds), Decimal(row.charge))

    async def take_out(self, month: date, files: list[ArchivedCalls], at: datetime) -> None:
        """The month's calls and their keys go; the month is remembered for each provider that had calls."""
        for one in files:
            await self._connection.execute(
                _REMEMBER,
                {
                    "provider_id": one.provider_id,
                    "month_start": month,
                    "file_name": one.path.name,
                    "calls": one.calls,
                    "billed_seconds": one.billed_seconds,
                    "archived_at": at,
                },
            )
        bounds = {"start": begins(month), "end": begins(next_month(month)), "most": _KEYS_A_STATEMENT}
        while (await self._connection.execute(_FORGET_KEYS, bounds)).rowcount:
            pass
        name = partition_name(month)
        await self._connection.execute(text(f"ALTER TABLE call DETACH PARTITION {name}"))
        await self._connection.execute(text(f"DROP TABLE {name}"))


def _written(path: Path) -> _Sums:
    """Counted from the file as it lies on the disk, a row group at a time."""
    calls, seconds, charge = 0, 0, Decimal(0)
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_A_GROUP, columns=["billed_seconds", "charge"]):
            calls += batch.num_rows
            seconds += pc.sum(batch["billed_seconds"]).as_py() or 0
            charge += pc.sum(batch["charge"]).as_py() or Decimal(0)
    return _Sums(calls, seconds, charge)


def _sync_folder(folder: Path) -> None:
    """A rename lasts only when the folder itself is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
