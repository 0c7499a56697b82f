"""What was agreed for one billing period: plans, add-ons and discounts over its days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.invoicing.domain.discounts import Discount
from services.invoicing.domain.periods import Span
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.proration import Stretch, stretches


@dataclass(frozen=True, slots=True)
class FeeSpan:
    """Local days ``[start, end)`` that a fee pays for, of ``whole_days`` from anchor to anchor; used to ``until``."""

    start: date
    end: date
    whole_days: int
    until: date

    def share(self, days: int) -> Fraction:
        return min(Fraction(days, self.whole_days), Fraction(1))


@dataclass(frozen=True, slots=True)
class Agreed:
    """``span``: the days of usage, cut short when the period was. ``fee``: none in the later months of a year (R20).

    ``plans`` cover the days of usage and of the fee; ``add_ons`` the days of usage, by code.
    """

    span: Span
    plans: tuple[Stretch[Plan], ...]
    fee: FeeSpan | None
    add_ons: tuple[tuple[str, tuple[Stretch[int], ...]], ...] = ()
    discounts: tuple[Discount, ...] = ()

    @property
    def start(self) -> date:
        return self.span.start

    def plan_at(self, day: date) -> Plan:
        """The plan of a day; that of the nearest day where none was agreed."""
        for stretch in self.plans:
            if day < stretch.end:
                return stretch.what
        return self.plans[-1].what

    def usage_parts(self) -> list[Stretch[Plan]]:
        """The plans over the days of usage; an empty period has its first plan."""
        parts = [
            Stretch(max(one.start, self.span.start), min(one.end, self.span.end), one.what)
            for one in self.plans
            if one.start < self.span.end and one.end > self.span.start
        ]
        return parts or [Stretch(self.span.start, self.span.end, self.plans[0].what)]


def agreed(
    span: Span,
    fee: FeeSpan | None,
    plans: Iterable[tuple[date, Plan]],
    add_ons: Mapping[str, Iterable[tuple[date, int]]] | None = None,
    discounts: Iterable[Discount] = (),
) -> Agreed:
    """From timelines: (day from which it holds, what); the order in which they are given does not matter but for
    two changes of one day, of which the last counts (R23).
    """
    end = span.end if fee is None else max(span.end, fee.until)
    counted = []
    for code, changes in sorted((add_ons or {}).items()):
        held = [one for one in stretches(span.start, span.end, changes) if one.what > 0]
        if held:
            counted.append((code, tuple(held)))
    covered = tuple(stretches(span.start, max(end, span.start), plans))
    if not covered:
        # An empty period: what held on its day is still needed to say what is given back.
        first = min(plans, key=lambda change: change[0])
        covered = (Stretch(span.start, span.start, first[1]),)
    return Agreed(span, covered, fee, tuple(counted), tuple(discounts))


def whole_fee(span: Span) -> FeeSpan:
    """The fee of a month that is used to its end."""
    return FeeSpan(span.start, span.end, span.month_days, span.end)


def agreed_on(plan: Plan, span: Span) -> Agreed:
    """One plan for the whole of one month."""
    return agreed(span, whole_fee(span) if plan.fee is not None else None, [(span.start, plan)])
