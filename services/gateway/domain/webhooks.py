"""Webhooks out: who wants which events, and when a delivery is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.errors import Invalid
from shared.ids import EventId, ProviderId, TenantId

# After the first try: the ladder that the Standard Webhooks specification proposes, about three days in all.
RETRY_AFTER = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
# An endpoint that took nothing for so long is switched off; its deliveries can be replayed.
OFF_AFTER = timedelta(days=5)
OLD_SECRET_HOLDS = timedelta(hours=24)
MOST_PATTERNS = 50


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider's own system takes events.

    ``patterns``: event types, whole or as a beginning with ``*`` (``invoicing.invoice.*``); ``*`` alone is all.
    ``secrets``: newest first; a delivery is signed with each, so that a rotation loses nothing.
    """

    provider_id: ProviderId
    endpoint_id: UUID
    url: str
    patterns: tuple[str, ...]
    description: str
    secrets: tuple[str, ...]
    created_at: datetime
    failing_since: datetime | None = None
    off_since: datetime | None = None
    off_reason: str | None = None

    def wants(self, event_type: str) -> bool:
        return self.off_since is None and any(_fits(pattern, event_type) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. ``body`` is what is sent, the same bytes at every try."""

    provider_id: ProviderId
    endpoint_id: UUID
    event_id: EventId
    event_type: str
    tenant_id: TenantId | None
    event_at: datetime
    body: bytes
    created_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. ``status`` of the answer; none with an ``error`` in words."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def _fits(pattern: str, event_type: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type


def check_patterns(patterns: Sequence[str], known_types: Sequence[str]) -> tuple[str, ...]:
    """The patterns without repeats. Raises ``Invalid`` for one that no event fits."""
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise Invalid(f'Name 1 to {MOST_PATTERNS} event types, or ["*"] for all.', field="events")
    for pattern in patterns:
        if not any(_fits(pattern, known) for known in known_types):
            raise Invalid(
                f"No event is called {pattern!r}; write a type like invoicing.invoice.issued.v1, a beginning like"
                " invoicing.invoice.*, or *.",
                field="events",
            )
    return tuple(dict.fromkeys(patterns))


def after_attempt(delivery: Delivery, attempt: Attempt) -> Delivery:
    """Delivered, tried again later, or given up. 410 Gone is a wish to hear no more of it."""
    tried = replace(delivery, attempts=attempt.number)
    if attempt.taken:
        return replace(tried, state=DeliveryState.DELIVERED, finished_at=attempt.at)
    if attempt.number > len(RETRY_AFTER) or attempt.status == 410:
        return replace(tried, state=DeliveryState.FAILED, finished_at=attempt.at)
    return replace(tried, due_at=attempt.at + RETRY_AFTER[attempt.number - 1])


def after_outcome(endpoint: Endpoint, attempt: Attempt) -> Endpoint:
    """How the endpoint stands after a try: well, failing since when, or switched off."""
    if attempt.taken:
        return replace(endpoint, failing_since=None)
    if attempt.status == 410:
        return replace(endpoint, off_since=attempt.at, off_reason="it answered 410 Gone")
    since = endpoint.failing_since or attempt.at
    if attempt.at - since >= OFF_AFTER:
        reason = f"it took nothing for {OFF_AFTER.days} days"
        return replace(endpoint, failing_since=since, off_since=attempt.at, off_reason=reason)
    return replace(endpoint, failing_since=since)
