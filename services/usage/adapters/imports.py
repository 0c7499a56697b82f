"""How far each file was imported: the same file given again goes on where it stopped."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.ports import ImportedSoFar
from shared.ids import ProviderId

_BEGIN = text(
    "INSERT INTO import_file (provider_id, content_hash, name, size_bytes, done_bytes, taken, repeated, quarantined,"
    " started_at) VALUES (:provider_id, :content_hash, :name, :size_bytes, 0, 0, 0, 0, :now)"
    " ON CONFLICT (provider_id, content_hash) DO UPDATE SET name = EXCLUDED.name"
    " RETURNING done_bytes, taken, repeated, quarantined"
)
_ADVANCE = text(
    "UPDATE import_file SET done_bytes = :done_bytes, taken = :taken, repeated = :repeated, quarantined = :quarantined,"
    " finished_at = CASE WHEN :done_bytes >= size_bytes THEN CAST(:now AS timestamptz) END"
    " WHERE provider_id = :provider_id AND content_hash = :content_hash"
)


class SqlImports:
    """Import files in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(
        self, provider_id: ProviderId, *, content_hash: bytes, name: str, size_bytes: int, now: datetime
    ) -> ImportedSoFar:
        rows = await self._connection.execute(
            _BEGIN,
            {
                "provider_id": provider_id,
                "content_hash": content_hash,
                "name": name,
                "size_bytes": size_bytes,
                "now": now,
            },
        )
        row = rows.one()
        return ImportedSoFar(row.done_bytes, row.taken, row.repeated, row.quarantined)

    async def advance(
        self, provider_id: ProviderId, *, content_hash: bytes, so_far: ImportedSoFar, now: datetime
    ) -> None:
        await self._connection.execute(
            _ADVANCE,
            {
                "provider_id": provider_id,
                "content_hash": content_hash,
                "done_bytes": so_far.done_bytes,
                "taken": so_far.taken,
                "repeated": so_far.repeated,
                "quarantined": so_far.quarantined,
                "now": now,
            },
        )
