"""Calls as Parquet, a row group at a time: memory stays flat whatever the number of rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_A_GROUP = 20_000
_INSTANT = pa.timestamp("us", tz="UTC")
_PRICE = pa.decimal128(20, 6)
_MONEY_COLUMNS = ("price_per_minute", "connect_fee", "charge_cap", "charge")
# The columns of a stored call with another type than text. `segments` is JSON.
_TYPES: Mapping[str, pa.DataType] = {
    "placed_at": _INSTANT,
    "started_at": _INSTANT,
    "answered_at": _INSTANT,
    "ended_at": _INSTANT,
    "received_at": _INSTANT,
    "local_day": pa.date32(),
    "talk_ms": pa.int64(),
    "hold_ms": pa.int64(),
    "billed_seconds": pa.int64(),
    "plan_version": pa.int32(),
    "first_revision": pa.int32(),
    "period_start": pa.date32(),
    "period_revision": pa.int32(),
    "chargeable": pa.bool_(),
    **dict.fromkeys(_MONEY_COLUMNS, _PRICE),
}


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """Text unless a column is known to be something else, so that a new column of a call is never left out."""
    return pa.schema([pa.field(name, _TYPES.get(name, pa.string())) for name in columns])


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return value


def _scaled(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))


class _Drain:
    """A file that hands over what was written since it was last asked."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0
        self.closed = False

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class ParquetStream:
    """A Parquet file in pieces: ``add`` gives the bytes of a row group, ``finish`` the rest."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._schema = schema_of(columns)
        self._drain = _Drain()
        self._writer = pq.ParquetWriter(self._drain, self._schema, compression="zstd")

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """``rows`` in the order of the columns."""
        if rows:
            columns = list(zip(*rows, strict=True))
            arrays = [
                pa.array(
                    [_scaled(one) for one in column]
                    if field.name in _MONEY_COLUMNS
                    else [_plain(one) for one in column],
                    type=field.type,
                )
                for field, column in zip(self._schema, columns, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        return self._drain.taken()

    def finish(self) -> bytes:
        self._writer.close()
        return self._drain.taken()
