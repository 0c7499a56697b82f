"""What a language's catalogue of mail texts holds; a text that is missing is a type error.

Names in braces are filled in ``letters.py``: amounts, days and lists in the tenant's locale, and what people are called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.notifications.domain.facts import DisputeState, Reason


class Plural(NamedTuple):
    """A text for one and one for several; the languages here need no more."""

    one: str
    other: str

    def of(self, count: int) -> str:
        return self.one if count == 1 else self.other


class Kinds(NamedTuple):
    """Names of payment methods that have no brand."""

    card: str
    bank_account: str
    bank_transfer: str
    cheque: str
    cash: str
    other: str


@dataclass(frozen=True, slots=True)
class Labels:
    """Before the figures of the small table."""

    invoice: str
    invoice_number: str  # {number}
    owed_row: str  # {number} {day}
    issued: str
    total: str
    credit_used: str
    amount_due: str
    due: str
    paid: str
    date: str
    method: str
    still_due: str  # {number}
    account_credit: str
    amount: str
    suspension: str
    suspended_since: str
    restored: str
    instalment: str  # {day}
    missed: str  # {day}
    used: str
    limit: str
    expires: str
    reason: str
    customer: str
    fee: str
    returned: str


@dataclass(frozen=True, slots=True)
class Buttons:
    view_invoice: str
    open_billing: str
    view_history: str
    pay_now: str
    payment_methods: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one language. ``invoices`` is ``invoice A`` or ``invoices A and B`` within a sentence."""

    language: str
    greeting: str  # {name}, filled where the mail is dressed
    questions: str  # {provider}
    phone: str
    sent_by: str  # {provider}
    kinds: Kinds
    invoices: Plural  # {numbers}
    labels: Labels
    buttons: Buttons

    settled_subject: str  # {number}
    settled_heading: str
    settled: str  # {number} {total}
    small_subject: str  # {number} {balance}
    small_heading: str  # {balance}
    small: str  # {number} {balance}
    issued_subject: str  # {number} {balance} {due}
    issued_heading: str  # {balance} {due}
    issued: str  # {number} {provider} {balance} {due}
    how_to_pay: str
    attached: str

    receipt_subject: str  # {amount} {provider}
    receipt_heading: str  # {amount}
    received: str  # {provider} {amount} {method}
    amount_paid: str  # {amount}
    of_invoice: str  # {number}
    overdue_since: str  # {lead} {left} {due}
    still_due: str  # {lead} {left} {due}
    surplus: str  # {credit}
    in_full: Plural  # {invoices}

    failures: Mapping[Reason, str]  # {method}
    retry: str  # {day}
    no_retry: str
    keeps_failing: str  # {provider}
    failed_subject: str  # {amount} {about}
    failed_about: str  # {invoices}
    failed_heading: str  # {amount}

    due_reminder: str  # {owed} {day}
    today_reminder: str  # {owed}
    overdue_reminder: str  # {owed}
    subject_of_reminder: str  # {what}
    group_due: str  # {invoices} {owed} {day}
    group_today: str  # {invoices} {owed} {day}
    unpaid: Plural  # {numbers} {day}
    owe: str  # {owed}
    will_suspend: str  # {day} {owed}
    need_time: str  # {provider} {before}
    before_service: str
    already_paid: str

    suspended: str
    suspended_subject: str  # {owed}
    suspended_unpaid: str  # {unpaid} {owed}
    suspended_by_hand: str  # {provider}
    suspended_by_limit: str  # {provider}
    barred_both: str
    barred_outbound: str

    restored_heading: str
    restored: str

    refund_subject: str  # {amount}
    refund_to_method: str  # {provider} {amount} {method}
    refund_to_credit: str  # {provider} {amount}
    refund_days: str
    refund_for: str  # {invoices}

    expiring_subject: str  # {method} {expires}
    expiring_heading: str  # {method}
    expiring: str  # {method} {expires}
    expiring_default: str
    expiring_other: str

    plan_subject: Plural  # {count}
    plan_heading: str
    plan_agreed: Plural  # {provider} {invoices} {count} {owed} {last}
    plan_keeps: str
    plan_breaks: str
    broken_subject: str  # {owed}
    broken_heading: str
    broken: Plural  # {amount} {day}
    broken_next: str  # {owed} {provider}

    kept_subject: str
    kept: str  # {owed}
    cancelled_heading: str
    cancelled: str  # {provider}
    cancelled_rest: str  # {owed} {provider}

    refund_failed_subject: str  # {amount}
    refund_failed: str  # {provider} {amount}
    refund_failed_credit: str  # {provider}

    returned_subject: str  # {amount}
    returned: str  # {amount} {method}
    returned_open: Plural  # {numbers} {owed}
    returned_next: str  # {provider}

    # To the provider: {tenant} is its customer.
    to_provider: str  # {provider}, closes the mail
    dispute_subject: Mapping[DisputeState, str]  # {tenant} {amount}
    dispute_heading: Mapping[DisputeState, str]  # {amount}
    dispute_said: Mapping[DisputeState, str]  # {tenant} {amount} {method}
    dispute_invoices: Mapping[DisputeState, Plural]  # {numbers}
    dispute_next: Mapping[DisputeState, str]
    termination_subject: str  # {tenant}
    termination_heading: str  # {tenant}
    termination: str  # {tenant}
    termination_owed: Plural  # {numbers} {owed} {day}
    termination_next: str

    alert_subject: str  # {percent} {what}
    alert_minutes: str
    alert_spend: str
    alert_limit: str
    alert_used: str  # {used} {limit} {percent} {what}
    alert_minutes_over: str
    alert_limit_reached: str  # {provider}
    alert_until: str  # {day}
    unusual_subject: str
    unusual: str  # {used} {limit}
    unusual_next: str  # {provider}
    minutes: str  # {number}
