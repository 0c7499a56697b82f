"""Standings, policies and the audit trail in PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.suspension.domain.account import Stage
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry, StandingRow
from shared.db.due import due_now
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId, new_id

_KEEP_STANDING = """
INSERT INTO standing (tenant_id, provider_id, stage, since, why, next_step_at, evaluated_at)
VALUES (:tenant_id, :provider_id, :stage, :since, :why, :next_step_at, :evaluated_at)
ON CONFLICT (tenant_id) DO UPDATE SET stage = EXCLUDED.stage, since = EXCLUDED.since, why = EXCLUDED.why,
  next_step_at = EXCLUDED.next_step_at, evaluated_at = EXCLUDED.evaluated_at
RETURNING 1
"""
_IS_DUE = f"SELECT 1 FROM standing WHERE tenant_id = :tenant_id AND next_step_at <= {due_now('standing')}"  # noqa: S608
_KEEP_POLICY = """
INSERT INTO policy (provider_id, scope_id, grace_days, outbound_after_days, reminder_days, smallest_minor, inbound,
                    changed_at)
VALUES (:provider_id, :scope_id, :grace_days, :outbound_after_days, :reminder_days, :smallest_minor, :inbound,
        :changed_at)
ON CONFLICT (provider_id, scope_id) DO UPDATE SET grace_days = EXCLUDED.grace_days,
  outbound_after_days = EXCLUDED.outbound_after_days, reminder_days = EXCLUDED.reminder_days,
  smallest_minor = EXCLUDED.smallest_minor, inbound = EXCLUDED.inbound, changed_at = EXCLUDED.changed_at
RETURNING 1
"""
_POLICY = "SELECT * FROM policy WHERE provider_id = :provider_id AND scope_id = :scope_id"
_ADD_AUDIT = text(
    "INSERT INTO audit (provider_id, audit_id, tenant_id, at, recorded_at, action, done_by, reason, details)"
    " VALUES (:provider_id, :audit_id, :tenant_id, :at, :recorded_at, :action, :done_by, :reason, :details)"
    " RETURNING 1"
).bindparams(bindparam("details", type_=JSONB))


class SqlStandings:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def get(self, tenant_id: TenantId) -> StandingRow | None:
        rows = await self._work.fetch(
            "SELECT * FROM standing WHERE tenant_id = :tenant_id", tenant_id=tenant_id
        )
        if not rows:
            return None
        row = rows[0]
        return StandingRow(
            tenant_id=tenant_id,
            provider_id=ProviderId(row["provider_id"]),
            stage=Stage(row["stage"]),
            since=row["since"],
            why=row["why"],
            next_step_at=row["next_step_at"],
            evaluated_at=row["evaluated_at"],
        )

    async def keep(self, row: StandingRow) -> None:
        await self._work.fetch(
            _KEEP_STANDING,
            tenant_id=row.tenant_id,
            provider_id=row.provider_id,
            stage=row.stage.value,
            since=row.since,
            why=row.why,
            next_step_at=row.next_step_at,
            evaluated_at=row.evaluated_at,
        )

    async def all_due_at(self, provider_id: ProviderId, at: datetime) -> None:
        await self._work.fetch(
            "UPDATE standing SET next_step_at = :at WHERE provider_id = :provider_id RETURNING 1",
            provider_id=provider_id,
            at=at,
        )

    async def is_due(self, tenant_id: TenantId, system_now: datetime) -> bool:
        return bool(await self._work.fetch(_IS_DUE, tenant_id=tenant_id, system_now=system_now))


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
            grace_days=policy.grace_days,
            outbound_after_days=policy.outbound_after_days,
            reminder_days=list(policy.reminder_days),
            smallest_minor=policy.smallest_minor,
            inbound=policy.inbound,
            changed_at=at,
        )

    async def drop(self, provider_id: ProviderId, tenant_id: TenantId) -> bool:
        return bool(
            await self._work.fetch(
                "DELETE FROM policy WHERE provider_id = :provider_id AND scope_id = :scope_id RETURNING 1",
                provider_id=provider_id,
                scope_id=tenant_id,
            )
        )


def _policy(rows: list[dict[str, Any]]) -> Policy | None:
    if not rows:
        return None
    row = rows[0]
    return Policy(
        grace_days=row["grace_days"],
        outbound_after_days=row["outbound_after_days"],
        reminder_days=tuple(row["reminder_days"]),
        smallest_minor=row["smallest_minor"],
        inbound=row["inbound"],
    )


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
        return [
            AuditEntry(r["at"], r["recorded_at"], r["action"], r["done_by"], r["reason"], dict(r["details"]))
            for r in rows
        ]
