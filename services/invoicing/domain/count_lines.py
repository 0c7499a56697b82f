"""Extensions and DIDs of a period (R17, R18, R19, R21)."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any, Literal

from services.invoicing.domain.agreed import Agreed
from services.invoicing.domain.lines import Line, share_words
from services.invoicing.domain.plans import Plan, TieredUnit
from services.invoicing.domain.proration import Stretch, minor_of, rounded_in_turn
from services.invoicing.domain.tier_lines import shown_quantity, tiered_line
from services.invoicing.domain.tiers import Tiers, tier_charges
from services.invoicing.domain.totals import CountsOf, Totals
from shared.money import Money

Kind = Literal["extensions", "dids"]
_WORDS: dict[Kind, tuple[str, TieredUnit]] = {
    "extensions": ("Extensions", "extension"),
    "dids": ("DIDs", "did"),
}


def count_lines(agreed: Agreed, totals: Totals, kind: Kind) -> dict[str, Line]:
    """In each part its own peak, or days, above what is included, by the days of the part (R18, R19, R21)."""
    lines: dict[str, Line] = {}
    flat: list[tuple[str, Fraction, Line]] = []
    for number, part in enumerate(agreed.usage_parts()):
        counted = _counted(part, totals, kind)
        key = kind if number == 0 else f"{kind}/{part.start}"
        share = min(Fraction(part.days, agreed.span.month_days), Fraction(1))
        tiers = part.what.tiers.get(_WORDS[kind][1])
        if counted.above <= 0:
            continue
        if tiers is None:
            price = part.what.price_extension if kind == "extensions" else part.what.price_did
            line = _count_line(agreed, part, kind, key, counted, price)
            flat.append((key, Fraction(price) * counted.above * share, line))
        else:
            lines.update(_count_tiers(agreed, part, kind, key, counted, tiers))
    code = agreed.plans[0].what.currency
    for _, run in groupby(flat, key=lambda one: one[2].unit_price):
        parts = list(run)
        amounts = rounded_in_turn([exact for _, exact, _ in parts], code)
        for (key, _, line), minor in zip(parts, amounts, strict=True):
            lines[key] = replace(line, amount=Money(minor, code))
    return lines


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many are charged, and the words for it."""

    above: Fraction
    words: str
    evidence: dict[str, Any]


def _counted(part: Stretch[Plan], totals: Totals, kind: Kind) -> _Counted:
    plan = part.what
    included = plan.included_extensions if kind == "extensions" else plan.included_dids
    own = next((one for one in totals.parts if one.start == part.start), None)
    source: Totals | CountsOf = own or totals
    peak = source.extensions_peak if kind == "extensions" else source.dids_peak
    evidence = {"revision": totals.revision, "peak": peak, "included": included}
    if plan.counts == "prorated_days" and own is not None and part.days > 0:
        days = own.extension_days if kind == "extensions" else own.did_days
        above = Fraction(max(days - included * part.days, 0), part.days)
        return _Counted(above, f"{days:,} days held in {part.days} days", {**evidence, "days": days})
    return _Counted(Fraction(max(peak - included, 0)), f"peak of {peak:,} at one time", evidence)


def _count_line(
    agreed: Agreed,
    part: Stretch[Plan],
    kind: Kind,
    key: str,
    counted: _Counted,
    price: Decimal,
) -> Line:
    word, included = _WORDS[kind][0], counted.evidence["included"]
    return Line(
        kind,
        f"{word} above the {included:,} included" if included else word,
        shown_quantity(counted.above),
        None,
        price,
        Money.zero(part.what.currency),
        part.start,
        part.end,
        {"key": key, **counted.evidence},
        share_words(counted.words, part.days, agreed.span.month_days),
    )


def _count_tiers(
    agreed: Agreed, part: Stretch[Plan], kind: Kind, key: str, counted: _Counted, tiers: Tiers
) -> dict[str, Line]:
    share = min(Fraction(part.days, agreed.span.month_days), Fraction(1))
    code = part.what.currency
    lines = {}
    for tier in tier_charges(counted.above, tiers):
        made = _count_line(agreed, part, kind, f"{key}/tier{tier.number}", counted, tier.unit_price)
        lines[f"{key}/tier{tier.number}"] = tiered_line(
            made, tier, Money(minor_of(tier.charge * share, code), code)
        )
    return lines
