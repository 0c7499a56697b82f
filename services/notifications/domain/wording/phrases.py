"""What sentences of a language are put together of: how invoices and payment methods are called in them."""

from services.notifications.domain.facts import Method, OwedInvoice
from services.notifications.domain.letter import Figure, Formats
from services.notifications.domain.wording.texts import Texts

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


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class Phrases:
    """The texts of one language, and the small parts that many of its letters share."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.language = texts.language

    def invoices(self, numbers: tuple[str, ...], formats: Formats) -> str:
        """``invoice A`` or ``invoices A and B``."""
        return self.texts.invoices.of(len(numbers)).format(numbers=formats.listed(numbers))

    def method(self, method: Method) -> str:
        """``Visa •••• 4242``, ``bank account •••• 6789``; never broken between dots and digits."""
        kinds = self.texts.kinds
        what = {
            "card": _BRANDS.get(method.brand.lower(), method.brand or kinds.card),
            "us_bank_account": kinds.bank_account,
            "sepa_debit": kinds.bank_account,
            "bank_transfer": kinds.bank_transfer,
            "cheque": kinds.cheque,
            "cash": kinds.cash,
            "other": kinds.other,
        }[method.kind]
        return f"{what} ••••{NBSP}{method.last4}" if method.last4 else what

    def owed_rows(self, invoices: tuple[OwedInvoice, ...], formats: Formats) -> list[Figure]:
        row = self.texts.labels.owed_row
        return [
            Figure(row.format(number=one.number, day=formats.day(one.due_on)), formats.money(one.balance))
            for one in invoices
        ]
