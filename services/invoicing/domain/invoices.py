"""Makes an invoice out of plain data: lines rounded once, tax once per rate on their sum (rules of money).

The same function serves the real invoice, the preview and the dry run of a change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.invoicing.domain.agreed import agreed_on
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.differences import (
    Difference,
    Surplus,
    bill,
    fee_differences,
    usage_differences,
)
from services.invoicing.domain.lines import Billed, FeeOf, Line, OneTimeCharge, UsageOf, charge_line
from services.invoicing.domain.periods import Span
from services.invoicing.domain.plans import Plan
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
    # Reductions that found no room (R29), before tax.
    surplus: tuple[Surplus, ...] = ()


def make_invoice(
    currency: Currency,
    *,
    usage: UsageOf | None = None,
    fee: FeeOf | tuple[Plan, Span] | None = None,
    charges: Sequence[OneTimeCharge] = (),
    late: Sequence[UsageOf] = (),
    taxes: Sequence[Tax] = (),
    prices_include_tax: bool = False,
    rounded_on: date | None = None,
) -> Draft:
    """The fee of the next period, the usage of the ended one, one-time charges, changes and late usage, tax (R28).

    Reductions never take the subtotal below zero: what is left over is the surplus, and stays unbilled in
    ``billed`` so that it comes off a later invoice unless somebody makes credit of it (R29).
    With ``prices_include_tax`` the lines are turned into nets (R35); ``billed`` stays in terms of the price list.
    ``rounded_on`` dates the rounding line of a currency that has one (R39).
    """
    fee_of = FeeOf(agreed_on(*fee), {}) if isinstance(fee, tuple) else fee
    ordinary: list[Difference] = fee_differences(fee_of) if fee_of else []
    if usage is not None:
        ordinary += usage_differences(usage, late=False)
    others = [difference for one in late for difference in usage_differences(one, late=True)]
    charged = [charge_line(charge) for charge in charges]
    room = sum(line.amount.minor for line in charged)
    room += sum(one.minor for one in [*ordinary, *others] if one.fresh)
    fresh, billed, _ = bill([one for one in ordinary if one.fresh], 0, currency)
    changed, then, surplus = bill([one for one in [*ordinary, *others] if not one.fresh], room, currency)
    lines, taxed = _with_tax([*fresh, *charged, *changed], taxes, currency, prices_include_tax)
    subtotal = total((line.amount for line in lines), currency)
    tax_total = total((tax.amount for tax in taxed), currency)
    rest = rounding_line(subtotal + tax_total, rounded_on) if rounded_on is not None else None
    if rest is not None:
        lines.append(rest)
        subtotal = subtotal + rest.amount
    metered = [one for one in [*([usage] if usage else []), *late] if one.metered]
    return Draft(
        tuple(lines),
        taxed,
        subtotal,
        tax_total,
        subtotal + tax_total,
        _merged(usage, fee_of, late, billed, then),
        tuple(charge.charge_id for charge in charges),
        usage.span if usage is not None else None,
        _fee_period(fee_of, fresh),
        tuple((one.span, one.totals.revision) for one in metered),
        tuple(surplus),
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


def _merged(
    usage: UsageOf | None,
    fee: FeeOf | None,
    late: Sequence[UsageOf],
    *made: Mapping[date, Mapping[str, Billed]],
) -> dict[date, dict[str, Billed]]:
    """By period: what was billed before, overlaid with what is billed now; nothing for what came to nothing."""
    before: dict[date, Mapping[str, Billed]] = {one.span.start: one.billed for one in late}
    if usage is not None:
        before[usage.span.start] = usage.billed
    if fee is not None:
        before[fee.agreed.start] = fee.billed
    merged: dict[date, dict[str, Billed]] = {}
    for start, kept in before.items():
        merged[start] = dict(kept)
        for one in made:
            merged[start].update(one.get(start, {}))
    return merged


def _fee_period(fee: FeeOf | None, lines: Sequence[Line]) -> Span | None:
    """The days for which the fee is billed; a year where it is yearly (R20)."""
    if fee is None or fee.agreed.fee is None or not any(line.kind in ("fee", "add_on") for line in lines):
        return None
    yearly = any(part.what.interval == "year" for part in fee.agreed.plans)
    span = fee.agreed.fee
    return Span(span.start, span.end, span.whole_days) if yearly else fee.agreed.span
