"""The gateway's record of changes, and its kept answers, in memory."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from services.gateway.domain.change import Change, ChangeRow
from services.gateway.use_cases.ports import Claim, Claimed, Document
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


@dataclass
class _Kept:
    claim: Claim
    answer: Document | None = None


class FakeKeptAnswers:
    """Behaves like ``SqlKeptAnswers``."""

    def __init__(self) -> None:
        self.rows: dict[tuple[ProviderId, str, str], _Kept] = {}

    async def claim(self, claim: Claim) -> Claimed:
        first = self.rows.get(_name(claim))
        if first is None:
            self.rows[_name(claim)] = _Kept(claim)
            return Claimed(mine=True)
        return Claimed(mine=False, same=first.claim.fingerprint == claim.fingerprint, answer=first.answer)

    async def keep(self, claim: Claim, document: Document) -> None:
        self.rows[_name(claim)].answer = Document(document.status, document.media_type, document.content)

    async def release(self, claim: Claim) -> None:
        if self.rows[_name(claim)].answer is None:
            del self.rows[_name(claim)]

    async def forget(self, *, before: datetime) -> int:
        old = [name for name, row in self.rows.items() if row.claim.asked_at < before]
        for name in old:
            del self.rows[name]
        return len(old)


def _name(claim: Claim) -> tuple[ProviderId, str, str]:
    return claim.provider_id, claim.subject, claim.key


class FakeWork:
    """Opens over one log; ``broken`` makes opening fail, as a database that is away does."""

    def __init__(
        self, log: FakeAuditLog, kept: FakeKeptAnswers | None = None, *, broken: bool = False
    ) -> None:
        self._log = log
        self._kept = kept or FakeKeptAnswers()
        self._broken = broken

    @property
    def kept_answers(self) -> FakeKeptAnswers:
        return self._kept

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
