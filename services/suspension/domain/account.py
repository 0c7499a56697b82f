"""What is known of a tenant's debts: the facts from which its standing is derived. Nothing here has a memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Literal
from uuid import UUID

from shared.ids import InvoiceId


class Stage(StrEnum):
    """How far the ladder has gone (design/telephony.md, section 2)."""

    NONE = "none"
    NOTICE = "notice"
    OUTBOUND_BARRED = "outbound_barred"
    BOTH_BARRED = "both_barred"

    @property
    def barred(self) -> bool:
        return self in (Stage.OUTBOUND_BARRED, Stage.BOTH_BARRED)


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice. ``settled_at``: when nothing was left to pay or it was cancelled; None while open.

    ``collectable`` is false below the card's minimum: never overdue alone (R38). ``reopened_at``: when a bank took a
    payment back (R49); what the tenant was told before that was about a debt that it had paid.
    """

    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    balance_minor: int
    currency: str
    collectable: bool = True
    settled_at: datetime | None = None
    reopened_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.settled_at is None and self.balance_minor > 0


# ``paid``: between a payment and its chargeback nothing was owed, so those days do not count either.
PauseKind = Literal["debit", "dispute", "plan", "paid", "promise", "hold", "unsuspend"]
LimitKind = Literal["spend_limit", "unusual_international"]


@dataclass(frozen=True, slots=True)
class Pause:
    """``[since, until)`` in which the days of its invoices do not count (R48). No invoices named: all of them.

    A promise, a payment plan, a hold and a manual unsuspend also lift a suspension; a bank debit in process and a
    dispute do so only where the policy says so (R48).
    """

    kind: PauseKind
    since: datetime
    until: datetime | None
    invoice_ids: frozenset[InvoiceId] | None = None

    @property
    def lifts(self) -> bool:
        return self.kind not in ("debit", "dispute", "paid")

    def covers(self, invoice: Invoice) -> bool:
        return self.invoice_ids is None or invoice.invoice_id in self.invoice_ids

    def holds_at(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class ManualSuspension:
    """The provider suspended the tenant by hand; it wins over the ladder, and paying does not end it."""

    since: datetime
    until: datetime | None
    reason: str

    def holds_at(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class ReminderSent:
    """A reminder that went out: for the ladder of ``anchor``, on its ``day``, naming ``invoice_ids``."""

    anchor: InvoiceId
    day: int
    sent_at: datetime
    invoice_ids: frozenset[InvoiceId]


@dataclass(frozen=True, slots=True)
class Limit:
    """Usage says that a limit was reached: ``[since, until)``, None while nobody cleared it."""

    kind: LimitKind
    since: datetime
    until: datetime | None

    def holds_at(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Account:
    """All facts about one tenant. The order of the sequences means nothing."""

    invoices: Sequence[Invoice] = ()
    pauses: Sequence[Pause] = ()
    suspensions: Sequence[ManualSuspension] = ()
    reminders: Sequence[ReminderSent] = ()
    limits: Sequence[Limit] = ()


FactKind = Literal["debit", "dispute", "plan", "paid", "spend_limit", "unusual_international"]


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """Something began (``ended`` false) or was over: a debit in process, a dispute, a plan, a paid time, a limit.

    ``source_id`` is the payment, dispute, plan, invoice or tenant. Facts of one instant: the end comes after the
    beginning; a test clock stands still between them.
    """

    source_id: UUID
    at: datetime
    ended: bool
    invoice_ids: frozenset[InvoiceId] = field(compare=False, default=frozenset())
    kind: FactKind = "debit"


@dataclass(frozen=True, slots=True)
class Span:
    """``[since, until)`` of one source."""

    kind: FactKind
    since: datetime
    until: datetime | None
    invoice_ids: frozenset[InvoiceId]


def spans_of(facts: Iterable[Fact]) -> list[Span]:
    """The intervals between beginnings and ends. The order of arrival does not matter, nor repeats."""
    spans: list[Span] = []
    for (kind, _), of_source in groupby(sorted(set(facts), key=_place), key=lambda fact: _place(fact)[:2]):
        begun: Fact | None = None
        for fact in of_source:
            if not fact.ended:
                begun = begun or fact
            elif begun is not None:
                spans.append(Span(kind, begun.at, fact.at, begun.invoice_ids))
                begun = None
        if begun is not None:
            spans.append(Span(kind, begun.at, None, begun.invoice_ids))
    return spans


def _place(fact: Fact) -> tuple[FactKind, UUID, datetime, bool]:
    return fact.kind, fact.source_id, fact.at, fact.ended


def pauses_of(spans: Iterable[Span]) -> list[Pause]:
    """A paid time that has not ended is no pause: the invoice is settled."""
    return [
        Pause(span.kind, span.since, span.until, span.invoice_ids)
        for span in spans
        if (span.kind == "debit" or span.kind == "dispute" or span.kind == "plan" or span.kind == "paid")
        and not (span.kind == "paid" and span.until is None)
    ]


def limits_of(spans: Iterable[Span]) -> list[Limit]:
    return [
        Limit(span.kind, span.since, span.until)
        for span in spans
        if span.kind == "spend_limit" or span.kind == "unusual_international"
    ]


def ids(invoices: Iterable[Invoice]) -> frozenset[InvoiceId]:
    return frozenset(invoice.invoice_id for invoice in invoices)


def invoice_ids(values: Iterable[UUID]) -> frozenset[InvoiceId]:
    return frozenset(InvoiceId(value) for value in values)
