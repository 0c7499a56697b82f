"""What rating needs from outside: decks, the rollup, re-ratings, running periods."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from services.usage.domain.call_rating import RateBook, Rating
from services.usage.domain.deck import Deck, DeckRow, DeckVersion
from services.usage.domain.metering import DayLine, TimedCall
from services.usage.domain.records import Direction
from services.usage.domain.tenants import PlanKey
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class SaidRevision:
    """What a revision of a period said, and what is needed to open its lines into calls."""

    lines: list[dict[str, Any]]
    pools: dict[str, Any]
    days: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A kept call with all that rating it again needs."""

    provider_id: ProviderId
    tenant_id: TenantId
    call_key: UUID
    placed_at: datetime
    local_day: date
    direction: Direction
    to_number: str
    talk_ms: int
    extension: str | None
    plan: PlanKey | None
    not_billed: str | None
    rating: Rating

    @property
    def call_class(self) -> str:
        return self.rating.call_class

    @property
    def billed_seconds(self) -> int:
        return self.rating.rated.billed_seconds


@dataclass(frozen=True, slots=True)
class ReRated:
    """A call with its new plan and rating. ``until_revision``: the first revision of its period that will have it,
    None while the period was not said yet."""

    before: StoredCall
    after: StoredCall
    until_revision: int | None


@dataclass(frozen=True, slots=True)
class ReRating:
    """Days that are rated again, of one tenant or (None) of all, and how far that is.

    ``unrated``: calls that have no rate now; they keep the one that they had.
    """

    provider_id: ProviderId
    re_rating_id: UUID
    tenant_id: TenantId | None
    start_date: date
    end_date: date
    reason: str
    asked_at: datetime
    state: str
    at_tenant: TenantId | None = None
    after: tuple[datetime, UUID] | None = None
    tenant_changed: bool = False
    calls: int = 0
    changed: int = 0
    unrated: int = 0
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunningPeriod:
    """What is known of a tenant's running period for its limits; see docs/design-rating.md.

    ``gross``: charges before included minutes x 60 x 10^6; None: to be read from the rollup. ``check_seconds``:
    chargeable seconds from which a threshold of included minutes may have been reached.
    """

    tenant_id: TenantId
    start_date: date
    end_date: date
    provider_id: ProviderId
    gross: int | None = None
    seconds: int = 0
    check_seconds: int = 0
    said: frozenset[str] = frozenset()
    released: bool = False
    limit_minor: int | None = None
    holds: bool = False


class DecksPort(Protocol):
    """Rate decks and time bands."""

    async def versions(self, provider_id: ProviderId) -> dict[str, list[DeckVersion]]: ...
    async def zone(self, provider_id: ProviderId) -> str | None: ...
    async def load(self, provider_id: ProviderId, version_id: UUID) -> Deck: ...
    async def book(
        self, provider_id: ProviderId, wanted: Collection[tuple[str, datetime]], fallback_zone: str
    ) -> RateBook: ...
    async def content_hash(self, provider_id: ProviderId, version_id: UUID) -> bytes: ...
    async def add(
        self,
        provider_id: ProviderId,
        version: DeckVersion,
        deck: Deck,
        *,
        content_hash: bytes,
        uploaded_at: datetime,
    ) -> None: ...
    async def some_rows(
        self,
        provider_id: ProviderId,
        version_id: UUID,
        *,
        prefix: str,
        after: tuple[str, str, date] | None,
        limit: int,
    ) -> list[DeckRow]: ...
    async def calendars(self, provider_id: ProviderId) -> list[dict[str, Any]]: ...
    async def keep_calendar(
        self, provider_id: ProviderId, effective_from: date, body: Mapping[str, Any], at: datetime
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """A billed call that is added to (``sign`` 1) or taken out of (-1) its tenant's local day; more: so many alike."""

    provider_id: ProviderId
    tenant_id: TenantId
    day: date
    call: TimedCall
    sign: int = 1


class LinesPort(Protocol):
    """The rollup that periods are metered from."""

    async def move(self, moved: Iterable[Moved]) -> None: ...
    async def forget_empty(self, tenant_id: TenantId, days: Iterable[date]) -> None: ...
    async def of_period(self, tenant_id: TenantId, start: date, end: date) -> list[DayLine]: ...


class ReRatingsPort(Protocol):
    """Re-ratings and where they are."""

    async def add(self, one: ReRating) -> None: ...
    async def get(self, provider_id: ProviderId, re_rating_id: UUID) -> ReRating | None: ...
    async def listed(self, provider_id: ProviderId, limit: int) -> list[ReRating]: ...
    async def next(self) -> ReRating | None: ...
    async def holds(self, tenant_id: TenantId) -> bool: ...
    async def next_tenant(self, provider_id: ProviderId, after: TenantId | None) -> TenantId | None: ...
    async def save(self, one: ReRating, finished_at: datetime | None) -> None: ...


class RunningPort(Protocol):
    """Running periods of tenants that have limits or included minutes."""

    async def lock(self, wanted: Sequence[RunningPeriod]) -> list[RunningPeriod]: ...
    async def save(self, rows: Sequence[RunningPeriod]) -> None: ...
    async def get(self, tenant_id: TenantId, start_date: date) -> RunningPeriod | None: ...
    async def forget_sums(self, tenant_id: TenantId) -> None: ...
    async def holding(self, provider_id: ProviderId, tenant_id: TenantId | None) -> list[RunningPeriod]: ...
    async def international_days(
        self, tenants: Collection[TenantId], start: date, end: date
    ) -> dict[TenantId, dict[date, int]]: ...
