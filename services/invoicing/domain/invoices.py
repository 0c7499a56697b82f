"""Makes an invoice from plain data: the same function for the real one and the preview.

Rules: rules of money (design/product.md), R13, R17, R18, R22, R28-R33.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from services.invoicing.domain.periods import Period, prorated
from services.invoicing.domain.plans import Plan
from shared.money import Currency, Money, exponent, line_amount, round_half_up, total

LineKind = Literal["fee", "extensions", "dids", "minutes", "one_time", "late_usage"]
_DIRECTIONS = {"inbound": "inbound", "outbound": "outbound"}


@dataclass(frozen=True, slots=True)
class Minutes:
    """Metered minutes of one class and direction at one price; ``charge`` is exact, in major units."""

    call_class: str
    direction: str
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal

    @property
    def key(self) -> tuple[str, str, Decimal]:
        """What makes a usage line (R13)."""
        return self.call_class, self.direction, self.price_per_minute


@dataclass(frozen=True, slots=True)
class Totals:
    """What usage metered for a period; ``revision`` is the evidence on the lines."""

    revision: int
    extensions_peak: int
    dids_peak: int
    minutes: tuple[Minutes, ...] = ()


@dataclass(frozen=True, slots=True)
class OneTimeCharge:
    """A charge that happened once; never prorated (R22)."""

    description: str
    amount: Money
    on: date


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax by the provider's name for it; ``rate`` in percent."""

    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``quantity`` in ``unit`` (minutes shown to a decimal, counted in seconds); dates half-open."""

    kind: LineKind
    description: str
    quantity: Decimal
    unit: Literal["", "min"]
    unit_price: Decimal
    amount: Money
    start: date
    end: date
    note: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax on the sum of its taxable lines, rounded once."""

    name: str
    rate: Decimal
    taxable: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice before it has a number. Header figures are sums of the rounded parts."""

    currency: Currency
    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...] = field(default_factory=tuple)

    @property
    def subtotal(self) -> Money:
        return total((line.amount for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        return total((tax.amount for tax in self.taxes), self.currency)

    @property
    def total(self) -> Money:
        return self.subtotal + self.tax


def fee_lines(plan: Plan, period: Period) -> list[Line]:
    """The fee in advance of a period; none for pay-as-you-go."""
    if plan.monthly_fee is None:
        return []
    monthly = plan.monthly_fee.decimal
    amount = line_amount(Decimal(1), prorated(monthly, period), plan.currency)
    days = "" if period.days == period.full_days else f"{period.days} of {period.full_days} days"
    return [Line("fee", f"{plan.name} plan", Decimal(1), "", monthly, amount, period.start, period.end, days)]


def count_lines(plan: Plan, period: Period, totals: Totals) -> list[Line]:
    """Extensions and DIDs by their peak at one time (R18), above what is included; prices prorated by days (R22)."""
    made = []
    counts = (
        ("extensions", "Extensions", totals.extensions_peak, plan.included.extensions, plan.prices.extension),
        ("dids", "DIDs", totals.dids_peak, plan.included.dids, plan.prices.did),
    )
    for kind, name, peak, included, price in counts:
        above = max(0, peak - included)
        if above == 0:
            continue
        description = f"{name} above the {included} included" if included else name
        amount = line_amount(Decimal(above), prorated(price, period), plan.currency)
        made.append(
            Line(
                "extensions" if kind == "extensions" else "dids",
                description,
                Decimal(above),
                "",
                price,
                amount,
                period.start,
                period.end,
                f"peak of {peak} at one time",
                totals.revision,
            )
        )
    return made


def _class_words(minutes: Minutes) -> str:
    return "" if minutes.call_class == "external" else f" {minutes.call_class.replace('_', ' ')},"


def minute_lines(plan: Plan, period: Period, totals: Totals) -> list[Line]:
    """One line per class, direction and price (R13): the exact sum of its calls' charges, rounded once (R12)."""
    made = []
    for minutes in sorted(totals.minutes, key=lambda m: m.key):
        if minutes.charged_seconds == 0:
            continue
        included = f" above the {plan.included.minutes:,} included" if plan.included.minutes else ""
        made.append(
            Line(
                "minutes",
                f"Minutes{included},{_class_words(minutes)} {_DIRECTIONS[minutes.direction]}",
                Decimal(minutes.charged_seconds) / 60,
                "min",
                minutes.price_per_minute,
                _rounded(minutes.charge, plan.currency),
                period.start,
                period.end,
                f"{Decimal(minutes.billed_seconds) / 60:,.1f} min of {minutes.calls:,} calls",
                totals.revision,
            )
        )
    return made


def late_lines(plan: Plan, period: Period, billed: Totals, now: Totals) -> list[Line]:
    """Late usage: the whole period rated again minus what was billed, by line, naming its own period (R42)."""
    before = {m.key: m for m in billed.minutes}
    after = {m.key: m for m in now.minutes}
    made = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        amount = _charge(new, plan.currency) - _charge(old, plan.currency)
        seconds = (new.charged_seconds if new else 0) - (old.charged_seconds if old else 0)
        if not amount:
            continue
        known = new or old
        assert known is not None
        calls = (new.calls if new else 0) - (old.calls if old else 0)
        made.append(
            Line(
                "late_usage",
                f"Late usage,{_class_words(known)} {_DIRECTIONS[known.direction]}",
                Decimal(seconds) / 60,
                "min",
                known.price_per_minute,
                amount,
                period.start,
                period.end,
                f"{calls:,} calls that arrived after the invoice of that period",
                now.revision,
            )
        )
    return made


def _rounded(charge: Decimal, code: Currency) -> Money:
    return Money(round_half_up(charge.scaleb(exponent(code))), code)


def _charge(minutes: Minutes | None, code: Currency) -> Money:
    return _rounded(minutes.charge, code) if minutes is not None else Money.zero(code)


def one_time_lines(charges: Sequence[OneTimeCharge]) -> list[Line]:
    return [
        Line(
            "one_time",
            c.description,
            Decimal(1),
            "",
            c.amount.decimal,
            c.amount,
            c.on,
            c.on,
            "one-time charge",
        )
        for c in charges
    ]


def make_draft(code: Currency, lines: Sequence[Line], rates: Sequence[TaxRate]) -> Draft:
    """Each rate applies to the sum of its taxable lines and is rounded half up once."""
    taxable = total((line.amount for line in lines), code)
    taxes = tuple(
        TaxLine(rate.name, rate.rate, taxable, line_amount(taxable.decimal, rate.rate, code, per=100))
        for rate in rates
        if rate.rate != 0
    )
    return Draft(code, tuple(lines), taxes)


def period_lines(
    *,
    plan: Plan,
    ended: Period | None,
    totals: Totals | None,
    next_period: Period | None,
    charges: Sequence[OneTimeCharge] = (),
    late: Sequence[Line] = (),
) -> list[Line]:
    """The lines of an anchor's invoice: next fee in advance, ended usage in arrears, late usage, one-time (R28)."""
    lines: list[Line] = []
    if next_period is not None:
        lines += fee_lines(plan, next_period)
    if ended is not None and totals is not None:
        lines += count_lines(plan, ended, totals)
        lines += minute_lines(plan, ended, totals)
    return [*lines, *late, *one_time_lines(charges)]
