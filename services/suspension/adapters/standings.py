"""Standings, policies and the audit trail in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.suspension.adapters.rows import policy_of_row, row_of_policy, standing_of_row
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry, StandingRow
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId, new_id

_STANDING_COLUMNS = (
    *("tenant_id", "provider_id", "stage", "since", "why", "next_step_at", "evaluated_at", "cause"),
    *("international_barred", "termination_proposed_at", "doubtful", "truth_due_at"),
)
_STANDING_TYPES = {
    "tenant_id": "uuid",
    "provider_id": "uuid",
    "stage": "text",
    "why": "text",
    "cause": "text",
    "international_barred": "boolean",
    "doubtful": "boolean",
}
# One statement for all rows of a sweep's batch: the rows are arrays, one for each column.
_KEEP_STANDING = text(
    f"INSERT INTO standing ({', '.join(_STANDING_COLUMNS)}) SELECT * FROM unnest("  # noqa: S608 (constants of our own, never input)
    + ", ".join(
        f"CAST(:{name} AS {_STANDING_TYPES.get(name, 'timestamptz')}[])" for name in _STANDING_COLUMNS
    )
    + ")"
    " ON CONFLICT (tenant_id) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _STANDING_COLUMNS[2:])
)
_POLICY_COLUMNS = (
    *("provider_id", "scope_id", "grace_days", "outbound_after_days", "reminder_days", "smallest_minor"),
    *("inbound", "terminate_after_days", "counting", "quiet_weekends", "holidays", "quiet_dates"),
    *("debit_lifts", "dispute_lifts", "unusual_international_bars", "jurisdiction", "changed_at"),
)
_KEEP_POLICY = text(
    f"INSERT INTO policy ({', '.join(_POLICY_COLUMNS)})"  # noqa: S608 (constants of our own, never input)
    f" VALUES ({', '.join(':' + name for name in _POLICY_COLUMNS)})"
    " ON CONFLICT (provider_id, scope_id) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in _POLICY_COLUMNS[2:])
    + " RETURNING 1"
)
_POLICY = "SELECT * FROM policy WHERE provider_id = :provider_id AND scope_id = :scope_id"
_POLICIES = "SELECT * FROM policy WHERE provider_id = ANY(:provider_ids) AND scope_id = ANY(:scope_ids)"
_ADD_AUDIT = text(
    "INSERT INTO audit (provider_id, audit_id, tenant_id, at, recorded_at, action, done_by, reason, details)"
    " VALUES (:provider_id, :audit_id, :tenant_id, :at, :recorded_at, :action, :done_by, :reason, :details)"
    " RETURNING 1"
).bindparams(bindparam("details", type_=JSONB))


class SqlStandings:
    """``left`` notes what a change leaves to be done at once (``adapters.work.Left``)."""

    def __init__(self, work: SqlUnitOfWork, left: set[Any]) -> None:
        self._work = work
        self._left = left

    async def get(self, tenant_id: TenantId) -> StandingRow | None:
        rows = await self._work.fetch(
            "SELECT * FROM standing WHERE tenant_id = :tenant_id", tenant_id=tenant_id
        )
        return standing_of_row(rows[0]) if rows else None

    async def of_all(self, tenant_ids: Sequence[TenantId]) -> dict[TenantId, StandingRow]:
        rows = await self._work.fetch(
            "SELECT * FROM standing WHERE tenant_id = ANY(:tenant_ids)", tenant_ids=list(tenant_ids)
        )
        return {TenantId(row["tenant_id"]): standing_of_row(row) for row in rows}

    async def keep(self, rows: Sequence[StandingRow]) -> None:
        if rows:
            values: dict[str, list[Any]] = {
                name: [getattr(row, name) for row in rows] for name in _STANDING_COLUMNS
            }
            await self._work.connection.execute(_KEEP_STANDING, values)
            if any(row.doubtful for row in rows):
                self._left.add("confirm")

    async def ask_truth(self, tenant_id: TenantId, at: datetime) -> None:
        await self._work.fetch(
            "UPDATE standing SET truth_due_at = :at WHERE tenant_id = :tenant_id RETURNING 1",
            tenant_id=tenant_id,
            at=at,
        )
        self._left.add("confirm")

    async def with_steps_to_come(self, provider_id: ProviderId) -> list[TenantId]:
        rows = await self._work.fetch(
            "SELECT tenant_id FROM standing WHERE provider_id = :provider_id AND next_step_at IS NOT NULL"
            " ORDER BY next_step_at",
            provider_id=provider_id,
        )
        return [TenantId(row["tenant_id"]) for row in rows]

    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        await self._work.fetch(
            "UPDATE standing SET next_step_at = :at WHERE provider_id = :provider_id RETURNING 1",
            provider_id=provider_id,
            at=at,
        )
        self._left.add("sweep")


class SqlPolicies:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def of_provider(self, provider_id: ProviderId) -> Policy | None:
        return _policy(await self._work.fetch(_POLICY, provider_id=provider_id, scope_id=provider_id))

    async def of_tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> Policy | None:
        return _policy(await self._work.fetch(_POLICY, provider_id=provider_id, scope_id=tenant_id))

    async def keep(
        self, provider_id: ProviderId, tenant_id: TenantId | None, policy: Policy, at: datetime
    ) -> None:
        await self._work.fetch(
            _KEEP_POLICY,
            provider_id=provider_id,
            scope_id=tenant_id or provider_id,
            **row_of_policy(policy),
            changed_at=at,
        )

    async def of_all(
        self, provider_ids: Sequence[ProviderId], tenant_ids: Sequence[TenantId]
    ) -> dict[UUID, Policy]:
        """By provider or tenant."""
        rows = await self._work.fetch(
            _POLICIES, provider_ids=list(provider_ids), scope_ids=[*provider_ids, *tenant_ids]
        )
        return {row["scope_id"]: policy_of_row(row) for row in rows}

    async def drop(self, provider_id: ProviderId, tenant_id: TenantId) -> bool:
        return bool(
            await self._work.fetch(
                "DELETE FROM policy WHERE provider_id = :provider_id AND scope_id = :scope_id RETURNING 1",
                provider_id=provider_id,
                scope_id=tenant_id,
            )
        )


def _policy(rows: list[dict[str, Any]]) -> Policy | None:
    return policy_of_row(rows[0]) if rows else None


class SqlAudit:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def add(self, provider_id: ProviderId, tenant_id: TenantId | None, entry: AuditEntry) -> None:
        await self._work.fetch(
            _ADD_AUDIT,
            provider_id=provider_id,
            audit_id=new_id(),
            tenant_id=tenant_id,
            at=entry.at,
            recorded_at=entry.recorded_at,
            action=entry.action,
            done_by=entry.by,
            reason=entry.reason,
            details=entry.details,
        )

    async def of_tenant(self, tenant_id: TenantId, limit: int) -> list[AuditEntry]:
        rows = await self._work.fetch(
            "SELECT * FROM audit WHERE tenant_id = :tenant_id ORDER BY audit_id DESC LIMIT :limit",
            tenant_id=tenant_id,
            limit=limit,
        )
        return [_entry(row) for row in rows]

    async def whole(
        self, provider_id: ProviderId, tenant_id: TenantId | None
    ) -> AsyncIterator[tuple[TenantId | None, AuditEntry]]:
        query = text(
            "SELECT * FROM audit WHERE provider_id = :provider_id"
            " AND (CAST(:tenant_id AS uuid) IS NULL OR tenant_id = :tenant_id) ORDER BY audit_id"
        )
        values = {"provider_id": provider_id, "tenant_id": tenant_id}
        async with self._work.connection.stream(query, values) as rows:
            async for row in rows.mappings():
                yield row["tenant_id"], _entry(dict(row))


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        row["at"], row["recorded_at"], row["action"], row["done_by"], row["reason"], dict(row["details"])
    )
