"""One-time charges, account credit, received payments, test clocks."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.adapters.many import is_one_of
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.settlement import Credit
from services.invoicing.use_cases.ports import Issued
from shared.ids import PaymentId, ProviderId, TenantId
from shared.money import Currency, Money

_CHARGE_BILLED = text("UPDATE one_time_charge SET invoice_id = :i WHERE tenant_id = :t AND charge_id = :c")
_SPEND = text(
    "UPDATE credit SET remaining_minor = remaining_minor - :minor WHERE tenant_id = :t AND credit_id = :c"
)
_PART = text(
    "INSERT INTO invoice_payment (tenant_id, invoice_id, source_id, source, amount_minor, at)"
    " VALUES (:t, :i, :c, 'credit', :minor, :at)"
)


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

    async def waiting_of(self, ids: Collection[TenantId]) -> dict[TenantId, list[OneTimeCharge]]:
        """All charges of some tenants that are on no invoice yet, whatever their day."""
        table = tables.one_time_charge
        found = await self._connection.execute(
            select(table)
            .where(is_one_of(table.c.tenant_id, ids), table.c.invoice_id.is_(None))
            .order_by(table.c.on_date, table.c.charge_id)
            .with_for_update()
        )
        charges: dict[TenantId, list[OneTimeCharge]] = {one: [] for one in ids}
        for r in found:
            price = Money(r.amount_minor, Currency(r.currency))
            charges[r.tenant_id].append(OneTimeCharge(r.charge_id, r.description, price, r.on_date))
        return charges

    async def billed_all(self, issued: Sequence[Issued]) -> None:
        """Notes on which invoice each charge stands."""
        rows = [
            {"t": one.invoice.tenant_id, "c": charge_id, "i": one.invoice.invoice_id}
            for one in issued
            for charge_id in one.draft.charges
        ]
        if rows:
            await self._connection.execute(_CHARGE_BILLED, rows)


class SqlAccount:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def credits(self, tenant_id: TenantId) -> list[Credit]:
        """What is left of account credit, oldest first."""
        return (await self.credits_of([tenant_id]))[tenant_id]

    async def credits_of(self, ids: Collection[TenantId]) -> dict[TenantId, list[Credit]]:
        """What is left of the account credit of some tenants, oldest first."""
        table = tables.credit
        found = await self._connection.execute(
            select(table)
            .where(is_one_of(table.c.tenant_id, ids), table.c.remaining_minor > 0)
            .order_by(table.c.created_at, table.c.credit_id)
        )
        held: dict[TenantId, list[Credit]] = {one: [] for one in ids}
        for row in found:
            held[row.tenant_id].append(Credit(row.credit_id, row.remaining_minor, row.created_at))
        return held

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

    async def credit(self, tenant_id: TenantId, credit_id: UUID) -> Credit | None:
        table = tables.credit
        found = await self._connection.execute(
            select(table).where(table.c.tenant_id == tenant_id, table.c.credit_id == credit_id)
        )
        row = found.first()
        return None if row is None else Credit(row.credit_id, row.remaining_minor, row.created_at)

    async def spend(self, tenant_id: TenantId, credit_id: UUID, minor: int) -> None:
        """Takes ``minor`` off a credit; the database refuses more than is left."""
        await self._connection.execute(_SPEND, {"t": tenant_id, "c": credit_id, "minor": minor})

    async def spend_all(self, issued: Sequence[Issued], at: datetime) -> None:
        """Takes off what invoices used of credits, and notes it as a part of what paid them."""
        rows = [
            {
                "t": one.invoice.tenant_id,
                "c": credit_id,
                "i": one.invoice.invoice_id,
                "minor": minor,
                "at": at,
            }
            for one in issued
            for credit_id, minor in one.spent
        ]
        if rows:
            await self._connection.execute(_SPEND, rows)
            await self._connection.execute(_PART, rows)

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
