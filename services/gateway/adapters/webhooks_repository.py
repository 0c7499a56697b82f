"""Webhook endpoints, deliveries and attempts in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.adapters.tables import webhook_attempt, webhook_delivery, webhook_endpoint
from services.gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Endpoint
from shared.ids import EventId, ProviderId, TenantId, new_id

# Longer than a try can last, so that no two try the same delivery.
LEASE = timedelta(seconds=60)

_CLAIM = text(
    "UPDATE webhook_delivery d SET leased_until = :until FROM ("
    " SELECT provider_id, endpoint_id, event_id FROM webhook_delivery"
    " WHERE state = 'waiting' AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)"
    " ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED) due, webhook_endpoint e"
    " WHERE d.provider_id = due.provider_id AND d.endpoint_id = due.endpoint_id AND d.event_id = due.event_id"
    " AND e.provider_id = d.provider_id AND e.endpoint_id = d.endpoint_id AND e.off_since IS NULL"
    " RETURNING d.provider_id, d.endpoint_id, d.event_id"
)


class SqlWebhooks:
    """The rows of ``webhook_endpoint``, ``webhook_delivery`` and ``webhook_attempt``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    # -- endpoints --------------------------------------------------------------------------------------------

    async def add_endpoint(self, endpoint: Endpoint) -> None:
        await self._connection.execute(
            insert(webhook_endpoint).values(
                provider_id=endpoint.provider_id,
                endpoint_id=endpoint.endpoint_id,
                created_at=endpoint.created_at,
                secret=endpoint.secrets[0],
                **_changeable(endpoint),
            )
        )

    async def endpoints(self, provider_id: ProviderId) -> list[Endpoint]:
        found = await self._connection.execute(
            select(webhook_endpoint, _OLD_SECRET_HOLDS)
            .where(webhook_endpoint.c.provider_id == provider_id)
            .order_by(webhook_endpoint.c.endpoint_id)
        )
        return [_endpoint(row) for row in found]

    async def endpoint(
        self, provider_id: ProviderId, endpoint_id: UUID, *, lock: bool = False
    ) -> Endpoint | None:
        query = select(webhook_endpoint, _OLD_SECRET_HOLDS).where(_one(provider_id, endpoint_id))
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return _endpoint(row) if row is not None else None

    async def store_endpoint(self, endpoint: Endpoint) -> None:
        await self._connection.execute(
            update(webhook_endpoint)
            .where(_one(endpoint.provider_id, endpoint.endpoint_id))
            .values(**_changeable(endpoint))
        )

    async def rotate_secret(
        self, provider_id: ProviderId, endpoint_id: UUID, secret: str, *, old_until: datetime
    ) -> None:
        await self._connection.execute(
            update(webhook_endpoint)
            .where(_one(provider_id, endpoint_id))
            .values(secret=secret, old_secret=webhook_endpoint.c.secret, old_secret_until=old_until)
        )

    async def remove_endpoint(self, provider_id: ProviderId, endpoint_id: UUID) -> bool:
        for table in (webhook_attempt, webhook_delivery):
            await self._connection.execute(
                delete(table).where(table.c.provider_id == provider_id, table.c.endpoint_id == endpoint_id)
            )
        gone = await self._connection.execute(delete(webhook_endpoint).where(_one(provider_id, endpoint_id)))
        return gone.rowcount == 1

    # -- deliveries -------------------------------------------------------------------------------------------

    async def queue(self, deliveries: Sequence[Delivery]) -> int:
        if not deliveries:
            return 0
        made = await self._connection.execute(
            upsert(webhook_delivery)
            .values(
                [
                    {
                        "provider_id": one.provider_id,
                        "endpoint_id": one.endpoint_id,
                        "event_id": one.event_id,
                        "event_type": one.event_type,
                        "tenant_id": one.tenant_id,
                        "event_at": one.event_at,
                        "body": one.body,
                        "created_at": one.created_at,
                        "due_at": one.due_at,
                        "state": one.state.value,
                        "attempts": one.attempts,
                    }
                    for one in deliveries
                ]
            )
            .on_conflict_do_nothing()
        )
        return made.rowcount

    async def claim_due(self, now: datetime, *, limit: int) -> list[tuple[Delivery, Endpoint]]:
        """Leases due deliveries of endpoints that are on; those of others wait."""
        values = {"now": now, "until": now + LEASE, "most": limit}
        names = [tuple(row) for row in await self._connection.execute(_CLAIM, values)]
        if not names:
            return []
        rows = await self._connection.execute(
            select(webhook_delivery).where(_NAME.in_(names)).order_by(webhook_delivery.c.due_at)
        )
        deliveries = [_delivery(row) for row in rows]
        endpoints: dict[tuple[ProviderId, UUID], Endpoint] = {}
        for name in {(one.provider_id, one.endpoint_id) for one in deliveries}:
            found = await self.endpoint(*name)
            if found is not None:
                endpoints[name] = found
        return [
            (one, endpoints[one.provider_id, one.endpoint_id])
            for one in deliveries
            if (one.provider_id, one.endpoint_id) in endpoints
        ]

    async def settle(self, delivery: Delivery, attempt: Attempt) -> None:
        await self._connection.execute(
            update(webhook_delivery)
            .where(_delivery_is(delivery.provider_id, delivery.endpoint_id, delivery.event_id))
            .values(
                state=delivery.state.value,
                attempts=delivery.attempts,
                due_at=delivery.due_at,
                finished_at=delivery.finished_at,
                leased_until=None,
            )
        )
        await self._connection.execute(
            insert(webhook_attempt).values(
                provider_id=delivery.provider_id,
                endpoint_id=delivery.endpoint_id,
                event_id=delivery.event_id,
                attempt_id=new_id(),
                number=attempt.number,
                at=attempt.at,
                duration_ms=attempt.duration_ms,
                status=attempt.status,
                error=attempt.error,
                answer=attempt.answer,
            )
        )

    async def deliveries(
        self,
        provider_id: ProviderId,
        *,
        endpoint_id: UUID | None,
        state: DeliveryState | None,
        before: tuple[datetime, UUID, UUID] | None,
        limit: int,
    ) -> list[Delivery]:
        """Newest first."""
        table = webhook_delivery
        order = (table.c.created_at, table.c.endpoint_id, table.c.event_id)
        query = select(table).where(table.c.provider_id == provider_id)
        if endpoint_id is not None:
            query = query.where(table.c.endpoint_id == endpoint_id)
        if state is not None:
            query = query.where(table.c.state == state.value)
        if before is not None:
            query = query.where(tuple_(*order) < tuple_(*before))
        rows = await self._connection.execute(
            query.order_by(*(column.desc() for column in order)).limit(limit)
        )
        return [_delivery(row) for row in rows]

    async def attempts(self, provider_id: ProviderId, endpoint_id: UUID, event_id: EventId) -> list[Attempt]:
        table = webhook_attempt
        rows = await self._connection.execute(
            select(table)
            .where(
                table.c.provider_id == provider_id,
                table.c.endpoint_id == endpoint_id,
                table.c.event_id == event_id,
            )
            .order_by(table.c.attempt_id)
        )
        return [
            Attempt(row.number, row.at, row.duration_ms, row.status, row.error, row.answer) for row in rows
        ]

    async def replay(
        self,
        provider_id: ProviderId,
        endpoint_id: UUID,
        *,
        now: datetime,
        event_id: EventId | None = None,
        since: datetime | None = None,
    ) -> int:
        table = webhook_delivery
        which = [table.c.provider_id == provider_id, table.c.endpoint_id == endpoint_id]
        if event_id is not None:
            which.append(table.c.event_id == event_id)
        if since is not None:
            which.append(table.c.created_at >= since)
        again = await self._connection.execute(
            update(table)
            .where(and_(*which))
            .values(state=DeliveryState.WAITING.value, attempts=0, due_at=now, finished_at=None)
        )
        return again.rowcount

    async def forget(self, *, before: datetime) -> int:
        await self._connection.execute(delete(webhook_attempt).where(webhook_attempt.c.at < before))
        gone = await self._connection.execute(
            delete(webhook_delivery).where(
                webhook_delivery.c.finished_at < before,
                webhook_delivery.c.state != DeliveryState.WAITING.value,
            )
        )
        return gone.rowcount


_NAME = tuple_(webhook_delivery.c.provider_id, webhook_delivery.c.endpoint_id, webhook_delivery.c.event_id)
_OLD_SECRET_HOLDS = (webhook_endpoint.c.old_secret_until > func.clock_timestamp()).label("old_secret_holds")


def _one(provider_id: ProviderId, endpoint_id: UUID) -> ColumnElement[bool]:
    return and_(webhook_endpoint.c.provider_id == provider_id, webhook_endpoint.c.endpoint_id == endpoint_id)


def _delivery_is(provider_id: ProviderId, endpoint_id: UUID, event_id: EventId) -> ColumnElement[bool]:
    table = webhook_delivery
    return and_(
        table.c.provider_id == provider_id,
        table.c.endpoint_id == endpoint_id,
        table.c.event_id == event_id,
    )


def _changeable(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "patterns": list(endpoint.patterns),
        "description": endpoint.description,
        "failing_since": endpoint.failing_since,
        "off_since": endpoint.off_since,
        "off_reason": endpoint.off_reason,
    }


def _endpoint(row: Any) -> Endpoint:
    # Signatures use real time, also for providers on a test clock (R53).
    old = (row.old_secret,) if row.old_secret_holds else ()
    return Endpoint(
        provider_id=ProviderId(row.provider_id),
        endpoint_id=row.endpoint_id,
        url=row.url,
        patterns=tuple(row.patterns),
        description=row.description,
        secrets=(row.secret, *old),
        created_at=row.created_at,
        failing_since=row.failing_since,
        off_since=row.off_since,
        off_reason=row.off_reason,
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        provider_id=ProviderId(row.provider_id),
        endpoint_id=row.endpoint_id,
        event_id=EventId(row.event_id),
        event_type=row.event_type,
        tenant_id=TenantId(row.tenant_id) if row.tenant_id else None,
        event_at=row.event_at,
        body=bytes(row.body),
        created_at=row.created_at,
        due_at=row.due_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        finished_at=row.finished_at,
    )
