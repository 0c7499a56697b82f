"""What each kind of mail tells: facts without wording, kept on the mail's row until it is written."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from shared.ids import InvoiceId
from shared.money import Money, total


class Kind(StrEnum):
    """The kinds of mail. An event makes at most one mail of a kind."""

    INVOICE_ISSUED = "invoice_issued"
    RECEIPT = "receipt"
    PAYMENT_FAILED = "payment_failed"
    REMINDER = "reminder"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    REFUNDED = "refunded"
    METHOD_EXPIRING = "method_expiring"
    PLAN_AGREED = "plan_agreed"
    PLAN_BROKEN = "plan_broken"
    PLAN_ENDED = "plan_ended"
    REFUND_FAILED = "refund_failed"
    DEBIT_RETURNED = "debit_returned"
    DISPUTE = "dispute"
    TERMINATION_PROPOSED = "termination_proposed"
    USAGE_ALERT = "usage_alert"


# These go to the provider, in its own language; all others to the tenant.
FOR_PROVIDER = frozenset({Kind.DISPUTE, Kind.TERMINATION_PROPOSED})

Reason = Literal["no_funds", "expired", "declined", "authentication", "no_method", "other"]
DisputeState = Literal["opened", "won", "lost"]


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method as people may see it: never more than the last four digits."""

    kind: Literal["card", "us_bank_account", "sepa_debit", "bank_transfer", "cheque", "cash", "other"]
    brand: str
    last4: str
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An invoice with a balance left."""

    number: str
    due_on: date
    balance: Money


@dataclass(frozen=True, slots=True)
class PaidPart:
    """The part of a payment that went to one invoice."""

    number: str
    amount: Money


@dataclass(frozen=True, slots=True)
class IssuedInvoice:
    """``balance`` is what is left to pay after account credit (R31). Not ``collectable``: comes with the next (R38)."""

    number: str
    total: Money
    balance: Money
    issued_on: date
    due_on: date
    collectable: bool
    invoice_id: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that arrived, and what the invoices that it paid still owe after it."""

    amount: Money
    method: Method
    at: datetime
    paid: tuple[PaidPart, ...]
    still_due: tuple[OwedInvoice, ...]

    @property
    def surplus(self) -> Money:
        """What no invoice took: it becomes account credit (R52)."""
        return self.amount - total((part.amount for part in self.paid), self.amount.currency)


@dataclass(frozen=True, slots=True)
class FailedPayment:
    """A payment that took no money. ``by_auto_pay``: nobody was looking at the page."""

    amount: Money
    method: Method
    at: datetime
    reason: Reason
    by_auto_pay: bool
    numbers: tuple[str, ...]
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step of the ladder: ``day`` days after the due day, negative before it (R46)."""

    day: int
    owed: Money
    invoices: tuple[OwedInvoice, ...]
    suspends_on: date | None


@dataclass(frozen=True, slots=True)
class Suspended:
    """Calls are barred. No invoices: the provider did it by hand, or usage came to its limit."""

    both_directions: bool
    since: datetime
    owed: Money
    invoices: tuple[OwedInvoice, ...]
    why: Literal["unpaid", "manual", "spend_limit"] = "unpaid"


@dataclass(frozen=True, slots=True)
class Restored:
    """Calls are allowed again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money goes back, to the method or as account credit (R36)."""

    amount: Money
    method: Method
    to: Literal["method", "credit"]
    at: datetime
    numbers: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ExpiringMethod:
    """A saved card that will soon be refused. ``expires`` of the method is MM/YYYY."""

    method: Method
    is_default: bool


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of a payment plan that is still to be paid."""

    due_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class PlanAgreed:
    """Instalments were agreed (R51). ``numbers``: the invoices, as far as they are known here."""

    numbers: tuple[str, ...]
    instalments: tuple[Instalment, ...]
    owed: Money


@dataclass(frozen=True, slots=True)
class PlanBroken:
    """An instalment was missed: the whole rest is due."""

    numbers: tuple[str, ...]
    missed: tuple[Instalment, ...]
    owed: Money


@dataclass(frozen=True, slots=True)
class PlanEnded:
    """A payment plan is over without a miss. ``owed`` is what was agreed if it was kept, else what is not paid of it."""

    numbers: tuple[str, ...]
    why: Literal["kept", "cancelled"]
    owed: Money


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The tenant's bank did not take a refund: its money became account credit."""

    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class DebitReturned:
    """A bank debit came back after it had counted as paid (R49); what its invoices owe now."""

    amount: Money
    method: Method
    at: datetime
    invoices: tuple[OwedInvoice, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A bank contests a payment, or has decided (R49). ``fee``: what it takes from the provider for that."""

    state: DisputeState
    amount: Money
    fee: Money
    method: Method
    at: datetime
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TerminationProposed:
    """The ladder is at its end: the provider decides whether the contract is (R46)."""

    since: date
    owed: Money
    invoices: tuple[OwedInvoice, ...]


@dataclass(frozen=True, slots=True)
class UsageAlert:
    """Usage of the running period came to a share of a limit. Minutes for included and international, else money."""

    kind: Literal["included_minutes", "spend", "spend_limit", "unusual_international"]
    subject: str
    percent: int
    used_minutes: Decimal | None
    limit_minutes: Decimal | None
    used: Money | None
    limit: Money | None
    start_on: date
    end_on: date


Facts = (
    IssuedInvoice
    | Receipt
    | FailedPayment
    | Reminder
    | Suspended
    | Restored
    | Refunded
    | ExpiringMethod
    | PlanAgreed
    | PlanBroken
    | PlanEnded
    | RefundFailed
    | DebitReturned
    | Dispute
    | TerminationProposed
    | UsageAlert
)

KIND_OF: dict[type[Facts], Kind] = {
    IssuedInvoice: Kind.INVOICE_ISSUED,
    Receipt: Kind.RECEIPT,
    FailedPayment: Kind.PAYMENT_FAILED,
    Reminder: Kind.REMINDER,
    Suspended: Kind.SUSPENDED,
    Restored: Kind.RESTORED,
    Refunded: Kind.REFUNDED,
    ExpiringMethod: Kind.METHOD_EXPIRING,
    PlanAgreed: Kind.PLAN_AGREED,
    PlanBroken: Kind.PLAN_BROKEN,
    PlanEnded: Kind.PLAN_ENDED,
    RefundFailed: Kind.REFUND_FAILED,
    DebitReturned: Kind.DEBIT_RETURNED,
    Dispute: Kind.DISPUTE,
    TerminationProposed: Kind.TERMINATION_PROPOSED,
    UsageAlert: Kind.USAGE_ALERT,
}


def kind_of(facts: Facts) -> Kind:
    return KIND_OF[type(facts)]
