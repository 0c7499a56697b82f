"""Stripe's books beside ours: what is on one side only, or differs. Nothing is ever put right by this.

Amounts are minor units. Both sides are matched by ids that both hold: the PaymentIntent, the refund, the dispute.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.ids import ProviderId
from shared.money import Currency, Money

Kind = Literal[
    "charge_unknown",
    "charge_missing",
    "charge_differs",
    "refund_unknown",
    "refund_missing",
    "refund_differs",
    "dispute_unknown",
    "dispute_differs",
    "entry_unexplained",
    "payout_failed",
]
# Entries that stand for no charge, refund or dispute of a tenant.
_OWN_ENTRIES = frozenset(
    {
        "payout",
        "payout_cancel",
        "payout_failure",
        "stripe_fee",
        "application_fee",
        "application_fee_refund",
        "tax_fee",
        "stripe_fx_fee",
        "refund_failure",
        "payment_failure_refund",
        "reserve_transaction",
        "topup",
    }
)


@dataclass(frozen=True, slots=True)
class Charge:
    """A captured charge at Stripe, or a succeeded payment of ours. ``owner`` is the provider it names, if any."""

    stripe_id: str
    intent: str | None
    amount_minor: int
    currency: str
    at: datetime
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A refund or a dispute. ``state`` is comparable between both sides; a failed refund counts as none."""

    stripe_id: str
    intent: str | None
    amount_minor: int
    currency: str
    state: str
    at: datetime
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A balance transaction."""

    stripe_id: str
    kind: str
    source: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Payout:
    stripe_id: str
    amount_minor: int
    currency: str
    status: str
    arrives_at: datetime


@dataclass(frozen=True, slots=True)
class Books:
    """One side, for a window of time."""

    charges: Sequence[Charge] = ()
    refunds: Sequence[Given] = ()
    disputes: Sequence[Given] = ()
    entries: Sequence[Entry] = ()
    payouts: Sequence[Payout] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One exception for a person to look at. ``ours`` and ``theirs`` in minor units, None on the side that lacks it."""

    kind: Kind
    stripe_id: str
    currency: str
    theirs_minor: int | None
    ours_minor: int | None
    detail: str
    owner: str | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One run for one provider; times are real time."""

    provider_id: ProviderId
    run_id: UUID
    account: str
    since: datetime
    until: datetime
    run_at: datetime
    compared: dict[str, int]
    differences: tuple[Difference, ...]


def compare(theirs: Books, ours: Books) -> list[Difference]:
    """Every difference once, in the order of charges, refunds, disputes, entries, payouts."""
    return [
        *_charges(theirs.charges, ours.charges),
        *_given("refund", theirs.refunds, ours.refunds),
        *_given("dispute", theirs.disputes, ours.disputes),
        *_entries(theirs),
        *(
            Difference(
                "payout_failed",
                one.stripe_id,
                one.currency,
                one.amount_minor,
                None,
                f"the payout is {one.status}: its money is still at Stripe",
            )
            for one in theirs.payouts
            if one.status in ("failed", "canceled")
        ),
    ]


def _charges(theirs: Iterable[Charge], ours: Iterable[Charge]) -> list[Difference]:
    held = {one.intent: one for one in ours}
    found: list[Difference] = []
    for charge in theirs:
        mine = held.pop(charge.intent, None)
        if mine is None:
            found.append(
                _difference(
                    "charge_unknown",
                    charge,
                    charge.amount_minor,
                    None,
                    "Stripe took money that is in no payment",
                )
            )
        elif (mine.amount_minor, mine.currency) != (charge.amount_minor, charge.currency):
            found.append(
                _difference(
                    "charge_differs", charge, charge.amount_minor, mine.amount_minor, "the amounts differ"
                )
            )
    return found + [
        _difference("charge_missing", one, None, one.amount_minor, "a payment that Stripe does not have")
        for one in held.values()
    ]


def _given(
    what: Literal["refund", "dispute"], theirs: Iterable[Given], ours: Iterable[Given]
) -> list[Difference]:
    held = {one.stripe_id: one for one in ours}
    unknown: Kind = "refund_unknown" if what == "refund" else "dispute_unknown"
    differs: Kind = "refund_differs" if what == "refund" else "dispute_differs"
    found: list[Difference] = []
    for one in theirs:
        mine = held.pop(one.stripe_id, None)
        if mine is None:
            if one.state != "failed":
                detail = f"a {what} at Stripe that is not in our books"
                found.append(_difference(unknown, one, one.amount_minor, None, detail))
        elif (mine.amount_minor, mine.currency, mine.state) != (one.amount_minor, one.currency, one.state):
            detail = f"{one.state} at Stripe, {mine.state} here"
            found.append(_difference(differs, one, one.amount_minor, mine.amount_minor, detail))
    if what == "refund":
        found += [
            _difference("refund_missing", one, None, one.amount_minor, "a refund that Stripe does not have")
            for one in held.values()
            if one.state != "failed"
        ]
    return found


def _difference(
    kind: Kind, one: Charge | Given, theirs_minor: int | None, ours_minor: int | None, detail: str
) -> Difference:
    return Difference(kind, one.stripe_id, one.currency, theirs_minor, ours_minor, detail, one.owner)


def _entries(theirs: Books) -> list[Difference]:
    """Money that moved in Stripe's balance for none of the objects that were compared."""
    known = {one.stripe_id for group in (theirs.charges, theirs.refunds, theirs.disputes) for one in group}
    return [
        Difference(
            "entry_unexplained",
            entry.stripe_id,
            entry.currency,
            entry.amount_minor,
            None,
            f"a balance transaction of type {entry.kind} for {entry.source or 'nothing'}",
        )
        for entry in theirs.entries
        if entry.kind not in _OWN_ENTRIES and entry.source not in known
    ]


@dataclass(frozen=True, slots=True)
class PayoutReport:
    """A payout as a bookkeeper ties it to the bank statement: ``charges + refunds + disputes + other - fees = amount``.

    Our journal holds what concerns tenants: charges, refunds, disputes and their fees (``dispute_fees_minor``, a part of
    ``fees_minor``), all against stripe_clearing. Processing fees and payouts are between the provider and Stripe and are not
    in it: the report says what to book for them, which leaves stripe_clearing with what Stripe still holds.
    """

    payout: Payout
    charges_minor: int
    refunds_minor: int
    disputes_minor: int
    other_minor: int
    fees_minor: int
    entries: int
    dispute_fees_minor: int = 0

    @property
    def clearing_minor(self) -> int:
        """What our journal holds in stripe_clearing for what this payout is made of."""
        return self.charges_minor + self.refunds_minor + self.disputes_minor - self.dispute_fees_minor

    @property
    def processing_fees_minor(self) -> int:
        """What is still to be booked as fees."""
        return self.fees_minor - self.dispute_fees_minor

    @property
    def ties(self) -> bool:
        parts = self.charges_minor + self.refunds_minor + self.disputes_minor + self.other_minor
        return parts - self.fees_minor == self.payout.amount_minor


_COLUMN = {
    "charge": "charges",
    "payment": "charges",
    "refund": "refunds",
    "payment_refund": "refunds",
    "refund_failure": "refunds",
    "payment_failure_refund": "refunds",
    "adjustment": "disputes",
    "payment_reversal": "disputes",
}


def payout_report(payout: Payout, entries: Iterable[Entry]) -> PayoutReport:
    sums = {"charges": 0, "refunds": 0, "disputes": 0, "other": 0}
    fees = dispute_fees = count = 0
    for entry in entries:
        if entry.source == payout.stripe_id:
            continue
        sums[_COLUMN.get(entry.kind, "other")] += entry.amount_minor
        fees += entry.fee_minor
        dispute_fees += entry.fee_minor if _COLUMN.get(entry.kind) == "disputes" else 0
        count += 1
    return PayoutReport(
        payout,
        sums["charges"],
        sums["refunds"],
        sums["disputes"],
        sums["other"],
        fees,
        count,
        dispute_fees,
    )


NOT_BOOKED = (
    "Stripe's processing fees and payouts are not in the journal, which holds what concerns tenants: book them from the payout "
    "report, each payout as bank and fees against stripe_clearing."
)


def booking_sentence(report: PayoutReport) -> str:
    """What a bookkeeper writes down for a payout; the entry balances because the report ties."""

    def money(minor: int) -> str:
        return str(Money(minor, Currency(report.payout.currency)))

    if not report.ties:
        return (
            "The parts do not add up to the payout: some of its entries are missing. Look at this payout in Stripe's "
            "dashboard before you book it."
        )
    debits = [
        f"{money(report.payout.amount_minor)} bank",
        f"{money(report.processing_fees_minor)} Stripe fees",
    ]
    if report.other_minor:
        debits.append(f"{money(-report.other_minor)} other (see the payout at Stripe)")
    return f"Book: debit {', '.join(debits)}; credit {money(report.clearing_minor)} stripe_clearing."
