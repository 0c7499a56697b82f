"""Tenants, Stripe accounts and customers, methods and auto-pay."""

from datetime import datetime

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import rows, tables
from services.payments.domain.methods import AutoPay, Method
from services.payments.domain.tenants import Tenant
from shared.db.due import due_now
from shared.ids import ProviderId, TenantId

# A card is good to the end of the month it names; it is told of from the beginning of the month before, in the provider's
# time. Of a row of ``method`` called m:
UNTOLD = (
    "m.removed_at IS NULL AND NOT m.blocked AND m.kind = 'card' AND m.expires IS NOT NULL"
    " AND m.expiry_told IS DISTINCT FROM m.expires"
)
# Looked for whenever any event came: the index has years before months, and no clock stands later than the latest.
_NOT_LATER = (
    "right(m.expires, 4) || left(m.expires, 2) <= to_char((SELECT greatest(CAST(:system_now AS timestamptz), max(now_at))"
    " FROM provider_clock) AT TIME ZONE 'UTC' + interval '1 month', 'YYYYMM')"
)
TOLD_FROM = "(CAST(to_date(m.expires, 'MM/YYYY') - interval '1 month' AS timestamp) AT TIME ZONE 'UTC')"
_EXPIRING = text(
    "UPDATE method SET expiry_told = expires WHERE (tenant_id, method_id) IN ("  # noqa: S608 (constants of our own, never input)
    f" SELECT m.tenant_id, m.method_id FROM method m WHERE {UNTOLD} AND {_NOT_LATER}"
    f" AND {TOLD_FROM} <= {due_now('m')}"
    " LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING *"
)


class TenantsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant | None:
        row = (
            await self._connection.execute(
                select(tables.tenant).where(
                    tables.tenant.c.tenant_id == tenant_id, tables.tenant.c.provider_id == provider_id
                )
            )
        ).first()
        return Tenant(**row._mapping) if row is not None else None

    async def put(self, tenant: Tenant) -> None:
        values = {name: getattr(tenant, name) for name in tables.tenant.c.keys()}  # noqa: SIM118
        statement = insert(tables.tenant).values(values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values)
        )


class AccountsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def know(self, provider_id: ProviderId) -> None:
        statement = insert(tables.account).values(provider_id=provider_id, stripe_account="")
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def of(self, provider_id: ProviderId) -> str:
        found = await self._connection.execute(
            select(tables.account.c.stripe_account).where(tables.account.c.provider_id == provider_id)
        )
        return found.scalar_one_or_none() or ""

    async def put(self, provider_id: ProviderId, account: str) -> None:
        statement = insert(tables.account).values(provider_id=provider_id, stripe_account=account)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["provider_id"], set_={"stripe_account": account})
        )

    async def all(self) -> list[str]:
        """Every Stripe account in use; the platform's own always is."""
        found = await self._connection.execute(select(tables.account.c.stripe_account).distinct())
        return sorted({"", *(row.stripe_account for row in found)})

    async def providers_of(self, account: str) -> list[ProviderId]:
        held = tables.account
        found = await self._connection.execute(
            select(held.c.provider_id).where(held.c.stripe_account == account).order_by(held.c.provider_id)
        )
        return [ProviderId(row.provider_id) for row in found]

    async def connect(self, provider_id: ProviderId, account: str) -> str:
        await self.know(provider_id)
        await self._connection.execute(
            update(tables.account)
            .where(tables.account.c.provider_id == provider_id, tables.account.c.stripe_account == "")
            .values(stripe_account=account)
        )
        return await self.of(provider_id)

    async def retry_days(self, provider_id: ProviderId) -> tuple[int, ...] | None:
        found = await self._connection.execute(
            select(tables.account.c.retry_days).where(tables.account.c.provider_id == provider_id)
        )
        days = found.scalar_one_or_none()
        return None if days is None else tuple(days)

    async def put_retry_days(self, provider_id: ProviderId, days: tuple[int, ...] | None) -> None:
        await self.know(provider_id)
        await self._connection.execute(
            update(tables.account)
            .where(tables.account.c.provider_id == provider_id)
            .values(retry_days=None if days is None else list(days))
        )

    async def customer(self, tenant_id: TenantId, account: str) -> str | None:
        held = tables.customer
        found = await self._connection.execute(
            select(held.c.stripe_customer).where(
                held.c.tenant_id == tenant_id, held.c.stripe_account == account
            )
        )
        return found.scalar_one_or_none()

    async def add_customer(
        self, provider_id: ProviderId, tenant_id: TenantId, account: str, customer: str
    ) -> str:
        statement = insert(tables.customer).values(
            provider_id=provider_id, tenant_id=tenant_id, stripe_account=account, stripe_customer=customer
        )
        await self._connection.execute(statement.on_conflict_do_nothing())
        held = await self.customer(tenant_id, account)
        assert held is not None
        return held


class MethodsRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def saved(self, tenant_id: TenantId, account: str) -> list[Method]:
        held = tables.method
        found = await self._connection.execute(
            select(held)
            .where(
                held.c.tenant_id == tenant_id, held.c.stripe_account == account, held.c.removed_at.is_(None)
            )
            .order_by(held.c.saved_at, held.c.method_id)
        )
        return [rows.method_of(dict(row)) for row in found.mappings()]

    async def find(self, account: str, stripe_method: str) -> Method | None:
        held = tables.method
        found = await self._connection.execute(
            select(held).where(held.c.stripe_account == account, held.c.stripe_method == stripe_method)
        )
        row = found.mappings().first()
        return rows.method_of(dict(row)) if row is not None else None

    async def add(self, method: Method) -> bool:
        statement = insert(tables.method).values(rows.method_values(method)).on_conflict_do_nothing()
        found = await self._connection.execute(statement.returning(tables.method.c.method_id))
        return found.first() is not None

    async def update(self, method: Method) -> None:
        held = tables.method
        await self._connection.execute(
            update(held)
            .where(held.c.tenant_id == method.tenant_id, held.c.method_id == method.method_id)
            .values(
                is_default=method.is_default,
                removed_at=method.removed_at,
                detached=method.detached,
                blocked=method.blocked,
            )
        )

    async def auto_pay(self, tenant_id: TenantId) -> AutoPay | None:
        held = tables.auto_pay
        found = await self._connection.execute(
            select(held).where(held.c.tenant_id == tenant_id).order_by(held.c.position.desc()).limit(1)
        )
        row = found.mappings().first()
        return rows.auto_pay_of(dict(row)) if row is not None else None

    async def put_auto_pay(self, auto_pay: AutoPay) -> None:
        """Adds to the record; the caller holds the tenant's lock."""
        held = tables.auto_pay
        newest = select(func.coalesce(func.max(held.c.position), 0) + literal(1)).where(
            held.c.tenant_id == auto_pay.tenant_id
        )
        await self._connection.execute(
            insert(held).values(
                tenant_id=auto_pay.tenant_id,
                position=newest.scalar_subquery(),
                provider_id=auto_pay.provider_id,
                enabled=auto_pay.enabled,
                since=auto_pay.since,
                by=auto_pay.by,
                recorded_at=auto_pay.recorded_at,
                text_version=auto_pay.text_version,
                ip=auto_pay.ip,
            )
        )

    async def expiring(self, system_now: datetime, limit: int) -> list[Method]:
        """Marks them as told in the same statement, so that two replicas never tell twice."""
        found = await self._connection.execute(_EXPIRING, {"system_now": system_now, "limit": limit})
        return [rows.method_of(dict(row)) for row in found.mappings()]

    async def to_detach(self, limit: int) -> list[Method]:
        held = tables.method
        found = await self._connection.execute(
            select(held).where(held.c.removed_at.is_not(None), ~held.c.detached).limit(limit)
        )
        return [rows.method_of(dict(row)) for row in found.mappings()]
