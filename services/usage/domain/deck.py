"""A provider's rate deck: which row rates a number, by longest prefix (R5, R6, R8)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.usage.domain.rating import RateTerms, Tariff
from services.usage.domain.records import Direction

ANY_NUMBER = "*"


@dataclass(frozen=True, slots=True)
class DeckRow:
    """One row: ``prefix`` is digits of E.164 without plus, ``*`` for every number, or ``=411`` for a number as
    dialled that is no E.164 number. ``terms`` is in the text form of ``write_terms``."""

    direction: Direction
    prefix: str
    begins: date
    destination: str
    call_class: str
    terms: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What a number is rated by; ``prefix`` is the part of it that matched."""

    version_id: UUID
    prefix: str
    destination: str
    call_class: str
    terms: RateTerms


_Entry = tuple[date, str, str, str]


class Deck:
    """A version of a deck in memory: one dictionary a direction, entries shared between prefixes that are alike."""

    def __init__(self, version_id: UUID, rows: Iterable[DeckRow] = ()) -> None:
        self.version_id = version_id
        self.rows = 0
        self._entries: dict[str, dict[str, tuple[_Entry, ...]]] = {"outbound": {}, "inbound": {}}
        self._lengths: dict[str, list[int]] = {"outbound": [], "inbound": []}
        self._alike: dict[tuple[_Entry, ...], tuple[_Entry, ...]] = {}
        self.extend(rows)

    def extend(self, rows: Iterable[DeckRow]) -> None:
        """Adds rows of the version while it is read, a piece at a time; not to be called afterwards."""
        seen: dict[str, set[int]] = {direction: set(known) for direction, known in self._lengths.items()}
        for row in rows:
            self.rows += 1
            of_direction = self._entries[row.direction]
            entry = (row.begins, row.destination, row.call_class, row.terms)
            before = of_direction.get(row.prefix)
            both = (entry,) if before is None else tuple(sorted((*before, entry), reverse=True))
            of_direction[row.prefix] = self._alike.setdefault(both, both)
            if row.prefix.isdigit():
                seen[row.direction].add(len(row.prefix))
        self._lengths = {direction: sorted(lengths, reverse=True) for direction, lengths in seen.items()}

    def rate(self, number: str, direction: Direction, day: date) -> Rate | None:
        """The row of the longest prefix that is in force on ``day``; ``number`` in E.164 or as dialled."""
        for prefix in self._candidates(number, direction):
            for begins, destination, call_class, terms in self._entries[direction].get(prefix, ()):
                if begins <= day:
                    return Rate(self.version_id, prefix, destination, call_class, read_terms(terms))
        return None

    def _candidates(self, number: str, direction: Direction) -> Iterator[str]:
        if number.startswith("+"):
            digits = number[1:]
            for length in self._lengths[direction]:
                if length <= len(digits):
                    yield digits[:length]
        else:
            yield "=" + number
        yield ANY_NUMBER

    def rows_in_order(self) -> Iterator[DeckRow]:
        for direction, prefixes in self._entries.items():
            for prefix in sorted(prefixes):
                for begins, destination, call_class, terms in prefixes[prefix]:
                    of: Direction = "inbound" if direction == "inbound" else "outbound"
                    yield DeckRow(of, prefix, begins, destination, call_class, terms)

    def row_on(self, direction: Direction, prefix: str, day: date) -> DeckRow | None:
        """The row of exactly this prefix that is in force on ``day``."""
        for begins, destination, call_class, terms in self._entries[direction].get(prefix, ()):
            if begins <= day:
                return DeckRow(direction, prefix, begins, destination, call_class, terms)
        return None

    def prefixes(self) -> set[tuple[Direction, str]]:
        found: set[tuple[Direction, str]] = set()
        found |= {("outbound", prefix) for prefix in self._entries["outbound"]}
        found |= {("inbound", prefix) for prefix in self._entries["inbound"]}
        return found


# -- the text form of terms ---------------------------------------------------------------------------------------


def write_tariff(tariff: Tariff) -> str:
    """``0.012``, or by seconds into the call ``60:0.05;0.02``: the first 60 s at 0.05, then 0.02."""
    steps = [f"{up_to}:{price}" for up_to, price in tariff.steps]
    return ";".join([*steps, str(tariff.last)])


def read_tariff(text: str) -> Tariff:
    *steps, last = text.split(";")
    pairs = [step.split(":") for step in steps]
    return Tariff(Decimal(last), tuple((int(up_to), Decimal(price)) for up_to, price in pairs))


def write_terms(terms: RateTerms) -> str:
    """Terms as one line of words, the same for the same terms."""
    words: list[tuple[str, Any]] = [
        ("price", write_tariff(terms.tariff)),
        ("fee", terms.connect_fee if terms.connect_fee else None),
        ("min", terms.minimum_seconds),
        ("inc", terms.increment_seconds),
        ("cap", terms.cap),
        *((f"price.{band}", write_tariff(tariff)) for band, tariff in terms.bands),
        *((f"fee.{band}", fee) for band, fee in terms.band_fees),
    ]
    return " ".join(f"{name}={value}" for name, value in words if value is not None)


@lru_cache(maxsize=16_384)
def read_terms(text: str) -> RateTerms:
    """The reverse of ``write_terms``."""
    words: Mapping[str, str] = dict(_pair(word) for word in text.split(" "))

    def whole(name: str) -> int | None:
        return int(words[name]) if name in words else None

    return RateTerms(
        tariff=read_tariff(words["price"]),
        connect_fee=Decimal(words.get("fee", "0")),
        minimum_seconds=whole("min"),
        increment_seconds=whole("inc"),
        bands=tuple(
            (name[6:], read_tariff(value)) for name, value in words.items() if name.startswith("price.")
        ),
        band_fees=tuple(
            (name[4:], Decimal(value)) for name, value in words.items() if name.startswith("fee.")
        ),
        cap=Decimal(words["cap"]) if "cap" in words else None,
    )


def _pair(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


# -- which version holds, and what an upload changes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeckVersion:
    """An uploaded deck, whole and never changed; ``number`` counts the uploads of one name."""

    version_id: UUID
    name: str
    number: int
    effective_from: date
    rows: int


def version_on(versions: Iterable[DeckVersion], day: date) -> DeckVersion | None:
    """Of a name's versions, the one in force on a day: the latest effective date, of equal ones the newest upload."""
    in_force = [one for one in versions if one.effective_from <= day]
    return max(in_force, key=lambda one: (one.effective_from, one.number), default=None)


@dataclass(frozen=True, slots=True)
class Change:
    """A prefix that an upload changes; ``before`` or ``after`` is None where it is added or removed."""

    direction: Direction
    prefix: str
    before: DeckRow | None
    after: DeckRow | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an upload does to the prefixes in force on its effective date; samples are the first of each kind."""

    added: int
    removed: int
    changed: int
    unchanged: int
    price_up: int
    price_down: int
    samples: tuple[Change, ...]


def compare(old: Deck | None, new: Deck, day: date, *, samples: int = 20) -> Changes:
    """Both as they hold on ``day``; the price that is compared is that of the first minute outside all bands."""
    counts = dict.fromkeys(("added", "removed", "changed", "unchanged", "up", "down"), 0)
    shown: list[Change] = []
    prefixes = new.prefixes() | (old.prefixes() if old else set())
    for direction, prefix in sorted(prefixes):
        before = old.row_on(direction, prefix, day) if old else None
        after = new.row_on(direction, prefix, day)
        kind = _kind_of(before, after)
        if kind is None:
            continue
        counts[kind] += 1
        if kind == "changed" and before and after:
            was, becomes = (read_terms(one.terms).tariff.price_at(0) for one in (before, after))
            counts["up"] += becomes > was
            counts["down"] += becomes < was
        if kind != "unchanged" and len(shown) < samples:
            shown.append(Change(direction, prefix, before, after))
    return Changes(
        added=counts["added"],
        removed=counts["removed"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        price_up=counts["up"],
        price_down=counts["down"],
        samples=tuple(shown),
    )


def _kind_of(before: DeckRow | None, after: DeckRow | None) -> str | None:
    if before is None:
        return None if after is None else "added"
    if after is None:
        return "removed"
    alike = (before.destination, before.call_class, before.terms) == (
        after.destination,
        after.call_class,
        after.terms,
    )
    return "unchanged" if alike else "changed"


def carry_over(old: Deck | None, rows: list[DeckRow], effective: date) -> list[DeckRow]:
    """Rows of an upload, with what held before for prefixes whose rows all begin after ``effective``."""
    if old is None:
        return rows
    earliest: dict[tuple[Direction, str], date] = {}
    for row in rows:
        key = (row.direction, row.prefix)
        earliest[key] = min(row.begins, earliest.get(key, row.begins))
    carried = [
        DeckRow(direction, prefix, effective, held.destination, held.call_class, held.terms)
        for (direction, prefix), begins in earliest.items()
        if begins > effective and (held := old.row_on(direction, prefix, effective)) is not None
    ]
    return rows + carried
