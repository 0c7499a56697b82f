"""Which calls Call History is asked for, and how it shows them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from services.usage.domain.records import Direction


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls of a tenant to list; ``start`` and ``end`` half-open; ``after`` is where the last page ended."""

    limit: int
    direction: Direction | None = None
    number: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    with_unanswered: bool = False
    call_class: str | None = None
    # Further fields of records of our own, as text: each has this value.
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call as Call History shows it (R64). ``charge``: before included minutes, to 6 places (R12)."""

    call_id: UUID
    placed_at: datetime
    answered_at: datetime | None
    direction: Direction
    from_number: str
    to_number: str
    call_class: str
    talk_ms: int
    hold_ms: int
    billed_seconds: int
    flags: tuple[str, ...]
    not_billed: str | None
    local_day: date
    destination: str | None
    price_per_minute: Decimal | None
    connect_fee: Decimal | None
    charge: Decimal | None
    extension: str | None
    first_revision: int
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class CallSums:
    """What the calls of a filter come to; ``billed_calls`` are those with billed time."""

    calls: int
    billed_calls: int
    billed_seconds: int
    talk_ms: int
    hold_ms: int
