"""What is kept of an invoice, and how news of it are joined: the same result in any order, any number of times.

Within one life of an invoice everything only moves towards paid (paid grows, the balance shrinks, settled stays). A
reopening (R49) begins a new life; news from an earlier life say nothing about it. Lives are told apart by the
instant at which invoicing said the news (under its lock), which no delivery changes.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.suspension.domain.account import Invoice

Reopened = Literal["disputed", "returned"]
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class News:
    """One statement about an invoice. ``said_at`` orders statements; ``reopens``: why there is a balance again."""

    invoice: Invoice
    paid_minor: int
    said_at: datetime
    at: datetime
    reopens: Reopened | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """``newest`` is the latest statement heard, by which a reopening that comes late knows what came after it.

    ``life_at``: when the invoice's present life was said to begin. ``revision`` counts changes here, so that an
    answer asked for before a change is not taken for newer than it.
    """

    invoice: Invoice
    paid_minor: int
    newest_at: datetime
    newest_paid_minor: int
    newest_balance_minor: int
    newest_settled_at: datetime | None
    life_at: datetime | None = None
    reopened_why: Reopened | None = None
    revision: int = 1


def join(known: Kept | None, news: News) -> Kept:
    """``known`` with ``news``."""
    if known is None:
        return _begin(news)
    if news.reopens is not None:
        return _reopen(known, news)
    if known.life_at is not None and news.said_at < known.life_at:
        return known
    return _changed(known, _newer(_towards_paid(known, news.invoice, news.paid_minor), news))


def _begin(news: News) -> Kept:
    invoice = news.invoice
    if news.reopens is not None:
        invoice = replace(invoice, reopened_at=news.at)
    return Kept(
        invoice,
        news.paid_minor,
        newest_at=news.said_at,
        newest_paid_minor=news.paid_minor,
        newest_balance_minor=invoice.balance_minor,
        newest_settled_at=invoice.settled_at,
        life_at=news.said_at if news.reopens else None,
        reopened_why=news.reopens,
    )


def _reopen(known: Kept, news: News) -> Kept:
    if known.life_at is not None and news.said_at <= known.life_at:
        return known
    begun = _begin(news)
    if known.newest_at > news.said_at:
        later = replace(
            news.invoice, balance_minor=known.newest_balance_minor, settled_at=known.newest_settled_at
        )
        begun = _towards_paid(begun, later, known.newest_paid_minor)
        begun = replace(
            begun,
            newest_at=known.newest_at,
            newest_paid_minor=known.newest_paid_minor,
            newest_balance_minor=known.newest_balance_minor,
            newest_settled_at=known.newest_settled_at,
        )
    return replace(begun, revision=known.revision + 1)


def _towards_paid(known: Kept, heard: Invoice, paid_minor: int) -> Kept:
    settled = [at for at in (known.invoice.settled_at, heard.settled_at) if at is not None]
    invoice = replace(
        known.invoice,
        balance_minor=min(known.invoice.balance_minor, heard.balance_minor),
        collectable=known.invoice.collectable and heard.collectable,
        settled_at=min(settled, default=None),
    )
    return replace(known, invoice=invoice, paid_minor=max(known.paid_minor, paid_minor))


def _newer(known: Kept, news: News) -> Kept:
    if news.said_at <= known.newest_at:
        return known
    return replace(
        known,
        newest_at=news.said_at,
        newest_paid_minor=news.paid_minor,
        newest_balance_minor=news.invoice.balance_minor,
        newest_settled_at=news.invoice.settled_at,
    )


def _changed(before: Kept, after: Kept) -> Kept:
    """A new revision where the invoice itself is another."""
    return replace(after, revision=before.revision + (after.invoice != before.invoice))


def still_owed(invoice: Invoice, *, total_minor: int, collected_minor: int) -> Invoice | None:
    """An open invoice as invoicing says it, less what payments has captured for it; None: nothing is left.

    The event of a payment may be lost, or late while the broker is away: invoicing does not know of it then. Credit
    notes and account credit only lower the balance further, so what was captured is never counted twice.
    """
    balance_minor = min(invoice.balance_minor, total_minor - collected_minor)
    return replace(invoice, balance_minor=balance_minor) if balance_minor > 0 else None


def correct(known: Kept | None, true: Invoice | None, *, at: datetime) -> Kept | None:
    """``known`` as invoicing itself says that it is; ``true`` None: it is not among the invoices with a balance.

    None: nothing to correct. What moves away from paid begins a new life after all that was heard, so that late
    repeats cannot undo it; news that are still on their way are joined as ever.
    """
    if true is None:
        if known is None or not known.invoice.is_open:
            return None
        settled = replace(known.invoice, balance_minor=0, settled_at=at)
        paid_minor = known.paid_minor + known.invoice.balance_minor
        return _changed(known, _towards_paid(known, settled, paid_minor))
    if known is None:
        return _begin(News(true, 0, _LONG_AGO, at))
    if known.invoice.is_open and true.balance_minor <= known.invoice.balance_minor:
        paid_minor = known.paid_minor + known.invoice.balance_minor - true.balance_minor
        corrected = _changed(known, _towards_paid(known, true, paid_minor))
        return corrected if corrected != known else None
    reopened_at = known.invoice.reopened_at if known.invoice.is_open else at
    life_at = known.newest_at + timedelta(microseconds=1)
    paid_minor = max(0, known.paid_minor + known.invoice.balance_minor - true.balance_minor)
    return Kept(
        replace(true, reopened_at=reopened_at),
        paid_minor,
        newest_at=life_at,
        newest_paid_minor=paid_minor,
        newest_balance_minor=true.balance_minor,
        newest_settled_at=None,
        life_at=life_at,
        reopened_why=known.reopened_why,
        revision=known.revision + 1,
    )
