"""What people read about a payment (design/ui.md, "Words"): what happened, whether money moved, what next."""

from datetime import date, timedelta

from services.payments.domain.methods import label
from services.payments.domain.payments import Payment
from services.payments.domain.states import State

BANK_DAYS = 4
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sentence(payment: Payment, begun_on: date) -> str | None:
    """One or more sentences about the payment as it stands; None where the figures say it all.

    ``begun_on`` is the day it was begun in the tenant's zone.
    """
    method = label(payment.method)
    if payment.state is State.FAILED:
        return _declined(payment.reason or "other", method)
    if payment.state is State.REQUIRES_ACTION and payment.method is None:
        return "This payment waits for your card or bank details. No money has moved."
    if payment.state is State.REQUIRES_ACTION:
        return (
            "Your bank wants you to confirm this payment. No money has moved. "
            "Press Pay and follow your bank's steps."
        )
    if payment.state is State.PROCESSING:
        until = _business_days_later(begun_on, BANK_DAYS)
        invoices = "invoice" if len(payment.shares) == 1 else "invoices"
        return (
            f"From {method} for {invoices} {payment.numbers}. Banks take up to {BANK_DAYS} business days: "
            f"expect it by {_DAYS[until.weekday()]}, {_MONTHS[until.month - 1]} {until.day}. "
            "There is nothing you need to do."
        )
    if payment.state in (State.UNKNOWN, State.SUBMITTED, State.CREATED):
        return (
            "We don't know yet whether this payment went through. Don't pay again; this page updates itself."
        )
    if payment.state is State.CANCELED:
        return "This payment was not completed. No money was taken."
    return None


def _declined(reason: str, method: str) -> str:
    if reason == "no_funds":
        return (
            f"Your bank declined {method}: not enough funds. No money was taken. "
            "Choose another payment method or enter a smaller amount, then press Pay."
        )
    if reason == "expired":
        return f"{method} has expired. No money was taken. Add a card or choose another payment method."
    if reason == "authentication":
        return (
            f"Your bank wants you to confirm payments with {method}, and this one was not confirmed. "
            "No money was taken. Press Pay and follow your bank's steps."
        )
    if reason == "declined":
        return (
            f"Your bank declined {method}. No money was taken. "
            "Choose another payment method or call your bank."
        )
    return f"The payment with {method} did not go through. No money was taken. Press Pay to try again."


def _business_days_later(day: date, days: int) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
