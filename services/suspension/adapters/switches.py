"""Switches that cache answers, and what they are still to be told."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.use_cases.ports import Outcome, Push, Switch, SwitchKind
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId

# A change of one tenant is queued for each switch of its provider; a provider's subject finds no tenant.
_QUEUE = """
INSERT INTO push (provider_id, push_id, switch_name, tenant_id, queued_at, next_attempt_at, attempts)
SELECT s.provider_id, gen_random_uuid(), s.name, t.tenant_id, :now, :now, 0
FROM tenant t JOIN switch s ON s.provider_id = t.provider_id WHERE t.tenant_id = :subject
RETURNING 1
"""
_KEEP = """
INSERT INTO switch (provider_id, name, kind, url, secret, cut_calls, changed_at)
VALUES (:provider_id, :name, :kind, :url, :secret, :cut_calls, :now)
ON CONFLICT (provider_id, name) DO UPDATE SET kind = EXCLUDED.kind, url = EXCLUDED.url, secret = EXCLUDED.secret,
  cut_calls = EXCLUDED.cut_calls, changed_at = EXCLUDED.changed_at
RETURNING 1
"""
_TAKE = text("""
UPDATE push p SET attempts = p.attempts + 1, next_attempt_at = :until
FROM switch s, tenant t LEFT JOIN standing st ON st.tenant_id = t.tenant_id
WHERE (p.provider_id, p.push_id) IN (
    SELECT due.provider_id, due.push_id FROM switch w CROSS JOIN LATERAL (
        SELECT q.provider_id, q.push_id FROM push q
        WHERE q.provider_id = w.provider_id AND q.switch_name = w.name AND q.next_attempt_at <= :now
        ORDER BY q.attempts > 0, q.next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED) due
    WHERE NOT EXISTS (
        SELECT 1 FROM unnest(CAST(:busy_providers AS uuid[]), CAST(:busy_names AS text[])) AS busy (provider_id, name)
        WHERE busy.provider_id = w.provider_id AND busy.name = w.name))
  AND s.provider_id = p.provider_id AND s.name = p.switch_name AND t.tenant_id = p.tenant_id
RETURNING p.provider_id, p.push_id, p.attempts, p.delivered_at, p.queued_at, s.name, s.kind, s.url, s.secret,
  s.cut_calls, t.tenant_id, t.sip_domain, t.account_codes, COALESCE(st.stage, 'none') AS stage, st.cause
""")
_DONE = text("""
UPDATE push SET delivered_at = COALESCE(delivered_at, :delivered_at), next_attempt_at = :again_at, last_error = :error
WHERE provider_id = :provider_id AND push_id = :push_id
""")
_LOG = """
SELECT push_id, tenant_id, queued_at, attempts, delivered_at, next_attempt_at, last_error FROM push
WHERE provider_id = :provider_id AND switch_name = :name ORDER BY queued_at DESC LIMIT :limit
"""
LONGEST_TAKEN = timedelta(seconds=30)


class SqlSwitches:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def queue(self, subject: TenantId | ProviderId) -> int:
        """How many switches are to be told."""
        return len(await self._work.fetch(_QUEUE, subject=subject, now=self._work.system_now()))

    async def keep(self, switch: Switch) -> None:
        await self._work.fetch(
            _KEEP,
            provider_id=switch.provider_id,
            name=switch.name,
            kind=switch.kind,
            url=switch.url,
            secret=switch.secret,
            cut_calls=switch.cut_calls,
            now=self._work.system_now(),
        )

    async def get(self, provider_id: ProviderId, name: str) -> Switch | None:
        rows = await self._work.fetch(
            "SELECT * FROM switch WHERE provider_id = :provider_id AND name = :name",
            provider_id=provider_id,
            name=name,
        )
        return _switch(rows[0]) if rows else None

    async def of_provider(self, provider_id: ProviderId) -> list[Switch]:
        rows = await self._work.fetch(
            "SELECT * FROM switch WHERE provider_id = :provider_id ORDER BY name", provider_id=provider_id
        )
        return [_switch(row) for row in rows]

    async def drop(self, provider_id: ProviderId, name: str) -> bool:
        """With what it was still to be told."""
        await self._work.fetch(
            "UPDATE push SET next_attempt_at = NULL WHERE provider_id = :provider_id AND switch_name = :name"
            " RETURNING 1",
            provider_id=provider_id,
            name=name,
        )
        return bool(
            await self._work.fetch(
                "DELETE FROM switch WHERE provider_id = :provider_id AND name = :name RETURNING 1",
                provider_id=provider_id,
                name=name,
            )
        )

    async def log(self, provider_id: ProviderId, name: str, limit: int) -> list[dict[str, Any]]:
        """The newest pushes first."""
        return await self._work.fetch(_LOG, provider_id=provider_id, name=name, limit=limit)


def _switch(row: dict[str, Any]) -> Switch:
    return Switch(
        provider_id=ProviderId(row["provider_id"]),
        name=row["name"],
        kind=row["kind"],
        url=row["url"],
        secret=row["secret"],
        cut_calls=row["cut_calls"],
    )


async def take_pushes(
    engine: AsyncEngine, now: datetime, limit: int, busy: Collection[tuple[ProviderId, str]] = ()
) -> list[Push]:
    """Pushes that are due, up to ``limit`` for each switch, changes that nobody was told of first; none for switches
    (provider, name) that are ``busy``. Other replicas leave them alone for a while."""
    async with engine.begin() as connection:
        values = {
            "now": now,
            "until": now + LONGEST_TAKEN,
            "limit": limit,
            "busy_providers": [provider_id for provider_id, _ in busy],
            "busy_names": [name for _, name in busy],
        }
        rows = (await connection.execute(_TAKE, values)).mappings().all()
    return [_push(dict(row)) for row in rows]


def _push(row: dict[str, Any]) -> Push:
    kind: SwitchKind = row["kind"]
    return Push(
        push_id=UUID(str(row["push_id"])),
        switch=Switch(
            ProviderId(row["provider_id"]), row["name"], kind, row["url"], row["secret"], row["cut_calls"]
        ),
        tenant_id=TenantId(row["tenant_id"]),
        names=tuple(name for name in (row["sip_domain"], *row["account_codes"]) if name),
        stage=row["stage"],
        cause=row["cause"],
        attempts=row["attempts"],
        queued_at=row["queued_at"],
        delivered=row["delivered_at"] is not None,
    )


async def keep_outcomes(engine: AsyncEngine, outcomes: list[Outcome]) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            _DONE,
            [
                {
                    "provider_id": one.push.switch.provider_id,
                    "push_id": one.push.push_id,
                    "delivered_at": one.delivered_at,
                    "again_at": one.again_at,
                    "error": one.error,
                }
                for one in outcomes
            ],
        )


async def forget_pushes(engine: AsyncEngine, before: datetime) -> None:
    """The log is kept for a while only."""
    async with engine.begin() as connection:
        await connection.execute(
            text("DELETE FROM push WHERE queued_at < :before AND next_attempt_at IS NULL"), {"before": before}
        )
