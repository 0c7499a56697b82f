"""What an invoice bills of a period: what it costs now minus what was billed, key by key (R24, R27, R42)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from services.invoicing.domain.lines import Billed, FeeOf, Line, LineKind, UsageOf, billed_as
from services.invoicing.domain.recurring import recurring_lines
from services.invoicing.domain.totals import Totals
from services.invoicing.domain.usage_lines import arrears_lines
from shared.money import Currency, Money, line_amount

_ADVANCE = ("fee/", "add_on/")
_REASONS = {
    "period_ended": "recorded late",
    "late_calls": "recorded late",
    "re_rated": "rated again",
    "resources_changed": "counted again",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """``minor`` more or less than was billed under ``key``. ``now`` None: the line is there no longer.

    ``fresh``: nothing of its section was billed before, so that it is an ordinary line. ``totals`` None: agreed
    terms have changed, not usage.
    """

    start: date
    end: date
    key: str
    now: Line | None
    before: Billed | None
    minor: int
    fresh: bool
    totals: Totals | None


@dataclass(frozen=True, slots=True)
class Surplus:
    """A reduction that found no room on the invoice (R29); ``minor`` is positive."""

    start: date
    key: str
    description: str
    minor: int


def is_advance(key: str) -> bool:
    """Whether a key belongs to the section that is billed before its period."""
    return key.startswith(_ADVANCE) or (key.startswith("discount/") and key.endswith("/advance"))


def fee_differences(one: FeeOf) -> list[Difference]:
    """Fee and add-ons of a period, or what has changed of them."""
    now = recurring_lines(one.agreed, advance=True)
    before = {key: part for key, part in one.billed.items() if is_advance(key)}
    made = _compare(one.agreed.start, one.agreed.span.end, now, before, None, fresh=not before)
    return [_held(each, one.credited.get(each.key, 0)) for each in made]


def _held(one: Difference, credited_minor: int) -> Difference:
    """Never gives back more than the line still holds after credit notes (R24)."""
    if one.before is None or one.minor >= 0 or not credited_minor:
        return one
    held = max(one.before.minor - max(credited_minor - one.before.noted, 0), 0)
    return replace(one, minor=max(one.minor, -held))


def usage_differences(one: UsageOf, *, late: bool) -> list[Difference]:
    """Arrears of a period; ``late``: they were billed before. With ``advance``, changes of its fee first."""
    made: list[Difference] = []
    if one.advance:
        made += fee_differences(FeeOf(one.terms, one.billed, one.credited))
    if one.metered:
        before = {key: part for key, part in one.billed.items() if not is_advance(key)}
        now = arrears_lines(one.terms, one.totals)
        made += _compare(one.span.start, one.span.end, now, before, one.totals, fresh=not late)
    return made


def _compare(
    start: date,
    end: date,
    now: Mapping[str, Line],
    before: Mapping[str, Billed],
    totals: Totals | None,
    *,
    fresh: bool,
) -> list[Difference]:
    keys = [*now, *(key for key in before if key not in now)]
    return [
        Difference(
            start,
            end,
            key,
            now.get(key),
            before.get(key),
            (now[key].amount.minor if key in now else 0) - (before[key].minor if key in before else 0),
            fresh and key not in before,
            totals,
        )
        for key in keys
    ]


def bill(
    differences: Sequence[Difference], room: int, code: Currency
) -> tuple[list[Line], dict[date, dict[str, Billed]], list[Surplus]]:
    """Lines, what is billed by period and key after them, and reductions without room (R29).

    Additions first, so that they make room. ``room`` is what other lines of the invoice come to.
    """
    billed: dict[date, dict[str, Billed]] = {}
    lines: list[Line] = []
    surplus: list[Surplus] = []
    ordered = sorted(differences, key=lambda one: not one.fresh and one.minor < 0)
    for one in ordered:
        kept = billed.setdefault(one.start, {})
        amount = one.minor if one.fresh else max(one.minor, -room)
        if amount != one.minor:
            name = one.now.description if one.now else _called(one)
            surplus.append(Surplus(one.start, one.key, name, amount - one.minor))
        kept[one.key] = _after(one, amount)
        if amount or one.fresh:
            room += amount
            lines.append(one.now if one.fresh and one.now else _difference_line(one, Money(amount, code)))
    return lines, billed, surplus


def _after(one: Difference, amount: int) -> Billed:
    was = one.before.minor if one.before else 0
    if one.now is None:
        before = one.before or Billed(0, Decimal(0))
        return replace(
            before, minor=was + amount, quantity=Decimal(0) if amount == one.minor else before.quantity
        )
    return billed_as(one.now, was + amount, one.before)


def _called(one: Difference) -> str:
    return (one.before.description if one.before else None) or "Correction"


def _difference_line(one: Difference, amount: Money) -> Line:
    if one.totals is not None:
        return _usage_line(one, amount, one.totals)
    if one.before is None and one.now is not None:
        return one.now
    return _proration_line(one, amount)


def _evidence(one: Difference) -> dict[str, Any]:
    return {
        **(one.now.evidence if one.now else {}),
        "key": one.key,
        "of": one.key,
        "billed_before_minor": one.before.minor if one.before else 0,
        "now_minor": one.now.amount.minor if one.now else 0,
    }


def _proration_line(one: Difference, amount: Money) -> Line:
    """Unused days given back, or a fee that became more (R24)."""
    end = one.before.end if one.before and one.before.end else one.end
    used = one.now.end if one.now else one.start
    price = one.now.unit_price if one.now else (one.before.unit_price if one.before else None) or Decimal(0)
    name = one.now.description if one.now else _called(one)
    quantity = (
        one.now.quantity if one.now else one.before.quantity if one.before else Decimal(1)
    ) or Decimal(1)
    if amount.minor < 0 and used < end:
        words, detail = f"{name}, unused days", _credit_words(one, amount, (end - used).days)
        return Line("proration", words, -quantity, None, price, amount, used, end, _evidence(one), detail)
    start = one.now.start if one.now else one.start
    words = f"{name}, change"
    detail = "difference to what was billed before"
    return Line(
        "proration",
        words,
        Decimal(1),
        None,
        amount.decimal,
        amount,
        start,
        max(end, used),
        _evidence(one),
        detail,
    )


def _credit_words(one: Difference, amount: Money, days: int) -> str:
    """How a credit came about, and why it is less than the unused days where it is."""
    words = f"credit for {days} days: billed minus the days used"
    if amount.minor != one.minor:
        whole = Money(-one.minor, amount.currency)
        words = f"part of a credit of {whole} for {days} days; the rest follows by a credit note or on a later invoice"
    unused = (one.now.amount.minor if one.now else 0) - (one.before.minor if one.before else 0)
    return words if one.minor == unused else f"{words}; less what credit notes gave back before"


def _usage_line(one: Difference, amount: Money, totals: Totals) -> Line:
    """Names its own period and reason, and says so where quantity times price is not the amount."""
    kind: LineKind = "re_rating" if totals.reason == "re_rated" else "late_usage"
    why = _REASONS.get(totals.reason, "recorded late")
    before = one.before.quantity if one.before else Decimal(0)
    quantity = (one.now.quantity if one.now else Decimal(0)) - before
    price = one.now.unit_price if one.now else (one.before.unit_price if one.before else None) or Decimal(0)
    last = one.end.fromordinal(one.end.toordinal() - 1)
    detail = f"difference to what was billed before for {one.start} to {last}, {why}"
    if totals.reason_text:
        detail += f": {totals.reason_text}"
    if line_amount(quantity, price, amount.currency) != amount:
        detail += "; the amount is the difference of two rounded sums, not quantity times price"
    evidence = {"revision": totals.revision, "reason": totals.reason, **_evidence(one)}
    if totals.reason_text:
        evidence["reason_text"] = totals.reason_text
    name = one.now.description if one.now else _called(one)
    unit = one.now.unit if one.now else None
    return Line(kind, f"{name}, {why}", quantity, unit, price, amount, one.start, one.end, evidence, detail)
