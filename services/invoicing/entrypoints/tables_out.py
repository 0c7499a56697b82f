"""Rows as CSV (RFC 4180) and as JSON lines, piece by piece."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import orjson

Form = Literal["csv", "jsonl"]
MEDIA: dict[Form, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
# A spreadsheet would run these as formulas: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PIECE_ROWS = 200


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _cell(value: Any) -> str:
    """Words of people are kept from being formulas; figures and stamps are not words."""
    shown = _plain(value)
    if isinstance(value, str) and shown.startswith(_FORMULA) and not _is_figure(shown):
        return f"'{shown}"
    return shown


def _is_figure(shown: str) -> bool:
    return shown.removeprefix("-").replace(".", "", 1).isdigit()


async def as_csv(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """With a heading; nothing at all for no rows."""
    out = io.StringIO()
    writer = csv.writer(out)
    waiting = 0
    headed = False
    async for row in rows:
        if not headed:
            writer.writerow(row)
            headed = True
        writer.writerow([_cell(value) for value in row.values()])
        waiting += 1
        if waiting == _PIECE_ROWS:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
            waiting = 0
    if out.tell():
        yield out.getvalue().encode()


async def as_json_lines(rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """One object a line; decimals are strings."""
    waiting: list[bytes] = []
    async for row in rows:
        waiting.append(orjson.dumps(dict(row), default=_plain, option=orjson.OPT_APPEND_NEWLINE))
        if len(waiting) == _PIECE_ROWS:
            yield b"".join(waiting)
            waiting.clear()
    if waiting:
        yield b"".join(waiting)
