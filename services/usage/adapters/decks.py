"""Rate decks and time bands: versions in the database, the decks in use in memory, bounded."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.adapters.band_calendars import check_holidays, read_calendar
from services.usage.domain.call_rating import CalendarVersion, RateBook
from services.usage.domain.deck import Deck, DeckRow, DeckVersion, version_on
from services.usage.domain.records import Direction
from shared.ids import ProviderId

_VERSIONS = text("SELECT * FROM deck_version WHERE provider_id = :provider_id ORDER BY name, number")
_CALENDARS = text("SELECT * FROM rating_calendar WHERE provider_id = :provider_id ORDER BY version")
_ZONE = text("SELECT time_zone FROM provider WHERE provider_id = :provider_id")
_ADD_VERSION = text(
    "INSERT INTO deck_version (provider_id, version_id, name, number, effective_from, rows, content_hash, uploaded_at)"
    " VALUES (:provider_id, :version_id, :name, :number, :effective_from, :rows, :content_hash, :uploaded_at)"
)
_ROWS = (
    "SELECT direction, prefix, begins, destination, call_class, terms FROM deck_row"
    " WHERE provider_id = $1 AND version_id = $2"
)
_SOME_ROWS = text(
    "SELECT direction, prefix, begins, destination, call_class, terms FROM deck_row"
    " WHERE provider_id = :provider_id AND version_id = :version_id"
    " AND (direction, prefix, begins) > (:direction, :prefix, CAST(:begins AS date))"
    " AND prefix LIKE :like ORDER BY direction, prefix, begins LIMIT :limit"
)
_KEEP_CALENDAR = text(
    "INSERT INTO rating_calendar (provider_id, version, effective_from, body, kept_at) SELECT :provider_id,"
    " COALESCE(max(version), 0) + 1, :effective_from, :body, :kept_at FROM rating_calendar"
    " WHERE provider_id = :provider_id RETURNING version"
).bindparams(bindparam("body", type_=JSONB))
_COLUMNS = (
    "provider_id",
    "version_id",
    "direction",
    "prefix",
    "begins",
    "destination",
    "call_class",
    "terms",
)


_ROWS_AT_ONCE = 5000


class DeckCache:
    """Decks in memory, the least used given up first. A version never changes, so nothing in here goes stale."""

    def __init__(self, most_rows: int = 1_000_000) -> None:
        self._most = most_rows
        self._decks: OrderedDict[UUID, Deck] = OrderedDict()

    def get(self, version_id: UUID) -> Deck | None:
        found = self._decks.get(version_id)
        if found is not None:
            self._decks.move_to_end(version_id)
        return found

    def keep(self, deck: Deck) -> None:
        self._decks[deck.version_id] = deck
        while len(self._decks) > 1 and sum(one.rows for one in self._decks.values()) > self._most:
            self._decks.popitem(last=False)


def _direction(word: str) -> Direction:
    return "inbound" if word == "inbound" else "outbound"


def _version(row: Any) -> DeckVersion:
    return DeckVersion(row.version_id, row.name, row.number, row.effective_from, row.rows)


class SqlDecks:
    """Decks and calendars of this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection, cache: DeckCache) -> None:
        self._connection = connection
        self._cache = cache

    async def versions(self, provider_id: ProviderId) -> dict[str, list[DeckVersion]]:
        """All versions by the deck's name, oldest upload first."""
        found: dict[str, list[DeckVersion]] = {}
        for row in await self._connection.execute(_VERSIONS, {"provider_id": provider_id}):
            found.setdefault(row.name, []).append(_version(row))
        return found

    async def zone(self, provider_id: ProviderId) -> str | None:
        """Time zone of the provider; None while it was not told."""
        found = await self._connection.execute(_ZONE, {"provider_id": provider_id})
        zone: str | None = found.scalar_one_or_none()
        return zone

    async def load(self, provider_id: ProviderId, version_id: UUID) -> Deck:
        """A version with all its rows, from memory if it is there."""
        known = self._cache.get(version_id)
        if known is not None:
            return known
        raw: Any = (await self._connection.get_raw_connection()).driver_connection
        deck = Deck(version_id)
        rows = await raw.cursor(_ROWS, provider_id, version_id)
        # In pieces, so that memory stays flat and others get their turn between them.
        while piece := await rows.fetch(_ROWS_AT_ONCE):
            deck.extend(
                DeckRow(_direction(direction), prefix, begins, destination, call_class, terms)
                for direction, prefix, begins, destination, call_class, terms in piece
            )
        self._cache.keep(deck)
        return deck

    async def book(
        self, provider_id: ProviderId, wanted: Collection[tuple[str, datetime]], fallback_zone: str
    ) -> RateBook:
        """What rates calls of these (deck, answer): versions, the decks that hold then, time bands."""
        name = await self.zone(provider_id) or fallback_zone
        zone = ZoneInfo(name)
        if not wanted:
            return RateBook(zone=zone)
        versions: Mapping[str, Sequence[DeckVersion]] = await self.versions(provider_id)
        needed: set[UUID] = set()
        for deck, day in {(deck, at.astimezone(zone).date()) for deck, at in wanted}:
            version = version_on(versions.get(deck, ()), day)
            if version is not None:
                needed.add(version.version_id)
        return RateBook(
            zone=zone,
            versions=versions,
            decks={one: await self.load(provider_id, one) for one in sorted(needed)},
            calendars=await self._calendars(provider_id, name),
        )

    async def _calendars(self, provider_id: ProviderId, zone: str) -> list[CalendarVersion]:
        rows = await self._connection.execute(_CALENDARS, {"provider_id": provider_id})
        return [
            CalendarVersion(row.effective_from, row.version, read_calendar(row.body, zone)) for row in rows
        ]

    async def content_hash(self, provider_id: ProviderId, version_id: UUID) -> bytes:
        found = await self._connection.execute(
            text("SELECT content_hash FROM deck_version WHERE provider_id = :p AND version_id = :v"),
            {"p": provider_id, "v": version_id},
        )
        return bytes(found.scalar_one())

    async def add(
        self,
        provider_id: ProviderId,
        version: DeckVersion,
        deck: Deck,
        *,
        content_hash: bytes,
        uploaded_at: datetime,
    ) -> None:
        """A new version with its rows, by COPY."""
        await self._connection.execute(
            _ADD_VERSION,
            {
                "provider_id": provider_id,
                "version_id": version.version_id,
                "name": version.name,
                "number": version.number,
                "effective_from": version.effective_from,
                "rows": version.rows,
                "content_hash": content_hash,
                "uploaded_at": uploaded_at,
            },
        )
        raw: Any = (await self._connection.get_raw_connection()).driver_connection
        await raw.copy_records_to_table(
            "deck_row",
            columns=_COLUMNS,
            records=(
                (
                    provider_id,
                    version.version_id,
                    row.direction,
                    row.prefix,
                    row.begins,
                    row.destination,
                    row.call_class,
                    row.terms,
                )
                for row in deck.rows_in_order()
            ),
        )
        # If this transaction fails, nobody ever asks for it.
        self._cache.keep(deck)

    async def some_rows(
        self,
        provider_id: ProviderId,
        version_id: UUID,
        *,
        prefix: str,
        after: tuple[str, str, date] | None,
        limit: int,
    ) -> list[DeckRow]:
        """Rows whose prefix begins with ``prefix``, in their order, after a row."""
        direction, last, begins = after or ("", "", date.min)
        found = await self._connection.execute(
            _SOME_ROWS,
            {
                "provider_id": provider_id,
                "version_id": version_id,
                "direction": direction,
                "prefix": last,
                "begins": begins,
                "like": prefix.replace("\\", "").replace("%", "").replace("_", "") + "%",
                "limit": limit,
            },
        )
        return [
            DeckRow(
                _direction(row.direction), row.prefix, row.begins, row.destination, row.call_class, row.terms
            )
            for row in found
        ]

    async def calendars(self, provider_id: ProviderId) -> list[dict[str, Any]]:
        """Kept bodies, newest last."""
        rows = await self._connection.execute(_CALENDARS, {"provider_id": provider_id})
        return [{"version": row.version, "effective_from": row.effective_from, **row.body} for row in rows]

    async def keep_calendar(
        self, provider_id: ProviderId, effective_from: date, body: Mapping[str, Any], at: datetime
    ) -> int:
        """A new version of the time bands; its number. Raises ``Invalid`` for a country without known holidays."""
        if (where := body.get("holidays")) is not None:
            check_holidays(where["country"], where.get("region"))
        found = await self._connection.execute(
            _KEEP_CALENDAR,
            {
                "provider_id": provider_id,
                "effective_from": effective_from,
                "body": dict(body),
                "kept_at": at.astimezone(UTC),
            },
        )
        return int(found.scalar_one())
