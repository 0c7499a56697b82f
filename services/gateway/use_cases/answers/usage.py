"""Figures of a period, and calls."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from services.gateway.use_cases.answers.amounts import Answer
from shared.ids import InvoiceId

Direction = Literal["inbound", "outbound"]


class Held(Answer):
    """Provisioned now, and the most at one time in the period (R18)."""

    used: int
    peak: int


class Minutes(Answer):
    """One class and direction of calls at one price (R13)."""

    kind: Literal["minutes", "connect_fees"] = "minutes"
    key: str | None = Field(None, description="opens the line's calls")
    call_class: str
    direction: Direction
    destination: str | None = None
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    price_per_call: Decimal | None = Field(None, description="of a line of kind connect_fees")
    charge: Decimal = Field(description="major units, exact; rounded once on the invoice")


class UsageDay(Answer):
    """One local day: all its calls and their billed seconds."""

    day: date
    calls: int
    billed_seconds: int
    used_seconds: int = Field(0, description="of calls that are not free: what a meter of minutes counts")
    charged_seconds: int = Field(
        0, description="of those, what included minutes did not cover: above the mark"
    )


class ClassDay(Answer):
    """A local day's calls of one class and direction."""

    day: date
    call_class: str
    direction: Direction
    calls: int
    billed_seconds: int


class Bundle(Answer):
    """Included minutes; ``classes`` null: of every charged class. ``per_extension``: ``seconds`` are one
    extension's own, ``used_seconds`` those of the busiest."""

    name: str
    classes: tuple[str, ...] | None
    per_extension: bool
    seconds: int
    used_seconds: int


class Spending(Answer):
    """Usage charges so far against the plan's alert and limit, in minor units."""

    spend_minor: int
    alert_minor: int | None
    limit_minor: int | None
    currency: str
    holds: bool
    released: bool


class Warned(Answer):
    """Something that was reached; the highest percent of each kind and subject."""

    kind: Literal["included_minutes", "spend", "spend_limit", "unusual_international"]
    subject: str
    percent: int
    used: int
    limit: int


class Usage(Answer):
    """Figures of a period as of an instant."""

    as_of: datetime
    extensions: Held
    dids: Held
    minutes: tuple[Minutes, ...] = ()
    billed_seconds: int
    included_seconds: int
    days: tuple[UsageDay, ...] = ()
    by_class: tuple[ClassDay, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    spending: Spending | None = None
    warnings: tuple[Warned, ...] = ()


class CallInvoice(Answer):
    """The first invoice that counts a call."""

    invoice_id: InvoiceId
    number: str


class Share(Answer):
    """What a call adds to the line that was opened."""

    billed_seconds: int
    included_seconds: int
    charge: Decimal = Field(description="major units, to 6 places; the calls' charges sum to the line")


class Call(Answer):
    """One call. Billed time is whole seconds; no money in a list: a line is rounded once (design/ui.md)."""

    call_id: str
    answered_at: datetime | None
    direction: Direction
    from_: str = Field(alias="from")
    to: str
    call_class: str
    talk_ms: int = 0
    hold_ms: int = Field(0, description="hold by the tenant's own side, which is not billed")
    billed_seconds: int
    extension: str | None = Field(None, description="the tenant's own extension, where it is known")
    destination: str | None = Field(None, description="the rate deck's words")
    not_billed: str | None = Field(None, description="before_plan, after_close or too_late")
    invoice: CallInvoice | None = Field(None, description="null: not invoiced yet, or nothing to bill")


class CallList(Answer):
    """Newest first."""

    calls: tuple[Call, ...]
    next: str | None = None


class CallTotals(Answer):
    """What the calls of the filters come to; ``billed_calls`` are those with billed time."""

    calls: int
    billed_calls: int
    billed_seconds: int
    talk_ms: int
    hold_ms: int


class LineCall(Call):
    """A call with what it adds to the line; a difference between two revisions may be negative."""

    share: Share


class LineCalls(Answer):
    """Calls of an invoice line, oldest first. The equation strip: ``line.billed_seconds`` of ``line.calls`` calls less
    ``line.included_seconds`` is ``line.charged_seconds``, times ``line.price_per_minute`` is ``line.charge``. Of a
    difference (`since`) it is that of ``line`` less that of ``line_before``."""

    calls: tuple[LineCall, ...]
    next: str | None = None
    line: Minutes | None = Field(None, description="null: not in this revision any more")
    line_before: Minutes | None = Field(None, description="the same in the revision `since`")
    revision: int | None = None
