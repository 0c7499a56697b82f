"""The mails in English. Sentences of design/ui.md, Words: what happened, whether money moved, what to do next."""

from services.notifications.domain.facts import (
    Facts,
    FailedPayment,
    IssuedInvoice,
    Method,
    OwedInvoice,
    Receipt,
    Reminder,
    Restored,
    Suspended,
)
from services.notifications.domain.letter import Figure, Formats, Frame, Letter

NBSP = "\u00a0"
_BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "american_express": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def method_name(method: Method) -> str:
    """``Visa •••• 4242``, ``bank account •••• 6789``; never broken between dots and digits."""
    what = (
        _BRANDS.get(method.brand.lower(), method.brand or "card") if method.kind == "card" else "bank account"
    )
    return f"{what} ••••{NBSP}{method.last4}" if method.last4 else what


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _invoices(numbers: tuple[str, ...], formats: Formats) -> str:
    word = "invoice" if len(numbers) == 1 else "invoices"
    return f"{word} {formats.listed(numbers)}"


class English:
    """The catalogue of English texts."""

    language = "en"

    def frame(self, *, provider: str) -> Frame:
        return Frame(
            greeting="Hello {name},",
            questions=f"Questions about this bill? Write to {provider}:",
            phone="or call",
            sent_by=f"{provider} sends this mail because it bills your telephone service.",
        )

    def letter(self, facts: Facts, *, provider: str, formats: Formats) -> Letter:
        match facts:
            case IssuedInvoice():
                return _issued(facts, provider, formats)
            case Receipt():
                return _receipt(facts, provider, formats)
            case FailedPayment():
                return _failed(facts, provider, formats)
            case Reminder():
                return _reminder(facts, provider, formats)
            case Suspended():
                return _suspended(facts, provider, formats)
            case Restored():
                return _restored(facts, provider, formats)


def _issued(facts: IssuedInvoice, provider: str, formats: Formats) -> Letter:
    total, balance, due = formats.money(facts.total), formats.money(facts.balance), formats.day(facts.due_on)
    figures = [
        Figure("Invoice", facts.number),
        Figure("Issued", formats.day(facts.issued_on)),
        Figure("Total", total),
    ]
    if facts.balance != facts.total:
        figures.append(Figure("Account credit used", formats.money(facts.balance - facts.total)))
    figures.append(Figure("Amount due", balance))
    if not facts.balance:
        return Letter(
            subject=f"Invoice {facts.number}: nothing to pay",
            heading="Nothing to pay",
            paragraphs=(
                f"Your invoice {facts.number} of {total} is settled. There is nothing you need to do.",
            ),
            figures=tuple(figures),
            button="View Invoice",
        )
    if not facts.collectable:
        return Letter(
            subject=f"Invoice {facts.number}: {balance}, collected with the next one",
            heading=f"{balance} goes on your next invoice",
            paragraphs=(
                f"Your invoice {facts.number} of {balance} is too small to be paid by card."
                " It is collected together with your next invoice. There is nothing you need to do.",
            ),
            figures=tuple(figures),
            button="View Invoice",
        )
    return Letter(
        subject=f"Invoice {facts.number}: {balance} due on {due}",
        heading=f"{balance} is due on {due}",
        paragraphs=(
            f"Your invoice {facts.number} from {provider} is ready. {balance} is due on {due}.",
            "With auto-pay on, your default payment method is charged now and there is nothing you need to do."
            " Otherwise open Billing and press Pay Now.",
        ),
        figures=(*figures, Figure("Due", due)),
        button="Open Billing",
    )


def _receipt(facts: Receipt, provider: str, formats: Formats) -> Letter:
    amount, method = formats.money(facts.amount), method_name(facts.method)
    figures = [
        Figure("Paid", amount),
        Figure("Date", formats.day_of(facts.at)),
        Figure("Payment method", _capital(method)),
    ]
    figures += [Figure(f"Invoice {part.number}", formats.money(part.amount)) for part in facts.paid]
    paragraphs = [f"Thank you. {provider} received {amount} from {method}."]
    today = formats.local_day(facts.at)
    for invoice in facts.still_due:
        lead = f"{amount} paid." if len(facts.still_due) == 1 else f"Invoice {invoice.number}:"
        left, due = formats.money(invoice.balance), formats.day(invoice.due_on)
        late = invoice.due_on < today
        paragraphs.append(
            f"{lead} {left} is overdue since {due}." if late else f"{lead} {left} is still due on {due}."
        )
        figures.append(Figure(f"Still due, invoice {invoice.number}", formats.money(invoice.balance)))
    if facts.surplus:
        credit = formats.money(facts.surplus)
        paragraphs.append(
            f"{credit} was more than you owed. It is kept as account credit and comes off your next invoice."
        )
        figures.append(Figure("Account credit", credit))
    if facts.paid and not facts.still_due:
        settled = _capital(_invoices(tuple(part.number for part in facts.paid), formats))
        paragraphs.append(f"{settled} {'is' if len(facts.paid) == 1 else 'are'} paid in full.")
    return Letter(
        subject=f"Receipt: {amount} paid to {provider}",
        heading=f"{amount} paid",
        paragraphs=tuple(paragraphs),
        figures=tuple(figures),
        button="View Payment History",
    )


def _failure_sentence(facts: FailedPayment) -> str:
    """The sentence of a moment; lost, stolen and fraud arrive here as a plain decline (design/ui.md)."""
    method = method_name(facts.method)
    match facts.reason:
        case "no_funds":
            return (
                f"Your bank declined {method}: not enough funds. No money was taken. Choose another payment method"
                " or enter a smaller amount, then press Pay."
            )
        case "expired":
            return f"{_capital(method)} has expired. No money was taken. Add a card or choose another payment method."
        case "declined":
            return f"Your bank declined {method}. No money was taken. Choose another payment method or call your bank."
        case "authentication":
            return (
                "Your bank wants you to confirm this payment. No money has moved. Open Billing, press Pay Now and"
                " follow your bank's steps."
            )
        case "no_method":
            return (
                "There is no payment method to charge. No money was taken. Add a card or a bank account,"
                " then press Pay."
            )
        case "other":
            return (
                f"The payment with {method} did not go through. No money was taken. Press Pay to try again,"
                " or choose another payment method."
            )


def _failed(facts: FailedPayment, provider: str, formats: Formats) -> Letter:
    amount = formats.money(facts.amount)
    paragraphs = [_failure_sentence(facts)]
    if facts.next_retry_at is not None:
        paragraphs.append(
            f"We will try again on {formats.day_of(facts.next_retry_at)}. If you pay before then, we will not."
        )
    elif facts.by_auto_pay:
        paragraphs.append("Auto-pay will not try this payment again by itself: please pay in Billing.")
    paragraphs.append(
        f"If it keeps failing, contact {provider}: they may need to check with their payment service."
    )
    figures = [Figure("Amount", amount)]
    if facts.reason != "no_method":
        figures.append(Figure("Payment method", _capital(method_name(facts.method))))
    figures += [Figure("Invoice", number) for number in facts.numbers]
    about = f" for {_invoices(facts.numbers, formats)}" if facts.numbers else ""
    return Letter(
        subject=f"Payment of {amount}{about} failed: no money was taken",
        heading=f"Your payment of {amount} failed",
        paragraphs=tuple(paragraphs),
        figures=tuple(figures),
        button="Open Billing",
    )


def _owed_rows(invoices: tuple[OwedInvoice, ...], formats: Formats) -> list[Figure]:
    return [
        Figure(f"Invoice {i.number}, due {formats.day(i.due_on)}", formats.money(i.balance)) for i in invoices
    ]


def _unpaid_sentence(invoices: tuple[OwedInvoice, ...], formats: Formats) -> str:
    """``Invoice KV-1 was due on Oct 22, 2026 and has not been paid.``; with several, the oldest due day is named."""
    numbers = tuple(invoice.number for invoice in invoices)
    oldest = formats.day(min(invoice.due_on for invoice in invoices))
    if len(invoices) == 1:
        return f"Invoice {numbers[0]} was due on {oldest} and has not been paid."
    return f"Invoices {formats.listed(numbers)} have not been paid; the oldest was due on {oldest}."


def _reminder(facts: Reminder, provider: str, formats: Formats) -> Letter:
    owed = formats.money(facts.owed)
    due = formats.day(min(invoice.due_on for invoice in facts.invoices))
    about = _invoices(tuple(invoice.number for invoice in facts.invoices), formats)
    if facts.day < 0:
        subject, heading = f"Reminder: {owed} is due on {due}", f"{owed} is due on {due}"
        opening = f"{_capital(about)}: {owed} is due on {due}."
    elif facts.day == 0:
        subject, heading = f"Reminder: {owed} is due today", f"{owed} is due today"
        opening = f"{_capital(about)}: {owed} is due today, {due}."
    else:
        subject, heading = f"Reminder: {owed} is overdue", f"{owed} is overdue"
        opening = f"{_unpaid_sentence(facts.invoices, formats)} You owe {owed}."
    paragraphs = [opening]
    figures = [*_owed_rows(facts.invoices, formats), Figure("Amount due", owed)]
    if facts.suspends_on is not None:
        last = formats.day(facts.suspends_on)
        paragraphs.append(
            f"Your phone service will be suspended on {last} if this is not paid. To stop it, pay {owed} before then."
        )
        figures.append(Figure("Suspension", last))
    paragraphs.append(
        f"Open Billing and press Pay Now. If you need more time, contact {provider} before"
        f" {formats.day(facts.suspends_on) if facts.suspends_on else 'service is affected'}."
        " If you have paid in the meantime, there is nothing you need to do."
    )
    return Letter(subject, heading, tuple(paragraphs), tuple(figures), button="Pay Now")


def _suspended(facts: Suspended, provider: str, formats: Formats) -> Letter:
    barred = (
        "Calls can be neither made nor received. Emergency calls still work."
        if facts.both_directions
        else "You can still receive calls, but make none. Emergency calls still work."
    )
    if not facts.invoices:
        return Letter(
            subject="Your phone service is suspended",
            heading="Your phone service is suspended",
            paragraphs=(
                f"Your phone service is suspended. {provider} has stopped it; contact {provider} to restore it.",
                barred,
            ),
            figures=(Figure("Suspended since", formats.moment(facts.since)),),
            button="Open Billing",
        )
    owed = formats.money(facts.owed)
    return Letter(
        subject=f"Your phone service is suspended: pay {owed} to restore it",
        heading="Your phone service is suspended",
        paragraphs=(
            f"Your phone service is suspended. {_unpaid_sentence(facts.invoices, formats)} Pay {owed} to restore"
            " service; calls usually work again within minutes.",
            barred,
        ),
        figures=(
            *_owed_rows(facts.invoices, formats),
            Figure("Amount due", owed),
            Figure("Suspended since", formats.moment(facts.since)),
        ),
        button="Pay Now",
    )


def _restored(facts: Restored, provider: str, formats: Formats) -> Letter:
    return Letter(
        subject="Your phone service works again",
        heading="Your phone service works again",
        paragraphs=(
            "Your phone service is restored: calls can be made and received again. There is nothing you need to do.",
        ),
        figures=(Figure("Restored", formats.moment(facts.at)),),
        button="Open Billing",
    )
