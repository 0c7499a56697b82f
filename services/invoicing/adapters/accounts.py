"""One-time charges, account credit, received payments, test clocks."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.settlement import Credit
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId
from shared.money import Currency, Money


class SqlCharges:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, provider_id: ProviderId, tenant_id: TenantId, charge: OneTimeCharge) -> None:
        await self._connection.execute(
            insert(tables.one_time_charge).values(
                tenant_id=tenant_id,
                charge_id=charge.charge_id,
                provider_id=provider_id,
                description=charge.description,
                amount_minor=charge.amount.minor,
                currency=charge.amount.currency,
                on_date=charge.on,
            )
        )

    async def waiting(self, tenant_id: TenantId, until: date) -> list[OneTimeCharge]:
        """Charges up to and with ``until`` that are on no invoice yet."""
        table = tables.one_time_charge
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.invoice_id.is_(None), table.c.on_date <= until)
            .order_by(table.c.on_date, table.c.charge_id)
            .with_for_update()
        )
        return [
            OneTimeCharge(r.charge_id, r.description, Money(r.amount_minor, Currency(r.currency)), r.on_date)
            for r in found
        ]

    async def billed(self, tenant_id: TenantId, charges: Sequence[UUID], invoice_id: InvoiceId) -> None:
        table = tables.one_time_charge
        await self._connection.execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.charge_id.in_(charges))
            .values(invoice_id=invoice_id)
        )


class SqlAccount:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def credits(self, tenant_id: TenantId) -> list[Credit]:
        """What is left of account credit, oldest first."""
        table = tables.credit
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id, table.c.remaining_minor > 0)
            .order_by(table.c.created_at, table.c.credit_id)
        )
        return [Credit(row.credit_id, row.remaining_minor, row.created_at) for row in found]

    async def add_credit(
        self, provider_id: ProviderId, tenant_id: TenantId, credit: Credit, code: Currency, reason: str
    ) -> None:
        await self._connection.execute(
            insert(tables.credit).values(
                tenant_id=tenant_id,
                credit_id=credit.credit_id,
                provider_id=provider_id,
                amount_minor=credit.remaining_minor,
                remaining_minor=credit.remaining_minor,
                currency=code,
                reason=reason,
                created_at=credit.created_at,
            )
        )

    async def spend(self, tenant_id: TenantId, credit_id: UUID, minor: int) -> None:
        table = tables.credit
        await self._connection.execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, table.c.credit_id == credit_id)
            .values(remaining_minor=table.c.remaining_minor - minor)
        )

    async def receive(
        self,
        provider_id: ProviderId,
        tenant_id: TenantId,
        payment_id: PaymentId,
        minor: int,
        code: str,
        at: datetime,
    ) -> bool:
        """Notes a payment once. False: it was here before."""
        table = tables.payment
        added = await self._connection.execute(
            upsert(table)
            .values(
                tenant_id=tenant_id,
                payment_id=payment_id,
                provider_id=provider_id,
                amount_minor=minor,
                currency=code,
                at=at,
            )
            .on_conflict_do_nothing()
            .returning(table.c.payment_id)
        )
        return added.first() is not None


_SET_TARGET = text(
    "INSERT INTO clock_advance (provider_id, target) VALUES (:provider_id, :target)"
    " ON CONFLICT (provider_id) DO UPDATE SET target = GREATEST(clock_advance.target, EXCLUDED.target)"
)
_ADVANCING = text(
    "SELECT a.provider_id, c.now_at, a.target, p.created_at FROM clock_advance a"
    " JOIN provider_clock c USING (provider_id) JOIN provider p USING (provider_id)"
    " WHERE c.now_at < a.target ORDER BY a.provider_id"
)


class SqlClocks:
    """Test clocks and how far they shall go."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, provider_id: ProviderId) -> datetime | None:
        """Where the test clock stands; None for a provider on real time."""
        found = await self._connection.execute(
            text("SELECT now_at FROM provider_clock WHERE provider_id = :id"), {"id": provider_id}
        )
        at: datetime | None = found.scalar_one_or_none()
        return at

    async def target(self, provider_id: ProviderId) -> datetime | None:
        table = tables.clock_advance
        found = await self._connection.execute(
            select(table.c.target).where(table.c.provider_id == provider_id)
        )
        at: datetime | None = found.scalar_one_or_none()
        return at

    async def set_target(self, provider_id: ProviderId, to: datetime) -> None:
        await self._connection.execute(_SET_TARGET, {"provider_id": provider_id, "target": to})

    async def holds(self, provider_id: ProviderId, at: datetime) -> bool:
        """Whether the clock still stands at ``at``; locks it until the transaction ends."""
        found = await self._connection.execute(
            text("SELECT now_at FROM provider_clock WHERE provider_id = :id FOR UPDATE"), {"id": provider_id}
        )
        return bool(found.scalar_one() == at)

    async def advancing(self) -> list[tuple[ProviderId, datetime, datetime]]:
        """Providers whose clock is on its way: id, where it stands, where it goes."""
        return [
            (ProviderId(row.provider_id), row.now_at, row.target)
            for row in await self._connection.execute(_ADVANCING)
        ]
