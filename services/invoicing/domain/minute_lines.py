"""Minutes and connect fees of a period (R12, R13, R17, R21)."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from services.invoicing.domain.agreed import Agreed
from services.invoicing.domain.lines import Line, minutes
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.proration import Stretch, minor_of
from services.invoicing.domain.tier_lines import tiered_line
from services.invoicing.domain.tiers import tier_charges
from services.invoicing.domain.totals import Minutes, Totals
from shared.money import Money, exponent, round_half_up


def minute_lines(agreed: Agreed, totals: Totals) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    tiered: dict[int, list[Minutes]] = {}
    parts = agreed.usage_parts()
    for one in totals.minutes:
        number = _part_of(one, parts)
        if one.charged_seconds == 0 and one.charge == 0:
            continue
        if "minute" in parts[number].what.tiers and one.kind == "minutes":
            tiered.setdefault(number, []).append(one)
        else:
            key = one.key
            lines[key] = _minute_line(agreed, parts[number], key, one, totals)
    for number, pooled in sorted(tiered.items()):
        lines.update(_minute_tiers(parts, number, pooled, totals))
    return lines


def _part_of(one: Minutes, parts: Sequence[Stretch[Plan]]) -> int:
    """The first part with the plan by which the calls were rated (R8); the last one where usage names none."""
    for number, part in enumerate(parts):
        if (one.plan_id, one.plan_version) == (str(part.what.plan_id), part.what.version):
            return number
    return len(parts) - 1


def _minute_line(agreed: Agreed, part: Stretch[Plan], key: str, one: Minutes, totals: Totals) -> Line:
    plan = part.what
    amount = Money(round_half_up(one.charge.scaleb(exponent(plan.currency))), plan.currency)
    # Ordinary calls need no word for their class.
    plain = one.call_class in ("standard", "external", "")
    of_class = "" if plain else f", {one.call_class.replace('_', ' ')}"
    to = f", {one.destination}" if one.destination else ""
    evidence: dict[str, Any] = {
        "key": key,
        "revision": totals.revision,
        "call_class": one.call_class,
        "direction": one.direction,
        "calls": one.calls,
        "billed_seconds": one.billed_seconds,
        "included_seconds": one.included_seconds,
        "charged_seconds": one.charged_seconds,
        "charge": str(one.charge),
    }
    if one.destination:
        evidence["destination"] = one.destination
    if one.kind == "connect_fees":
        price = one.price_per_call if one.price_per_call is not None else Decimal(0)
        words = f"Connect fees, {one.direction}{of_class}{to}"
        shown = (Decimal(one.calls), "call", price, "one for each connected call")
    else:
        words = f"{_minutes_words(agreed, plan)}, {one.direction}{of_class}{to}"
        shown = (
            minutes(one.charged_seconds),
            "min",
            one.price_per_minute,
            f"{minutes(one.billed_seconds):,} min of calls",
        )
    kind: Literal["connect_fees", "minutes"] = "connect_fees" if one.kind == "connect_fees" else "minutes"
    return Line(kind, words, shown[0], shown[1], shown[2], amount, part.start, part.end, evidence, shown[3])


def _minutes_words(agreed: Agreed, plan: Plan) -> str:
    """Included minutes are those of the whole period, in proportion to its days (R17)."""
    if not plan.included_minutes:
        return "Minutes"
    if len(agreed.usage_parts()) > 1:
        return "Minutes above the included"
    share = agreed.span.share
    included = round_half_up(Decimal(plan.included_minutes * share.numerator) / share.denominator)
    return f"Minutes above the {included:,} included"


def _minute_tiers(
    parts: Sequence[Stretch[Plan]], number: int, pooled: Sequence[Minutes], totals: Totals
) -> dict[str, Line]:
    """All charged minutes of the plan together climb the tiers, both directions (R21)."""
    part = parts[number]
    code = part.what.currency
    charged = sum(one.charged_seconds for one in pooled)
    billed_seconds = sum(one.billed_seconds for one in pooled)
    after = "" if number == 0 else f"/{part.start}"
    evidence = {
        "revision": totals.revision,
        "of": sorted(one.key for one in pooled),
        "charged_seconds": charged,
        "billed_seconds": billed_seconds,
        "calls": sum(one.calls for one in pooled),
    }
    words = "Minutes above the included" if part.what.included_minutes else "Minutes"
    detail = f"{minutes(billed_seconds):,} min of calls"
    lines = {}
    for tier in tier_charges(Fraction(charged, 60), part.what.tiers["minute"]):
        key = f"tier/minute/{tier.number}{after}"
        amount = Money(minor_of(tier.charge, code), code)
        plain = Line(
            "minutes",
            words,
            Decimal(0),
            "min",
            tier.unit_price,
            amount,
            part.start,
            part.end,
            {"key": key, **evidence},
            detail,
        )
        lines[key] = tiered_line(plain, tier, amount)
    return lines
