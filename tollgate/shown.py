"""Answers as tables: money with its currency, times as they are, nothing that a stranger wrote as markup."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.errors import Refusal
from shared.money import currency, exponent
from tollgate.text import plain

NOTHING = "–"
# For programs; `--json` has it.
LEFT_OUT = frozenset({"evidence"})
# For programs; `--json` has it.
LEFT_OUT = frozenset({"evidence"})
# In characters; longer texts go on below.
WIDEST_COLUMN, WIDEST_VALUE = 48, 100


def money(minor: int, code: str) -> str:
    """``1,234.50 USD``: all places of the currency, thousands apart."""
    try:
        places = exponent(currency(code))
    except Refusal:
        return f"{minor} minor units of {plain(code)}"
    return f"{Decimal(minor).scaleb(-places):,.{places}f} {code}"


def text(value: Any) -> str:
    """One value in one line."""
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if set(value) == {"minor", "currency"}:
            return money(int(value["minor"]), str(value["currency"]))
        return "; ".join(f"{plain(key)}: {text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(text(one) for one in value)
    return plain(value)


def _looked_up(row: Mapping[str, Any], path: str) -> Any:
    found: Any = row
    for word in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(word)
    return found


def cell(row: Mapping[str, Any], path: str) -> str:
    """A column's value; ``…_minor`` with the row's currency is money."""
    value = _looked_up(row, path)
    if _is_minor(row, path):
        return money(value, row["currency"])
    return text(value)


def _is_minor(row: Mapping[str, Any], path: str) -> bool:
    return path.endswith("_minor") and isinstance(row.get(path), int) and isinstance(row.get("currency"), str)


def _title(path: str, *, as_money: bool = False) -> str:
    named = path.removesuffix("_minor") if as_money else path
    return named.replace("_", " ").replace(".", " ")


def table(console: Console, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows below each other; ids are never cut, so that they can be copied."""
    if not rows:
        console.print("None.")
        return
    wanted = list(columns) or _columns_of(rows)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for path in wanted:
        amounts = all(_is_number(_looked_up(row, path)) for row in rows)
        made.add_column(
            Text(_title(path, as_money=any(_is_minor(row, path) for row in rows))),
            justify="right" if amounts else "left",
            no_wrap=path.endswith("_id"),
            max_width=None if path.endswith("_id") else WIDEST_COLUMN,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(Text(cell(row, path)) for path in wanted))
    console.print(made)


def _is_number(value: Any) -> bool:
    is_money = isinstance(value, Mapping) and set(value) == {"minor", "currency"}
    return is_money or (isinstance(value, int) and not isinstance(value, bool))


def _columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [key for key in dict.fromkeys(key for row in rows for key in row) if key not in LEFT_OUT]


def document(console: Console, value: Any, heading: str = "") -> None:
    """A thing with its parts: single values by name, lists of things as tables, things with lists as parts below."""
    if isinstance(value, list):
        table(console, [one if isinstance(one, Mapping) else {"value": one} for one in value], ())
        return
    if not isinstance(value, Mapping):
        console.print(Text(text(value)))
        return
    names = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    names.add_column(style="bold")
    names.add_column(overflow="fold", max_width=WIDEST_VALUE)
    below: list[str] = []
    for key, one in value.items():
        if _has_rows(one) or (isinstance(one, Mapping) and any(map(_has_rows, one.values()))):
            below.append(key)
        elif key not in LEFT_OUT:
            names.add_row(Text(_title(key, as_money=_is_minor(value, key))), Text(cell(value, key)))
    if names.row_count:
        console.print(names)
    for key in below:
        title = f"{heading}, {_title(key)}" if heading else _title(key)
        console.print(Text(f"\n{title}", style="bold"))
        document(console, value[key], title)


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)
