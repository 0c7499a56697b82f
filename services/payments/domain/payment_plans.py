"""Payment plans (R51, R48): instalments on open invoices, each collected on its day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.clock import local_date, local_midnight
from shared.errors import Invalid
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency, Money

PlanState = Literal["agreed", "kept", "broken", "cancelled"]
MOST_INSTALMENTS = 36


@dataclass(frozen=True, slots=True)
class Part:
    """An instalment as agreed: minor units due on a local day. ``tried``: auto-pay has had its go at it."""

    due_on: date
    amount_minor: int
    tried: bool = False


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """``step_at`` is the next instant at which something is due; None once the plan is over.

    What is paid of it is worked out from what the invoices still cost, never stored.
    """

    provider_id: ProviderId
    tenant_id: TenantId
    plan_id: UUID
    request_id: str
    fingerprint: str
    currency: Currency
    invoice_ids: tuple[InvoiceId, ...]
    total_minor: int
    parts: tuple[Part, ...]
    state: PlanState
    by: str
    agreed_at: datetime
    step_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.state == "agreed"


def equal_parts(total_minor: int, days: Sequence[date], *, step_minor: int = 1) -> tuple[Part, ...]:
    """Equal instalments with the remainder in the first (R51). ``step_minor``: what card amounts are multiples of.

    Raises ``Invalid`` unless the days are different, rising, and each gets something.
    """
    if not 2 <= len(days) <= MOST_INSTALMENTS:
        raise Invalid(f"Agree on 2 to {MOST_INSTALMENTS} instalments.", field="days")
    if list(days) != sorted(set(days)):
        raise Invalid("Give each instalment a day of its own, the earliest first.", field="days")
    each = total_minor // len(days) // step_minor * step_minor
    if each <= 0:
        raise Invalid("These are more instalments than the balance can be split into.", field="days")
    first = total_minor - each * (len(days) - 1)
    return tuple(Part(day, first if place == 0 else each) for place, day in enumerate(days))


def refuse_small_parts(parts: Sequence[Part], least_minor: int, code: Currency) -> None:
    """Raises ``Invalid`` when a card could not pay an instalment (R38)."""
    if min(part.amount_minor for part in parts) < least_minor:
        raise Invalid(
            f"Each instalment must be at least {Money(least_minor, code)}, the smallest card payment. Agree on fewer.",
            field="days",
        )


def paid_parts(plan: PaymentPlan, remaining_minor: int) -> tuple[int, ...]:
    """What is paid of each instalment, in order; ``remaining_minor`` is what the plan's invoices still cost."""
    left = max(0, plan.total_minor - remaining_minor)
    paid = []
    for part in plan.parts:
        share = min(left, part.amount_minor)
        paid.append(share)
        left -= share
    return tuple(paid)


def due_minor(plan: PaymentPlan, remaining_minor: int, today: date) -> int:
    """What is to be collected by the end of ``today`` and is not paid."""
    agreed = sum(part.amount_minor for part in plan.parts if part.due_on <= today)
    paid = max(0, plan.total_minor - remaining_minor)
    return max(0, min(remaining_minor, agreed - paid))


def next_part(plan: PaymentPlan, remaining_minor: int) -> tuple[date, int] | None:
    """The first instalment that is not fully paid, and what is left of it: what Pay Now offers."""
    for part, paid in zip(plan.parts, paid_parts(plan, remaining_minor), strict=True):
        if paid < part.amount_minor:
            return part.due_on, part.amount_minor - paid
    return None


def is_broken(plan: PaymentPlan, remaining_minor: int, today: date) -> bool:
    """Whether an instalment of an earlier day is not paid (R51)."""
    return due_minor(plan, remaining_minor, today - timedelta(days=1)) > 0


def next_step(plan: PaymentPlan, remaining_minor: int, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next instant to look at the plan: the start of the day of an instalment that auto-pay has not tried, or
    the midnight after the first one that is not paid."""
    steps = []
    for part, paid in zip(plan.parts, paid_parts(plan, remaining_minor), strict=True):
        if paid < part.amount_minor:
            if not part.tried:
                steps.append(local_midnight(part.due_on, zone))
            steps.append(local_midnight(part.due_on + timedelta(days=1), zone))
    return min(steps, default=None)


def today_of(now: datetime, zone: ZoneInfo) -> date:
    return local_date(now, zone)
