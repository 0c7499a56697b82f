"""Records that could not be read or placed: kept with their bytes and the reason, never dropped."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.ports import PLACEABLE_REASONS, QuarantinedRecord
from shared.ids import ProviderId

_ADD = text(
    "INSERT INTO quarantine (provider_id, quarantine_id, received_at, source, reason, field, detail, raw, context,"
    " directory_version, state) VALUES (:provider_id, :quarantine_id, :received_at, :source, :reason, :field, :detail,"
    " :raw, :context, :directory_version, 'waiting') ON CONFLICT (provider_id, quarantine_id) DO UPDATE SET"
    " state = 'waiting', replayed_at = NULL, reason = EXCLUDED.reason, field = EXCLUDED.field,"
    " detail = EXCLUDED.detail, directory_version = EXCLUDED.directory_version WHERE quarantine.state <> 'waiting'"
).bindparams(bindparam("context", type_=JSONB))
_PLACEABLE = text(
    "SELECT q.* FROM quarantine q JOIN directory d ON d.provider_id = q.provider_id"
    " WHERE q.provider_id = :provider_id AND q.state = 'waiting' AND q.reason = ANY(CAST(:reasons AS text[]))"
    " AND q.directory_version < d.version ORDER BY q.received_at, q.quarantine_id LIMIT :limit FOR UPDATE OF q SKIP LOCKED"
)
_PROVIDERS = text(
    "SELECT d.provider_id FROM directory d WHERE EXISTS (SELECT FROM quarantine q WHERE q.provider_id = d.provider_id"
    " AND q.state = 'waiting' AND q.reason = ANY(CAST(:reasons AS text[])) AND q.directory_version < d.version)"
)
_DONE = text(
    "UPDATE quarantine SET state = 'replayed', replayed_at = :at"
    " WHERE provider_id = :provider_id AND quarantine_id = :quarantine_id"
)
_OVER = text(
    "UPDATE quarantine SET state = 'replayed', replayed_at = :at"
    " WHERE provider_id = :provider_id AND quarantine_id = ANY(CAST(:ids AS uuid[])) AND state = 'waiting'"
)
_TRIED = text(
    "UPDATE quarantine SET reason = :reason, field = :field, detail = :detail, directory_version = :directory_version"
    " WHERE provider_id = :provider_id AND quarantine_id = :quarantine_id"
)


def _record(row: Any) -> QuarantinedRecord:
    return QuarantinedRecord(
        provider_id=ProviderId(row.provider_id),
        quarantine_id=row.quarantine_id,
        received_at=row.received_at,
        source=row.source,
        reason=row.reason,
        field=row.field,
        detail=row.detail,
        raw=bytes(row.raw),
        context=row.context,
        directory_version=row.directory_version,
        state=row.state,
    )


class SqlQuarantine:
    """Quarantine in this service's database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, records: Sequence[QuarantinedRecord]) -> None:
        """The same bytes for the same reason are kept once: a switch repeats what was refused."""
        if not records:
            return
        await self._connection.execute(
            _ADD,
            [
                {
                    "provider_id": one.provider_id,
                    "quarantine_id": one.quarantine_id,
                    "received_at": one.received_at,
                    "source": one.source,
                    "reason": one.reason,
                    "field": one.field,
                    "detail": one.detail,
                    "raw": one.raw,
                    "context": dict(one.context),
                    "directory_version": one.directory_version,
                }
                for one in sorted(records, key=lambda record: record.quarantine_id)
            ],
        )

    async def waiting_providers(self) -> list[ProviderId]:
        """Providers whose directory changed since some record could not be placed."""
        rows = await self._connection.execute(_PROVIDERS, {"reasons": list(PLACEABLE_REASONS)})
        return [ProviderId(row.provider_id) for row in rows]

    async def placeable(self, provider_id: ProviderId, limit: int) -> list[QuarantinedRecord]:
        """Records worth another try, locked for this transaction."""
        rows = await self._connection.execute(
            _PLACEABLE, {"provider_id": provider_id, "reasons": list(PLACEABLE_REASONS), "limit": limit}
        )
        return [_record(row) for row in rows]

    async def get(self, provider_id: ProviderId, quarantine_id: UUID) -> QuarantinedRecord | None:
        rows = await self._connection.execute(
            text(
                "SELECT * FROM quarantine WHERE provider_id = :provider_id AND quarantine_id = :quarantine_id FOR UPDATE"
            ),
            {"provider_id": provider_id, "quarantine_id": quarantine_id},
        )
        row = rows.first()
        return None if row is None else _record(row)

    async def listed(
        self,
        provider_id: ProviderId,
        *,
        state: str,
        after: UUID | None,
        limit: int,
        reason: str | None = None,
    ) -> list[QuarantinedRecord]:
        rows = await self._connection.execute(
            text(
                "SELECT * FROM quarantine WHERE provider_id = :provider_id AND state = :state"
                " AND (CAST(:reason AS text) IS NULL OR reason = :reason)"
                " AND (CAST(:after AS uuid) IS NULL OR quarantine_id > CAST(:after AS uuid))"
                " ORDER BY quarantine_id LIMIT :limit"
            ),
            {"provider_id": provider_id, "state": state, "after": after, "limit": limit, "reason": reason},
        )
        return [_record(row) for row in rows]

    async def done(self, record: QuarantinedRecord, at: datetime) -> None:
        await self._connection.execute(
            _DONE, {"provider_id": record.provider_id, "quarantine_id": record.quarantine_id, "at": at}
        )

    async def over(self, provider_id: ProviderId, quarantine_ids: Collection[UUID], at: datetime) -> None:
        """These legs wait no longer: another one of their call has placed it."""
        if quarantine_ids:
            await self._connection.execute(
                _OVER, {"provider_id": provider_id, "ids": sorted(quarantine_ids), "at": at}
            )

    async def tried(self, record: QuarantinedRecord) -> None:
        """Still not possible, perhaps for another reason now."""
        await self._connection.execute(
            _TRIED,
            {
                "provider_id": record.provider_id,
                "quarantine_id": record.quarantine_id,
                "reason": record.reason,
                "field": record.field,
                "detail": record.detail,
                "directory_version": record.directory_version,
            },
        )
