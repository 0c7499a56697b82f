"""A tenant's statement of account out of its journal: what was charged, what was paid, and the running balance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from shared.clock import local_date

LineKind = Literal[
    "invoice",
    "payment",
    "credit_note",
    "credit",
    "refund",
    "refund_failed",
    "dispute",
    "dispute_won",
    "payout",
    "other",
]
# How the reason of an entry begins, in the order in which entries of one instant are shown.
_KINDS: tuple[tuple[str, LineKind], ...] = (
    ("issue ", "invoice"),
    ("payment ", "payment"),
    ("credit note ", "credit_note"),
    ("credit given ", "credit"),
    ("refund failed ", "refund_failed"),
    ("refund ", "refund"),
    ("dispute won ", "dispute_won"),
    ("dispute opened ", "dispute"),
    ("dispute returned ", "dispute"),
    ("credit paid out ", "payout"),
)
# What a tenant owes is the sum of these; every other account is the other side.
OWED = ("receivable", "account_credit")


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry of one tenant: minor units by account, debits positive."""

    at: datetime
    reason: str
    accounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StatementLine:
    """``amount_minor`` above 0 is owed by the tenant, below 0 is in its favour; ``balance_minor`` after it."""

    on: date
    kind: LineKind
    reference: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """Local days ``[start, end)``; None is open. The closing balance is the opening one and all lines."""

    opening_minor: int
    lines: tuple[StatementLine, ...]
    closing_minor: int


def make_statement(
    entries: Iterable[Entry], zone: ZoneInfo, start: date | None, end: date | None
) -> Statement:
    """Entries in any order. Money that went back with a credit note is a line of its own beside the note."""
    balance = opening = 0
    lines: list[StatementLine] = []
    for entry in sorted(entries, key=_order):
        on = local_date(entry.at, zone)
        if end is not None and on >= end:
            break
        for kind, reference, minor in _movements(entry):
            balance += minor
            if start is None or on >= start:
                lines.append(StatementLine(on, kind, reference, minor, balance))
            else:
                opening = balance
    return Statement(opening, tuple(lines), balance)


def _order(entry: Entry) -> tuple[object, ...]:
    """Of one instant: as they follow from each other, then by any order that is always the same."""
    return entry.at, _rank(entry.reason), entry.reason, sorted(entry.accounts.items())


def _rank(reason: str) -> int:
    return next((place for place, (begin, _) in enumerate(_KINDS) if reason.startswith(begin)), len(_KINDS))


def _movements(entry: Entry) -> Sequence[tuple[LineKind, str, int]]:
    """What was charged or given back, and what was paid or paid out; credit that paid an invoice moves nothing."""
    place = _rank(entry.reason)
    begin, kind = _KINDS[place] if place < len(_KINDS) else ("", "other")
    reference = entry.reason.removeprefix(begin)
    charged = -sum(
        minor for account, minor in entry.accounts.items() if account != "cash" and account not in OWED
    )
    paid = -entry.accounts.get("cash", 0)
    movements: list[tuple[LineKind, str, int]] = []
    if charged:
        movements.append((kind, reference, charged))
    if paid:
        movements.append(("refund" if kind == "credit_note" else kind, reference, paid))
    return movements
