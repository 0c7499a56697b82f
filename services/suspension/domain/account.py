"""What is known of a tenant's debts: the facts from which its standing is derived. Nothing here has a memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Literal
from uuid import UUID

from shared.ids import InvoiceId, PaymentId


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

    ``collectable`` is false below the card's minimum: never overdue alone (R38).
    """

    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    balance_minor: int
    currency: str
    collectable: bool = True
    settled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.settled_at is None and self.balance_minor > 0


PauseKind = Literal["debit", "promise", "hold", "unsuspend"]


@dataclass(frozen=True, slots=True)
class Pause:
    """``[since, until)`` in which the days of its invoices do not count (R48). No invoices named: all of them.

    A promise, a hold and a manual unsuspend also lift a suspension; a bank debit in process does not (R48).
    """

    kind: PauseKind
    since: datetime
    until: datetime | None
    invoice_ids: frozenset[InvoiceId] | None = None

    @property
    def lifts(self) -> bool:
        return self.kind != "debit"

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
class Account:
    """All facts about one tenant. The order of the sequences means nothing."""

    invoices: Sequence[Invoice] = ()
    pauses: Sequence[Pause] = ()
    suspensions: Sequence[ManualSuspension] = ()
    reminders: Sequence[ReminderSent] = ()


@dataclass(frozen=True, slots=True, order=True)
class PaymentFact:
    """One event of a payment: a bank debit began (``ended`` false), or its outcome is known.

    Facts of one instant: the outcome comes after the beginning; a test clock stands still between them.
    """

    payment_id: PaymentId
    at: datetime
    ended: bool
    invoice_ids: frozenset[InvoiceId] = field(compare=False)


def debit_pauses(facts: Iterable[PaymentFact]) -> list[Pause]:
    """The intervals in which a bank debit was in process. The order of arrival does not matter."""
    pauses: list[Pause] = []
    for _, of_payment in groupby(sorted(set(facts)), key=lambda fact: fact.payment_id):
        begun: PaymentFact | None = None
        for fact in of_payment:
            if not fact.ended:
                begun = begun or fact
            elif begun is not None:
                pauses.append(Pause("debit", begun.at, fact.at, begun.invoice_ids))
                begun = None
        if begun is not None:
            pauses.append(Pause("debit", begun.at, None, begun.invoice_ids))
    return pauses


def ids(invoices: Iterable[Invoice]) -> frozenset[InvoiceId]:
    return frozenset(invoice.invoice_id for invoice in invoices)


def invoice_ids(values: Iterable[UUID]) -> frozenset[InvoiceId]:
    return frozenset(InvoiceId(value) for value in values)
