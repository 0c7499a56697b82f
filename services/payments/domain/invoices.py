"""What payments knows of an invoice: a projection of invoicing's events, and what may be collected on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency, Money

Standing = Literal["open", "paid", "cancelled"]
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_RANK: dict[Standing, int] = {"open": 0, "paid": 1, "cancelled": 2}


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """``seen_at`` is the envelope time of the newest event about it.

    ``issued_balance_minor`` is what was left to pay at issue, once that event came. The automatic collection:
    ``auto_pay`` (the invoice is under it), ``retries_done``, ``first_declined_at``, ``collect_at`` (next charge).
    """

    provider_id: ProviderId
    tenant_id: TenantId
    invoice_id: InvoiceId
    number: str
    currency: str
    total_minor: int
    balance_minor: int
    due_on: date
    collectable: bool
    standing: Standing
    seen_at: datetime
    issued_balance_minor: int | None = None
    auto_pay: bool = False
    retries_done: int = 0
    first_declined_at: datetime | None = None
    collect_at: datetime | None = None
    # Real time at which the newest event about it was told; parts events of one instant of a test clock.
    told_at: datetime | None = None


def merged(held: OpenInvoice | None, told: OpenInvoice) -> OpenInvoice:
    """The projection after an event, the same whatever order events come in.

    The newest envelope time holds. A test clock stands still, so events of one of its instants are told apart by
    the real time at which invoicing told them, and within that by what can only go one way: the balance falls, and
    an end is an end.
    """
    if held is None:
        return told
    issued = told.issued_balance_minor if held.issued_balance_minor is None else held.issued_balance_minor
    if _order(told) < _order(held):
        return replace(held, issued_balance_minor=issued)
    # What is left after a part payment may be below the card's minimum: collected with the next invoice (R38).
    ended = told.standing != "open" or told.balance_minor <= 0 or not told.collectable
    return replace(
        told,
        issued_balance_minor=issued,
        auto_pay=held.auto_pay,
        retries_done=held.retries_done,
        first_declined_at=held.first_declined_at,
        collect_at=None if ended else held.collect_at,
    )


def _order(invoice: OpenInvoice) -> tuple[datetime, datetime, int, int]:
    told_at = invoice.told_at or _LONG_AGO
    return (invoice.seen_at, told_at, _RANK[invoice.standing], -invoice.balance_minor)


def payable_minor(invoice: OpenInvoice, collected_minor: int) -> int:
    """What may still be charged: never more than invoicing's balance, nor than what we have not collected yet.

    ``collected_minor`` is the sum of our succeeded payments on it, less what banks took back. Invoicing hears of a payment a moment after
    us; until then its balance is too high, and believing it would charge twice.
    """
    if invoice.standing != "open":
        return 0
    at_issue = invoice.total_minor if invoice.issued_balance_minor is None else invoice.issued_balance_minor
    return max(0, min(invoice.balance_minor, at_issue - collected_minor))


def refuse_small(amount_minor: int, most_minor: int, least_minor: int, code: Currency) -> str | None:
    """What to tell a payer whose amount no card takes, or would leave a rest that no card takes; None: go on.

    ``most_minor`` is the balance, at least ``least_minor``, which is the card's minimum (R38).
    """
    rest = most_minor - amount_minor
    if amount_minor >= least_minor and (rest == 0 or rest >= least_minor):
        return None
    whole, least = Money(most_minor, code), Money(least_minor, code)
    why = (
        f"The smallest card payment is {least}."
        if amount_minor < least_minor
        else f"This would leave {Money(rest, code)}, which no card payment can settle."
    )
    if most_minor < 2 * least_minor:
        return f"{why} Pay the whole balance of {whole}."
    highest = Money(most_minor - least_minor, code)
    return f"{why} Pay the whole balance of {whole}, or from {least} to {highest} so that at least {least} is left."


def spread(
    amount_minor: int, invoices: Sequence[OpenInvoice], payable: Mapping[InvoiceId, int]
) -> dict[InvoiceId, int]:
    """Gives an amount to invoices, oldest due first. The amount is at most the sum of what is payable."""
    shares: dict[InvoiceId, int] = {}
    left = amount_minor
    for invoice in sorted(invoices, key=lambda one: (one.due_on, one.number)):
        share = min(left, payable[invoice.invoice_id])
        if share > 0:
            shares[invoice.invoice_id] = share
            left -= share
    return shares
