"""Makes an invoice out of plain data: lines rounded once, tax once per rate on their sum (rules of money).

The same function serves the real invoice and the preview.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.invoicing.domain.catalogue import Plan, Tax
from services.invoicing.domain.lines import (
    Billed,
    Line,
    OneTimeCharge,
    UsageOf,
    charge_line,
    fee_lines,
    late_lines,
    usage_lines,
)
from services.invoicing.domain.periods import Span
from services.invoicing.domain.rounding import rounding_line
from services.invoicing.domain.taxes import TaxLine, split_gross, tax_lines
from shared.money import Currency, Money, total


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice without a number. ``billed`` is what each period has now been billed, by its start and line key."""

    lines: tuple[Line, ...]
    taxes: tuple[TaxLine, ...]
    subtotal: Money
    tax: Money
    total: Money
    billed: Mapping[date, Mapping[str, Billed]]
    charges: tuple[UUID, ...]
    # The two ranges that an invoice prints (R28); usage also where nothing was used.
    usage_period: Span | None = None
    fee_period: Span | None = None
    # The revisions of usage that are billed, by period.
    usage_billed: tuple[tuple[Span, int], ...] = ()


def make_invoice(
    currency: Currency,
    *,
    usage: UsageOf | None = None,
    fee: tuple[Plan, Span] | None = None,
    charges: Sequence[OneTimeCharge] = (),
    late: Sequence[UsageOf] = (),
    taxes: Sequence[Tax] = (),
    prices_include_tax: bool = False,
    rounded_on: date | None = None,
) -> Draft:
    """The fee of the next period, the usage of the ended one, one-time charges, late usage, tax (R28).

    Late usage may be negative; it never takes the subtotal below zero: what is left over stays unbilled and comes
    off a later invoice (R29). With ``prices_include_tax`` the lines are turned into nets (R35); ``billed`` stays in
    terms of the price list. ``rounded_on`` dates the rounding line of a currency that has one (R39).
    """
    lines: list[Line] = []
    billed: dict[date, dict[str, Billed]] = {}
    if fee is not None:
        lines += fee_lines(*fee)
    if usage is not None:
        keyed = usage_lines(usage.plan, usage.span, usage.totals)
        lines += keyed.values()
        billed[usage.span.start] = {
            key: Billed(line.amount.minor, line.quantity) for key, line in keyed.items()
        }
    lines += [charge_line(charge) for charge in charges]
    room = sum(line.amount.minor for line in lines)
    for one in late:
        made, billed[one.span.start] = late_lines(one, currency, room)
        room += sum(line.amount.minor for line in made)
        lines += made
    lines, taxed = _with_tax(lines, taxes, currency, prices_include_tax)
    tax_total = total((tax.amount for tax in taxed), currency)
    subtotal = total((line.amount for line in lines), currency)
    rest = rounding_line(subtotal + tax_total, rounded_on) if rounded_on is not None else None
    if rest is not None:
        lines.append(rest)
        subtotal = subtotal + rest.amount
    return Draft(
        tuple(lines),
        taxed,
        subtotal,
        tax_total,
        subtotal + tax_total,
        billed,
        tuple(charge.charge_id for charge in charges),
        usage.span if usage is not None else None,
        fee[1] if fee is not None and fee[0].monthly_fee_minor is not None else None,
        tuple((one.span, one.totals.revision) for one in [*([usage] if usage else []), *late]),
    )


def _with_tax(
    lines: Sequence[Line], taxes: Sequence[Tax], currency: Currency, prices_include_tax: bool
) -> tuple[list[Line], tuple[TaxLine, ...]]:
    """Net lines and their tax. A line made of a gross price keeps it as evidence."""
    if not (prices_include_tax and taxes and lines):
        return list(lines), tax_lines(taxes, total((line.amount for line in lines), currency))
    nets, taxed = split_gross([line.amount for line in lines], taxes)
    return [
        replace(line, amount=net, evidence={**line.evidence, "gross_minor": line.amount.minor})
        for line, net in zip(lines, nets, strict=True)
    ], taxed
