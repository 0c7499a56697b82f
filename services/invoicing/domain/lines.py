"""Lines of an invoice: each rounded once, half up, multiply before divide (rules of money)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from services.invoicing.domain.catalogue import Plan
from services.invoicing.domain.periods import Span
from services.invoicing.domain.totals import Totals
from shared.money import Currency, Money, exponent, line_amount, round_half_up

LineKind = Literal["fee", "extensions", "dids", "minutes", "one_time", "late_usage", "rounding"]


@dataclass(frozen=True, slots=True)
class Line:
    """One charge. ``unit_price`` in major units; ``[start, end)`` local days; ``evidence`` is what it rests on."""

    kind: LineKind
    description: str
    quantity: Decimal
    unit: str | None
    unit_price: Decimal
    amount: Money
    start: date
    end: date
    evidence: Mapping[str, Any]
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """What was billed so far of one usage line: rounded amount in minor units, and quantity."""

    minor: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class UsageOf:
    """A period with its newest totals; ``billed`` maps a usage line's key to what was invoiced of it before."""

    span: Span
    plan: Plan
    totals: Totals
    billed: Mapping[str, Billed]


@dataclass(frozen=True, slots=True)
class OneTimeCharge:
    """A charge that is never prorated (R22). ``amount`` 0 or more."""

    charge_id: UUID
    description: str
    amount: Money
    on: date


def fee_lines(plan: Plan, span: Span) -> list[Line]:
    """The monthly fee in advance; a short period costs its share of the month (R22)."""
    if plan.monthly_fee_minor is None:
        return []
    fee = Money(plan.monthly_fee_minor, plan.currency)
    return [
        Line(
            "fee",
            f"{plan.name} plan",
            Decimal(1),
            None,
            fee.decimal,
            _prorated(Decimal(1), fee.decimal, span, plan.currency),
            span.start,
            span.end,
            {"plan_id": str(plan.plan_id), "plan_version": plan.version},
            _detail("in advance", span),
        )
    ]


def _detail(words: str, span: Span) -> str:
    if span.share == 1:
        return words
    return f"{words}, {span.days} of {span.month_days} days"


def _prorated(quantity: Decimal, price: Decimal, span: Span, currency: Currency) -> Money:
    share: Fraction = span.share
    return line_amount(quantity * share.numerator, price, currency, per=share.denominator)


def charge_line(charge: OneTimeCharge) -> Line:
    return Line(
        "one_time",
        charge.description,
        Decimal(1),
        None,
        charge.amount.decimal,
        charge.amount,
        charge.on,
        charge.on,
        {"charge_id": str(charge.charge_id)},
        "one-time charge",
    )


def usage_lines(plan: Plan, span: Span, totals: Totals) -> dict[str, Line]:
    """Usage of one period by a key that stays the same in later revisions (R13, R18); nothing for nothing."""
    lines: dict[str, Line] = {}
    counts = (
        ("extensions", "Extensions", totals.extensions_peak, plan.included_extensions, plan.price_extension),
        ("dids", "DIDs", totals.dids_peak, plan.included_dids, plan.price_did),
    )
    kind: LineKind
    for name, word, peak, included, price in counts:
        kind = "extensions" if name == "extensions" else "dids"
        above = max(peak - included, 0)
        if above:
            lines[name] = Line(
                kind,
                f"{word} above the {included:,} included" if included else word,
                Decimal(above),
                None,
                price,
                _prorated(Decimal(above), price, span, plan.currency),
                span.start,
                span.end,
                {"revision": totals.revision, "peak": peak, "included": included},
                _detail(f"peak of {peak:,} at one time", span),
            )
    for part in totals.minutes:
        if part.charged_seconds == 0 and part.charge == 0:
            continue
        words = (
            "Minutes" if not plan.included_minutes else f"Minutes above the {_included(plan, span)} included"
        )
        # Ordinary calls need no word for their class.
        plain = part.call_class in ("standard", "external")
        shown_class = "" if plain else f", {part.call_class.replace('_', ' ')}"
        lines[part.key] = Line(
            "minutes",
            f"{words}, {part.direction}{shown_class}",
            minutes(part.charged_seconds),
            "min",
            part.price_per_minute,
            Money(round_half_up(part.charge.scaleb(exponent(plan.currency))), plan.currency),
            span.start,
            span.end,
            {
                "revision": totals.revision,
                "call_class": part.call_class,
                "direction": part.direction,
                "calls": part.calls,
                "billed_seconds": part.billed_seconds,
                "included_seconds": part.included_seconds,
                "charged_seconds": part.charged_seconds,
                "charge": str(part.charge),
            },
            f"{minutes(part.billed_seconds):,} min of calls",
        )
    return lines


def _included(plan: Plan, span: Span) -> str:
    """Included minutes of the period, in proportion to its days (R17)."""
    share = span.share
    return f"{round_half_up(Decimal(plan.included_minutes * share.numerator) / share.denominator):,}"


def minutes(seconds: int) -> Decimal:
    """Minutes to one decimal, as people see them; money is made of the seconds."""
    return Decimal(round_half_up(Decimal(seconds) / 6)) / 10


def late_lines(one: UsageOf, currency: Currency, room: int) -> tuple[list[Line], dict[str, Billed]]:
    """What the period costs now minus what was billed, per usage line (late usage; R27, R42)."""
    now = usage_lines(one.plan, one.span, one.totals)
    billed = dict(one.billed)
    differences: list[tuple[str, int]] = []
    for key in [*now, *(key for key in billed if key not in now)]:
        before = billed[key].minor if key in billed else 0
        after = now[key].amount.minor if key in now else 0
        differences.append((key, after - before))
    lines: list[Line] = []
    # Additions first, so that they make room for reductions.
    for key, difference in sorted(differences, key=lambda item: item[1] < 0):
        amount = max(difference, -room)
        old = billed.get(key, Billed(0, Decimal(0)))
        new_quantity = now[key].quantity if key in now else Decimal(0)
        if amount == 0 and difference != 0:
            continue
        billed[key] = Billed(old.minor + amount, new_quantity)
        if amount == 0:
            continue
        room += amount
        lines.append(_late_line(key, now.get(key), one, Money(amount, currency), new_quantity - old.quantity))
    return lines, billed


def _late_line(key: str, now: Line | None, one: UsageOf, amount: Money, quantity: Decimal) -> Line:
    evidence = {"revision": one.totals.revision, "of": key, **(now.evidence if now else {})}
    return Line(
        "late_usage",
        f"{now.description if now else 'Correction'}, recorded late",
        quantity,
        now.unit if now else None,
        now.unit_price if now else Decimal(0),
        amount,
        one.span.start,
        one.span.end,
        evidence,
        "difference to what was billed before",
    )
