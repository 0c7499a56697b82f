"""Where a tenant stands on the ladder."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from services.gateway.use_cases.answers.amounts import Amount, Answer
from shared.ids import InvoiceId


class OverdueInvoice(Answer):
    """An invoice that keeps service away until it is paid (R59)."""

    invoice_id: InvoiceId
    number: str
    due_on: date
    balance: Amount


class LadderStep(Answer):
    """A step of the ladder; ``on`` none: a pause keeps it away."""

    kind: str
    day: int
    on: date | None
    at: datetime | None = None
    state: str


class WorksNow(Answer):
    """What calls do at this moment. Emergency calls always go through."""

    outbound: Literal["allow", "reject"]
    inbound: Literal["allow", "announce", "reject"]
    reachable_numbers: tuple[str, ...] = ()


class Pause(Answer):
    """What keeps the ladder still now (R48); ``until`` null: until decided otherwise."""

    kind: Literal["debit", "dispute", "plan", "promise", "hold", "unsuspend"]
    since: datetime
    until: datetime | None


class Standing(Answer):
    """Where a tenant stands on the ladder. ``owed`` is what restores service; ``suspends_on`` the local day on which
    it stops if nobody pays. Who decided by hand, and with which words, stays with the provider."""

    stage: str
    suspended: bool
    since: datetime
    cause: Literal["unpaid", "manual", "spend_limit"] | None = Field(
        None, description="what bars the tenant: paying helps only for `unpaid`"
    )
    owed: Amount
    overdue_invoices: tuple[OverdueInvoice, ...] = ()
    steps: tuple[LadderStep, ...] = ()
    suspends_on: date | None = None
    next_step_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    works_now: WorksNow
    as_of: datetime
