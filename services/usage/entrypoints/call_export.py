"""A tenant's calls as a file, piece by piece: neither the calls nor the file are ever in memory whole.

Each piece is read in a transaction of its own and goes on after the last call, so that a slow reader holds nothing.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from services.usage.use_cases.call_ports import CallFilter
from services.usage.use_cases.list_calls import HistoryCall, list_calls
from services.usage.use_cases.ports import OpenWork
from shared.ids import ProviderId, TenantId

ExportFormat = Literal["csv", "parquet"]
CALLS_A_PIECE = 5_000
COLUMNS = (
    "call_id",
    "placed_at",
    "answered_at",
    "local_day",
    "direction",
    "from",
    "to",
    "extension",
    "call_class",
    "destination",
    "talk_ms",
    "billed_seconds",
    "price_per_minute",
    "connect_fee",
    "charge",
    "not_billed",
    "flags",
    "invoice_number",
    "invoice_id",
    "period_start",
    "period_revision",
    # JSON of the further fields of a record of our own.
    "extra",
)
# What makes a spreadsheet take a cell for a formula; a caller chooses what his number says.
_FORMULA = ("=", "@", "-", "\t", "\r")


def media_type(file_format: ExportFormat) -> str:
    return "text/csv; charset=utf-8" if file_format == "csv" else "application/vnd.apache.parquet"


def _row(one: HistoryCall) -> tuple[Any, ...]:
    call, invoice = one.call, one.invoice
    return (
        call.call_id,
        call.placed_at,
        call.answered_at,
        call.local_day,
        call.direction,
        call.from_number,
        call.to_number,
        call.extension,
        call.call_class,
        call.destination,
        call.talk_ms,
        call.billed_seconds,
        call.price_per_minute,
        call.connect_fee,
        call.charge,
        call.not_billed,
        ",".join(call.flags),
        invoice.number if invoice else None,
        invoice.invoice_id if invoice else None,
        invoice.start_date if invoice else None,
        invoice.revision if invoice else None,
        call.extra,
    )


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value.isoformat() if hasattr(value, "isoformat") else value


class PiecesOfFile(Protocol):
    """A file as it is made: ``add`` gives the next bytes, ``finish`` the last."""

    def add(self, rows: Sequence[Sequence[Any]], /) -> bytes: ...
    def finish(self) -> bytes: ...


# Begins a Parquet file with these columns.
ParquetPieces = Callable[[Sequence[str]], PiecesOfFile]


class _CsvPieces:
    """Comma separated, CRLF, one head line (RFC 4180)."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text)
        if not self._begun:
            writer.writerow(COLUMNS)
            self._begun = True
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue().encode()

    def finish(self) -> bytes:
        return b"" if self._begun else self.add([])


async def export_calls(
    open_work: OpenWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    wanted: CallFilter,
    file_format: ExportFormat,
    parquet: ParquetPieces,
) -> AsyncIterator[bytes]:
    """The bytes of the file."""
    pieces: PiecesOfFile = _CsvPieces() if file_format == "csv" else parquet(COLUMNS)
    wanted = replace(wanted, limit=CALLS_A_PIECE)
    while True:
        async with open_work() as work:
            page = await list_calls(work, provider_id, tenant_id, wanted)
        if page.calls:
            last = page.calls[-1].call
            wanted = replace(wanted, after=(last.placed_at, last.call_id))
            yield pieces.add([_row(one) for one in page.calls])
        if not page.more:
            break
    yield pieces.finish()
