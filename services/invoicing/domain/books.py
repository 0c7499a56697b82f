"""What is booked for each fact: positive is a debit, negative a credit; zero postings are left out."""

from shared.journal import Posting
from shared.money import Money


def _made(**amounts: Money) -> list[Posting]:
    return [Posting(account, amount) for account, amount in amounts.items() if amount]


def issue_postings(subtotal: Money, tax: Money) -> list[Posting]:
    """Dr receivable / Cr revenue, tax payable."""
    return _made(receivable=subtotal + tax, revenue=-subtotal, tax_payable=-tax)


def credit_used_postings(amount: Money) -> list[Posting]:
    """Dr account credit / Cr receivable."""
    return _made(account_credit=amount, receivable=-amount)


def payment_postings(received: Money, allocated: Money) -> list[Posting]:
    """Dr cash / Cr receivable, and the surplus to account credit (R52)."""
    return _made(cash=received, receivable=-allocated, account_credit=allocated - received)


def credit_note_postings(
    subtotal: Money, tax: Money, *, opened: Money, kept: Money, sent: Money
) -> list[Posting]:
    """Dr revenue, tax payable / Cr receivable (``opened``: off the balance), account credit (``kept``), cash
    (``sent`` back by payments). The three make up the note.
    """
    return _made(revenue=subtotal, tax_payable=tax, receivable=-opened, account_credit=-kept, cash=-sent)


def credit_given_postings(amount: Money) -> list[Posting]:
    """Dr goodwill / Cr account credit: a present of the provider."""
    return _made(goodwill=amount, account_credit=-amount)


def paid_out_postings(from_credit: Money, from_goodwill: Money) -> list[Posting]:
    """Dr account credit, goodwill / Cr cash: money that went back without a credit note."""
    return _made(account_credit=from_credit, goodwill=from_goodwill, cash=-(from_credit + from_goodwill))


def kept_money_postings(amount: Money) -> list[Posting]:
    """Dr cash / Cr account credit: a refund that did not reach the tenant."""
    return _made(cash=amount, account_credit=-amount)


def taken_back_postings(receivable: Money, account_credit: Money, chargebacks: Money) -> list[Posting]:
    """Dr receivable, account credit, chargebacks / Cr cash: a bank took captured money back (R49)."""
    return _made(
        receivable=receivable,
        account_credit=account_credit,
        chargebacks=chargebacks,
        cash=-(receivable + account_credit + chargebacks),
    )
