"""Why an invoice differs from the one before, split to the minor unit (R56). Pure: two bills in, parts out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.invoicing.domain.lines import Line
from shared.money import Currency, Money, exponent, line_amount, round_half_up

PartKind = Literal[
    "volume", "price", "overage", "added", "removed", "one_time", "credits", "late", "rounding", "tax"
]
ORDER: tuple[PartKind, ...] = (
    "added",
    "removed",
    "volume",
    "overage",
    "price",
    "one_time",
    "late",
    "credits",
    "rounding",
    "tax",
)
# Kinds that are no running service, with the part that they are.
_APART: dict[str, PartKind] = {
    "one_time": "one_time",
    "late_usage": "late",
    "re_rating": "late",
    "rounding": "rounding",
    "discount": "credits",
}


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as far as it is compared: lines and tax make up the total."""

    lines: Sequence[Line]
    tax: Money

    @property
    def total(self) -> Money:
        return Money(sum(line.amount.minor for line in self.lines) + self.tax.minor, self.tax.currency)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a part is about; lines of both invoices with the same subject are compared."""

    kind: str
    name: str
    direction: str | None = None
    call_class: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the difference. ``quantity`` is the change where it is of one; prices in major units."""

    kind: PartKind
    subject: Subject
    amount: Money
    quantity: Decimal | None = None
    old_price: Decimal | None = None
    new_price: Decimal | None = None


def explain(before: Bill | None, now: Bill) -> list[Part]:
    """The parts sum to the difference of the totals; a part of nothing is left out.

    A bill without one before is explained as what was added. Raises ValueError for two currencies.
    """
    code = now.tax.currency
    old = before or Bill((), Money.zero(code))
    if old.tax.currency != code:
        raise ValueError(f"cannot compare {old.tax.currency} with {code}")
    parts = _services(_grouped(old.lines), _grouped(now.lines), code)
    parts += _apart(old.lines, now.lines, code)
    parts.append(Part("tax", Subject("tax", ""), now.tax - old.tax))
    made = [part for part in parts if part.amount]
    assert sum(part.amount.minor for part in made) == (now.total - old.total).minor
    return sorted(made, key=lambda part: (ORDER.index(part.kind), -abs(part.amount.minor)))


def _apart_kind(line: Line) -> PartKind | None:
    """One-time charges, corrections and reductions are told by themselves."""
    found = _APART.get(line.kind)
    if found is None and (line.kind == "proration" or line.amount.minor < 0):
        return "credits"
    return found


def _subject(line: Line) -> Subject:
    """Of minutes class and direction, of a count its kind, of anything else its words."""
    evidence = line.evidence
    if line.kind in ("minutes", "connect_fees"):
        return Subject(line.kind, "", _text(evidence.get("direction")), _text(evidence.get("call_class")))
    if line.kind in ("extensions", "dids", "commitment"):
        return Subject(line.kind, "")
    return Subject(line.kind, line.description)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _grouped(lines: Iterable[Line]) -> dict[Subject, list[Line]]:
    groups: dict[Subject, list[Line]] = defaultdict(list)
    for line in lines:
        if _apart_kind(line) is None:
            groups[_subject(line)].append(line)
    return groups


def _services(old: dict[Subject, list[Line]], new: dict[Subject, list[Line]], code: Currency) -> list[Part]:
    parts: list[Part] = []
    for subject in sorted({*old, *new}, key=lambda one: (one.kind, one.name, str(one))):
        parts += _compare(subject, old.get(subject, []), new.get(subject, []), code)
    return parts


def _compare(subject: Subject, old: Sequence[Line], new: Sequence[Line], code: Currency) -> list[Part]:
    difference = Money(_sum(new) - _sum(old), code)
    quantity = _quantity(new) - _quantity(old)
    volume: PartKind = "overage" if any(map(_is_overage, [*old, *new])) else "volume"
    if not old or not new:
        side: PartKind = volume if volume == "overage" else ("added" if new else "removed")
        return [Part(side, subject, difference, quantity)]
    old_price, new_price = _price(old, code), _price(new, code)
    if old_price == new_price or old_price is None or new_price is None:
        return [Part(volume, subject, difference, quantity)]
    # R56: the change of quantity at the old price, and the price is the rest.
    by_volume = line_amount(quantity, old_price, code)
    return [
        Part(volume, subject, by_volume, quantity),
        Part("price", subject, difference - by_volume, None, old_price, new_price),
    ]


def _price(lines: Sequence[Line], code: Currency) -> Decimal | None:
    """The one price of all, or what a unit came to in the mean; None where nothing was counted."""
    prices = {line.unit_price for line in lines}
    if len(prices) == 1:
        return prices.pop()
    counted = _quantity(lines)
    if not counted:
        return None
    return (Decimal(_sum(lines)).scaleb(-exponent(code)) / counted).quantize(Decimal("0.000001"))


def _sum(lines: Iterable[Line]) -> int:
    return sum(line.amount.minor for line in lines)


def _quantity(lines: Iterable[Line]) -> Decimal:
    return sum((line.quantity for line in lines), Decimal(0))


def _is_overage(line: Line) -> bool:
    """Above what the plan includes, by the evidence of the line."""
    included = line.evidence.get("included") or line.evidence.get("included_seconds") or 0
    return round_half_up(Decimal(str(included))) > 0


def _apart(old: Sequence[Line], new: Sequence[Line], code: Currency) -> list[Part]:
    """What both invoices have of a kind and name cancels out."""
    sums: dict[tuple[PartKind, Subject], int] = defaultdict(int)
    for sign, lines in ((-1, old), (1, new)):
        for line in lines:
            kind = _apart_kind(line)
            if kind is not None:
                name = line.description if kind in ("one_time", "credits") else ""
                sums[kind, Subject(line.kind, name)] += sign * line.amount.minor
    return [Part(kind, subject, Money(minor, code)) for (kind, subject), minor in sums.items()]
