"""A tenant's subscription over time, and what follows from it for a period (R20, R23, R26, R55)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.invoicing.domain.agreed import Agreed, FeeSpan, agreed, whole_fee
from services.invoicing.domain.discounts import Discount
from services.invoicing.domain.periods import Span, anchor_in, previous_anchor, span_from
from services.invoicing.domain.plans import Plan
from shared.errors import Conflict, Invalid
from shared.ids import PlanId

QUANTITY_MAX = 10**6


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was agreed from which day on: plan versions, add-on quantities by code, and discounts."""

    plans: tuple[tuple[date, PlanId, int], ...] = ()
    add_ons: Mapping[str, tuple[tuple[date, int], ...]] = field(default_factory=dict)
    discounts: tuple[Discount, ...] = ()

    def plan_on(self, day: date) -> tuple[PlanId, int]:
        """The plan version of a day; the first one before it began."""
        ordered = sorted(self.plans)
        held = [one for one in ordered if one[0] <= day] or ordered[:1]
        return held[-1][1], held[-1][2]

    def with_plan(self, day: date, plan_id: PlanId, version: int) -> "Timeline":
        """From ``day`` on another plan; whatever was planned for that day or later is replaced (R23)."""
        kept = [one for one in self.plans if one[0] < day]
        return replace(self, plans=(*kept, (day, plan_id, version)))

    def with_add_on(self, code: str, day: date, quantity: int) -> "Timeline":
        """From ``day`` on another quantity; whatever was planned for that day or later is replaced."""
        kept = [one for one in self.add_ons.get(code, ()) if one[0] < day]
        return replace(self, add_ons={**self.add_ons, code: (*kept, (day, quantity))})

    def with_discount(self, one: Discount) -> "Timeline":
        return replace(self, discounts=(*self.discounts, one))


def agreed_for(
    timeline: Timeline,
    span: Span,
    fee: FeeSpan | None,
    plan_of: Callable[[PlanId, int], Plan],
) -> Agreed:
    """What was agreed for a period. ``plan_of`` gives a plan's version."""
    end = span.end if fee is None else max(span.end, fee.end)
    wanted = [one for one in sorted(timeline.plans) if one[0] < max(end, span.start)] or sorted(
        timeline.plans
    )[:1]
    # Only the last one before the period still matters.
    first = max((index for index, one in enumerate(wanted) if one[0] <= span.start), default=0)
    plans = [(day, plan_of(plan_id, version)) for day, plan_id, version in wanted[first:]]
    return agreed(span, fee, plans, timeline.add_ons, timeline.discounts)


def fee_span(plan: Plan, span: Span, anchor_day: int, paid_until: date | None) -> FeeSpan | None:
    """What the fee that begins with ``span`` pays for: the month, or a year from anchor to anchor (R20).

    ``paid_until``: the day to which an earlier fee is paid; the later months of a year have none of their own.
    """
    if plan.interval == "month":
        return whole_fee(span)
    if paid_until is not None and paid_until > span.start:
        return None
    return year_from(span.start, anchor_day)


def year_from(start: date, anchor_day: int) -> FeeSpan:
    """From ``start`` to the anchor that ends its year; short when ``start`` is no anchor (R22)."""
    is_anchor = start == anchor_in(start.year, start.month, anchor_day)
    first = start if is_anchor else previous_anchor(start, anchor_day)
    end = anchor_in(first.year + 1, first.month, anchor_day)
    return FeeSpan(start, end, (end - first).days, end)


def next_span(before: Plan, after: Plan, start: date, anchor_day: int) -> tuple[Span, int]:
    """The period that begins on ``start``, and its anchor: a change between monthly and yearly begins anew (R26)."""
    anchor = anchor_day if before.interval == after.interval else start.day
    return span_from(start, anchor), anchor


def day_of_change(when: str | date, today: date, start: date, end: date) -> date:
    """The day from which a change holds in the running period ``[start, end)``.

    Raises ``Conflict`` for a day before it (those invoices are issued), ``Invalid`` for one that is too far.
    """
    if when == "period_end":
        return end
    day = max(today, start) if when == "now" else when
    if not isinstance(day, date):
        raise Invalid("`when` is now, period_end, or a day as YYYY-MM-DD.", field="when")
    if day < start:
        raise Conflict(
            f"The change would reach back into a period that is closed: the running one began on {start}."
            " Choose that day or a later one, and correct the issued invoice by a credit note or a charge.",
            field="when",
        )
    if day > today and day != end and day != start:
        raise Invalid(
            f"A change holds from today ({today}) or an earlier day of the period, or from its end ({end});"
            " choose one of these.",
            field="when",
        )
    return day


def check_quantity(quantity: int) -> None:
    """Raises ``Invalid``."""
    if not 0 <= quantity <= QUANTITY_MAX:
        raise Invalid(f"The quantity must be 0 to {QUANTITY_MAX:,}.", field="quantity")
