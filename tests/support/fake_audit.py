"""The gateway's record of changes in memory."""

from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from services.gateway.domain.change import Change, ChangeRow
from shared.ids import ProviderId


class FakeAuditLog:
    """Behaves like ``SqlAuditLog``."""

    def __init__(self) -> None:
        self.rows: list[ChangeRow] = []

    async def add(self, change: Change) -> None:
        self.rows.append(ChangeRow(change=change, outcome=None, finished_at=None))

    async def close(self, change: Change, *, outcome: int, finished_at: datetime) -> None:
        for place, row in enumerate(self.rows):
            if row.change.change_id == change.change_id and row.outcome is None:
                self.rows[place] = replace(row, outcome=outcome, finished_at=finished_at)

    async def page(self, provider_id: ProviderId, *, before: UUID | None, limit: int) -> list[ChangeRow]:
        own = [row for row in self.rows if row.change.provider_id == provider_id]
        own.sort(key=lambda row: row.change.change_id, reverse=True)
        return [row for row in own if before is None or row.change.change_id < before][:limit]


class FakeWork:
    """Opens over one log; ``broken`` makes opening fail, as a database that is away does."""

    def __init__(self, log: FakeAuditLog, *, broken: bool = False) -> None:
        self._log = log
        self._broken = broken

    @property
    def audit(self) -> FakeAuditLog:
        return self._log

    async def __aenter__(self) -> Self:
        if self._broken:
            raise ConnectionRefusedError("the database is away")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def system_now(self) -> datetime:
        return datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
