"""What the usage of a period costs: counts, minutes, connect fees, discounts on them, minimum commitment."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from services.invoicing.domain.agreed import Agreed, agreed_on
from services.invoicing.domain.count_lines import count_lines
from services.invoicing.domain.discounts import in_order
from services.invoicing.domain.lines import Line, share_words
from services.invoicing.domain.minute_lines import minute_lines
from services.invoicing.domain.periods import Span
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.proration import minor_of
from services.invoicing.domain.recurring import discount_line, recurring_lines, used_on_fee
from services.invoicing.domain.totals import Totals
from shared.money import Money


def usage_lines(plan: Plan, span: Span, totals: Totals) -> dict[str, Line]:
    """Usage of one period on one plan by a key that stays the same in later revisions (R13, R18)."""
    return arrears_lines(agreed_on(plan, span), totals)


def arrears_lines(agreed: Agreed, totals: Totals) -> dict[str, Line]:
    """All that is billed after the period, by key; nothing for nothing. Fees in arrears are among it."""
    recurring = recurring_lines(agreed, advance=False)
    usage = {
        **count_lines(agreed, totals, "extensions"),
        **count_lines(agreed, totals, "dids"),
        **minute_lines(agreed, totals),
    }
    usage.update(_discounts(agreed, list(usage.values())))
    lines = {**recurring, **usage}
    return {**lines, **_commitment(agreed, sum(line.amount.minor for line in lines.values()), totals)}


def _discounts(agreed: Agreed, lines: Sequence[Line]) -> dict[str, Line]:
    """Percentages, then amounts, on the sum of the usage lines; never more than it (R25)."""
    if not (lines and agreed.discounts):
        return {}
    code = lines[0].amount.currency
    left = sum(line.amount.minor for line in lines)
    made = {}
    for one in in_order(agreed.discounts, agreed.start):
        if one.applies_to == "fee":
            continue
        if one.percent is not None:
            off = minor_of(Fraction(Money(left, code).decimal) * Fraction(one.percent) / 100, code)
        else:
            rest = Fraction(one.amount or 0) - (used_on_fee(agreed, one) if one.applies_to == "all" else 0)
            off = minor_of(rest * agreed.span.share, code)
        off = min(off, left)
        if off > 0:
            key = f"discount/{one.discount_id}/usage"
            made[key] = discount_line(
                one, key, Money(-off, code), agreed.span.start, agreed.span.end, "on usage"
            )
            left -= off
    return made


def _commitment(agreed: Agreed, net_minor: int, totals: Totals) -> dict[str, Line]:
    """What is missing to the minimum: prorated by days, against the period's net arrears (R21)."""
    parts = agreed.usage_parts()
    if net_minor >= 0 and not any(one.what.minimum_commitment_minor for one in parts):
        return {}
    code = parts[0].what.currency
    exact = sum(
        (
            Fraction(Money(one.what.minimum_commitment_minor, code).decimal)
            * min(Fraction(one.days, agreed.span.month_days), Fraction(1))
            for one in parts
        ),
        Fraction(0),
    )
    minimum = minor_of(exact, code)
    missing = minimum - net_minor
    if missing <= 0:
        return {}
    amount = Money(missing, code)
    shown = f"up to the minimum of {Money(minimum, code)}"
    return {
        "commitment": Line(
            "commitment",
            "Minimum commitment",
            Decimal(1),
            None,
            amount.decimal,
            amount,
            agreed.span.start,
            agreed.span.end,
            {
                "key": "commitment",
                "revision": totals.revision,
                "minimum_minor": minimum,
                "net_arrears_minor": net_minor,
            },
            share_words(shown, agreed.span.days, agreed.span.month_days),
        )
    }
