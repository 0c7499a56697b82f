"""Double-entry journal entries: every entry sums to zero per currency (rules of money, design/product.md)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.ids import ProviderId, TenantId
from shared.money import Money


class Unbalanced(ValueError):
    """An entry whose postings do not sum to zero: a bug, never input."""


@dataclass(frozen=True, slots=True)
class Posting:
    """``amount`` positive is a debit, negative a credit, on ``account`` (a name like ``receivable``)."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One business fact in the books. ``entry_id`` is derived from the fact, so that it is booked once."""

    provider_id: ProviderId
    tenant_id: TenantId
    entry_id: UUID
    booked_at: datetime
    reason: str
    postings: Sequence[Posting]

    def __post_init__(self) -> None:
        sums: dict[str, int] = defaultdict(int)
        for posting in self.postings:
            sums[posting.amount.currency] += posting.amount.minor
        off = {code: value for code, value in sums.items() if value != 0}
        if off or not self.postings:
            raise Unbalanced(f"{self.reason}: postings sum to {off or 'nothing'}, not to zero")
