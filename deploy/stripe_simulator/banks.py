"""Stripe's test bank accounts and what each does (https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment,
https://docs.stripe.com/payments/sepa-debit/accept-a-payment).

No other number is accepted, so that nobody types a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deploy.stripe_simulator.cards import Decline

Kind = Literal["us_bank_account", "sepa_debit"]
CURRENCY: dict[str, str] = {"us_bank_account": "usd", "sepa_debit": "eur"}
ROUTING = "110000000"
SETTLE_DAYS = 4
"""Bank days from the debit to its success or failure."""
RETURN_DAYS = 20
"""Bank days from success to the return of a debit that is going to be disputed."""


@dataclass(frozen=True)
class TestBank:
    """One test account. ``failure`` is the code with which its debits fail; ``disputed``: they succeed and come back."""

    number: str
    token: str
    kind: Kind = "us_bank_account"
    country: str = "US"
    failure: str | None = None
    disputed: bool = False
    settles: bool = True


BANKS = (
    TestBank("000123456789", "pm_usBankAccount_success"),
    TestBank("000111111113", "pm_usBankAccount_accountClosed", failure="account_closed"),
    TestBank("000111111116", "pm_usBankAccount_noAccount", failure="no_account"),
    TestBank("000222222227", "pm_usBankAccount_insufficientFunds", failure="insufficient_funds"),
    TestBank("000333333335", "pm_usBankAccount_debitNotAuthorized", failure="debit_not_authorized"),
    TestBank("000555555559", "pm_usBankAccount_dispute", disputed=True),
    TestBank("000000000009", "pm_usBankAccount_processing", settles=False),
    TestBank("DE89370400440532013000", "pm_success_de", "sepa_debit", "DE"),
    TestBank("DE62370400440532013001", "pm_failed_de", "sepa_debit", "DE", failure="insufficient_funds"),
    TestBank("DE35370400440532013002", "pm_disputed_de", "sepa_debit", "DE", disputed=True),
)
BY_NUMBER = {bank.number: bank for bank in BANKS}
BY_TOKEN = {bank.token: bank for bank in BANKS}
FAILURES = {
    code: Decline(
        code, code, "try_again_later" if code == "insufficient_funds" else "do_not_try_again", net, text
    )
    for code, net, text in (
        ("insufficient_funds", "R01", "The customer's account has insufficient funds to cover this payment."),
        ("account_closed", "R02", "The customer's bank account has been closed."),
        ("no_account", "R03", "The customer's bank account could not be located."),
        (
            "debit_not_authorized",
            "R10",
            "The customer has notified their bank that this payment was unauthorized.",
        ),
    )
}
