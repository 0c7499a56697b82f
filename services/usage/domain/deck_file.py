"""A rate deck as a provider uploads it: CSV with a head line, taken whole or refused with the lines that are wrong."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.usage.domain.deck import ANY_NUMBER, DeckRow, write_terms
from services.usage.domain.rating import RateTerms, Tariff
from services.usage.domain.records import Direction

REQUIRED = ("prefix", "destination", "class", "price_per_minute")
OPTIONAL = ("connect_fee", "minimum", "increment", "cap", "direction", "effective_from")
BAND_COLUMN = re.compile(r"(price|connect_fee)_([a-z][a-z0-9_]{0,30})")
MOST_PROBLEMS = 100
MOST_ROWS = 1_000_000
_PRICE = re.compile(r"\d{1,9}(\.\d{1,6})?")
_PREFIX = re.compile(r"\+?\d{1,15}|\*|=[0-9*#]{1,20}")
_CLASS = re.compile(r"[a-z][a-z0-9_]{0,30}")
_DIRECTIONS: Mapping[str, tuple[Direction, ...]] = {
    "": ("outbound",),
    "outbound": ("outbound",),
    "inbound": ("inbound",),
    "both": ("outbound", "inbound"),
}
# Decided by who talks to whom, before any deck is asked (R7).
_RESERVED = ("internal", "emergency")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with a line (1 is the head line), and what to do."""

    line: int
    field: str
    detail: str


class BadDeck(Exception):
    """The file is refused as a whole; ``problems`` are the first lines that are wrong."""

    def __init__(self, problems: list[LineProblem]) -> None:
        super().__init__(f"{len(problems)} lines of the deck are wrong")
        self.problems = problems


class _Wrong(Exception):
    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def read_deck(lines: Iterable[str], effective: date) -> list[DeckRow]:
    """Rows of a deck. ``effective`` is for rows without a date of their own, and the earliest that one may have.

    Raises ``BadDeck``: head line first, then every line that cannot be read, and prefixes that are there twice.
    """
    reader = csv.reader(lines)
    try:
        head = [name.strip().lower().lstrip("\ufeff") for name in next(reader, [])]
        _check_head(head)
        return _rows(reader, _Columns(head), effective)
    except csv.Error as error:
        raise BadDeck([LineProblem(reader.line_num, "file", f"This is no CSV: {error}.")]) from None


def _check_head(head: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in head]
    unknown = [
        name for name in head if name not in (*REQUIRED, *OPTIONAL) and not BAND_COLUMN.fullmatch(name)
    ]
    twice = sorted({name for name in head if head.count(name) > 1})
    problems = []
    if missing:
        problems.append(f"lacks {', '.join(missing)}")
    if unknown:
        problems.append(f"has {', '.join(map(repr, unknown))}, which no deck has")
    if twice:
        problems.append(f"has {', '.join(twice)} more than once")
    if problems:
        detail = (
            f"The head line {' and '.join(problems)}; columns are {', '.join((*REQUIRED, *OPTIONAL))}, price_BAND and"
            " connect_fee_BAND, separated by commas."
        )
        raise BadDeck([LineProblem(1, "head", detail)])


class _Columns:
    """Where each column is."""

    def __init__(self, head: list[str]) -> None:
        self.width = len(head)
        self._at = {name: position for position, name in enumerate(head)}
        bands = [found.groups() for name in head if (found := BAND_COLUMN.fullmatch(name))]
        # price_per_minute reads like the price of a band named per_minute.
        self.price_bands = [band for kind, band in bands if kind == "price" and band != "per_minute"]
        self.fee_bands = [band for kind, band in bands if kind == "connect_fee"]
        self._terms: dict[tuple[str, ...], str] = {}
        self._in_terms = [
            position
            for name, position in self._at.items()
            if name not in ("prefix", "destination", "class", "direction", "effective_from")
        ]

    def cell(self, row: list[str], name: str) -> str:
        position = self._at.get(name)
        return "" if position is None else row[position].strip()

    def terms(self, row: list[str]) -> str:
        """The row's terms; the same cells are read once, for a deck says the same thing many times."""
        cells = tuple(row[position] for position in self._in_terms)
        known = self._terms.get(cells)
        if known is None:
            known = self._terms[cells] = write_terms(self._read_terms(row))
        return known

    def _read_terms(self, row: list[str]) -> RateTerms:
        def named(kind: str, bands: list[str]) -> Iterator[tuple[str, str, str]]:
            for band in bands:
                if text := self.cell(row, f"{kind}_{band}"):
                    yield band, f"{kind}_{band}", text

        fee = self.cell(row, "connect_fee")
        cap = self.cell(row, "cap")
        terms = RateTerms(
            tariff=_tariff("price_per_minute", self.cell(row, "price_per_minute")),
            connect_fee=_price("connect_fee", fee) if fee else Decimal(0),
            minimum_seconds=_seconds("minimum", self.cell(row, "minimum"), 0),
            increment_seconds=_seconds("increment", self.cell(row, "increment"), 1),
            bands=tuple((band, _tariff(name, text)) for band, name, text in named("price", self.price_bands)),
            band_fees=tuple(
                (band, _price(name, text)) for band, name, text in named("connect_fee", self.fee_bands)
            ),
            cap=_price("cap", cap) if cap else None,
        )
        fees = [terms.connect_fee, *(one for _, one in terms.band_fees)]
        if terms.cap is not None and max(fees) > terms.cap:
            raise _Wrong("cap", "The cap of a call is less than its connect fee; raise it or lower the fee.")
        return terms


def _rows(reader: Iterable[list[str]], columns: _Columns, effective: date) -> list[DeckRow]:
    rows: list[DeckRow] = []
    problems: list[LineProblem] = []
    seen: dict[tuple[Direction, str, date], int] = {}
    line = 1
    for cells in reader:
        line = getattr(reader, "line_num", line + 1)
        if not any(cell.strip() for cell in cells):
            continue
        try:
            for row in _read_row(cells, columns, effective):
                key = (row.direction, row.prefix, row.begins)
                before = seen.setdefault(key, line)
                if before != line:
                    raise _Wrong(
                        "prefix", f"Prefix {row.prefix} is on line {before} already; leave one of them out."
                    )
                rows.append(row)
            if len(rows) > MOST_ROWS:
                raise _Wrong("file", f"A deck has at most {MOST_ROWS} rows; split it by direction or name.")
        except _Wrong as wrong:
            problems.append(LineProblem(line, wrong.field, wrong.detail))
            if len(problems) >= MOST_PROBLEMS or wrong.field == "file":
                break
    if not rows and not problems:
        problems.append(
            LineProblem(1, "file", "The deck has no rows; send at least one below the head line.")
        )
    if problems:
        raise BadDeck(problems)
    return rows


def _read_row(cells: list[str], columns: _Columns, effective: date) -> list[DeckRow]:
    if len(cells) != columns.width:
        raise _Wrong(
            "line",
            f"The line has {len(cells)} cells and the head line {columns.width}; quote cells with commas.",
        )
    prefix = columns.cell(cells, "prefix").replace(" ", "")
    if not _PREFIX.fullmatch(prefix):
        raise _Wrong(
            "prefix",
            f"{prefix!r} is no prefix: give up to 15 digits with the country code, * for every number, or"
            " =411 for a short code as dialled.",
        )
    destination = columns.cell(cells, "destination")
    if not destination or len(destination) > 120 or "|" in destination or not destination.isprintable():
        raise _Wrong("destination", "Name the destination in 1 to 120 characters without `|`.")
    call_class = columns.cell(cells, "class").lower()
    if not _CLASS.fullmatch(call_class) or call_class in _RESERVED:
        raise _Wrong(
            "class",
            f"{call_class!r} is no class of a deck: local, national, international, mobile, toll_free, premium,"
            " or a word of your own in small letters; internal and emergency calls need no rate.",
        )
    direction = columns.cell(cells, "direction").lower()
    if direction not in _DIRECTIONS:
        raise _Wrong("direction", f"{direction!r} is not outbound, inbound or both.")
    begins = _date(columns.cell(cells, "effective_from"), effective)
    terms = columns.terms(cells)
    bare = ANY_NUMBER if prefix == ANY_NUMBER else prefix.removeprefix("+")
    return [DeckRow(one, bare, begins, destination, call_class, terms) for one in _DIRECTIONS[direction]]


def _date(text: str, effective: date) -> date:
    if not text:
        return effective
    try:
        begins = date.fromisoformat(text)
    except ValueError:
        raise _Wrong("effective_from", f"{text!r} is no date; write it as 2026-04-01.") from None
    if begins < effective:
        raise _Wrong(
            "effective_from",
            f"{text} is before the deck's own effective date {effective}; upload it with an earlier one.",
        )
    return begins


def _price(field: str, text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise _Wrong(
            field, f"{text!r} is no price: give major units, not negative, at most 6 places, like 0.0125."
        )
    return Decimal(text)


def _tariff(field: str, text: str) -> Tariff:
    """``0.012`` or ``60:0.05;0.02``."""
    if not text:
        raise _Wrong(field, "The price is missing; give 0 for a destination that is free.")
    *steps, last = text.split(";")
    made: list[tuple[int, Decimal]] = []
    for step in steps:
        up_to, colon, price = step.partition(":")
        seconds = int(up_to) if up_to.strip().isdecimal() and len(up_to) <= 6 else 0
        if not colon or seconds <= (made[-1][0] if made else 0):
            raise _Wrong(field, f"{text!r} is no price by seconds; write 60:0.05;0.02 with growing seconds.")
        made.append((seconds, _price(field, price.strip())))
    return Tariff(_price(field, last.strip()), tuple(made))


def _seconds(field: str, text: str, least: int) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not least <= int(text[:6]) <= 86_400 or len(text) > 5:
        raise _Wrong(field, f"{text!r} is no number of whole seconds from {least} to 86400.")
    return int(text)
