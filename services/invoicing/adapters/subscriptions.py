"""What was agreed with tenants over time, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters.tables import metadata
from services.invoicing.domain.discounts import Discount
from services.invoicing.domain.subscriptions import Timeline
from services.invoicing.use_cases.ports import Change, Coupon
from shared.errors import NotFound
from shared.ids import PlanId, ProviderId, TenantId

_plans, _add_ons, _discounts = (
    metadata.tables[name] for name in ("plan_assignment", "add_on_quantity", "tenant_discount")
)
_coupons, _changes = metadata.tables["coupon"], metadata.tables["subscription_change"]


class SqlSubscriptions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def timeline(self, tenant_id: TenantId) -> Timeline:
        return (await self.timelines([tenant_id]))[tenant_id]

    async def timelines(self, ids: Collection[TenantId]) -> dict[TenantId, Timeline]:
        """One for each tenant, three queries for all."""
        plans: dict[TenantId, list[tuple[date, PlanId, int]]] = defaultdict(list)
        for row in await self._connection.execute(
            select(_plans).where(_plans.c.tenant_id.in_(ids)).order_by(_plans.c.from_date)
        ):
            plans[row.tenant_id].append((row.from_date, row.plan_id, row.plan_version))
        add_ons: dict[TenantId, dict[str, tuple[tuple[date, int], ...]]] = defaultdict(dict)
        for row in await self._connection.execute(
            select(_add_ons).where(_add_ons.c.tenant_id.in_(ids)).order_by(_add_ons.c.from_date)
        ):
            of_tenant = add_ons[row.tenant_id]
            of_tenant[row.code] = (*of_tenant.get(row.code, ()), (row.from_date, row.quantity))
        discounts: dict[TenantId, list[Discount]] = defaultdict(list)
        for found in (
            await self._connection.execute(select(_discounts).where(_discounts.c.tenant_id.in_(ids)))
        ).mappings():
            values = {one.name: found[one.name] for one in fields(Discount)}
            discounts[found["tenant_id"]].append(Discount(**values))
        return {one: Timeline(tuple(plans[one]), add_ons[one], tuple(discounts[one])) for one in ids}

    async def assign_plan(
        self, provider_id: ProviderId, tenant_id: TenantId, on: date, plan_id: PlanId, version: int
    ) -> None:
        """From ``on``; what was planned for that day or later is replaced."""
        await self._connection.execute(
            delete(_plans).where(_plans.c.tenant_id == tenant_id, _plans.c.from_date >= on)
        )
        await self._connection.execute(
            insert(_plans).values(
                tenant_id=tenant_id,
                from_date=on,
                provider_id=provider_id,
                plan_id=plan_id,
                plan_version=version,
            )
        )

    async def set_add_on(
        self, provider_id: ProviderId, tenant_id: TenantId, code: str, on: date, quantity: int
    ) -> None:
        """From ``on``; what was planned for that day or later is replaced."""
        await self._connection.execute(
            delete(_add_ons).where(
                _add_ons.c.tenant_id == tenant_id, _add_ons.c.code == code, _add_ons.c.from_date >= on
            )
        )
        await self._connection.execute(
            insert(_add_ons).values(
                tenant_id=tenant_id, code=code, from_date=on, provider_id=provider_id, quantity=quantity
            )
        )

    async def add_discount(
        self, provider_id: ProviderId, tenant_id: TenantId, discount: Discount, code: str | None
    ) -> bool:
        """False: the tenant has used the coupon before."""
        values: dict[str, Any] = {one.name: getattr(discount, one.name) for one in fields(Discount)}
        added = await self._connection.execute(
            upsert(_discounts)
            .values(**values, tenant_id=tenant_id, provider_id=provider_id, code=code)
            .on_conflict_do_nothing()
            .returning(_discounts.c.discount_id)
        )
        return added.first() is not None

    async def end_discount(self, tenant_id: TenantId, discount_id: UUID, on: date) -> bool:
        """From ``on`` no period that begins takes it; False when there is none that would."""
        done = await self._connection.execute(
            update(_discounts)
            .where(
                _discounts.c.tenant_id == tenant_id,
                _discounts.c.discount_id == discount_id,
                (_discounts.c.until_date.is_(None)) | (_discounts.c.until_date > on),
            )
            .values(until_date=on)
        )
        return bool(done.rowcount)

    # -- coupons ------------------------------------------------------------------------------------------------

    async def add_coupon(self, provider_id: ProviderId, coupon: Coupon, at: datetime) -> bool:
        terms = {
            "name": coupon.name,
            "percent": None if coupon.percent is None else f"{coupon.percent:f}",
            "amount": None if coupon.amount is None else f"{coupon.amount:f}",
            "applies_to": coupon.applies_to,
            "periods": coupon.periods,
            "redeem_until": None if coupon.redeem_until is None else coupon.redeem_until.isoformat(),
        }
        table = _coupons
        added = await self._connection.execute(
            upsert(table)
            .values(provider_id=provider_id, code=coupon.code, terms=terms, created_at=at)
            .on_conflict_do_nothing()
            .returning(table.c.code)
        )
        return added.first() is not None

    async def coupon(self, provider_id: ProviderId, code: str) -> Coupon:
        """Raises ``NotFound``."""
        table = _coupons
        found = await self._connection.execute(
            select(table).where(table.c.provider_id == provider_id, table.c.code == code)
        )
        row = found.first()
        if row is None:
            raise NotFound(f"There is no coupon {code!r}; GET /coupons lists them.", field="coupon")
        return _coupon(row.code, row.terms)

    async def coupons(self, provider_id: ProviderId) -> list[Coupon]:
        table = _coupons
        found = await self._connection.execute(
            select(table).where(table.c.provider_id == provider_id).order_by(table.c.code)
        )
        return [_coupon(row.code, row.terms) for row in found]

    # -- history ------------------------------------------------------------------------------------------------

    async def note(self, provider_id: ProviderId, tenant_id: TenantId, change: Change) -> None:
        values = {one.name: getattr(change, one.name) for one in fields(Change)}
        await self._connection.execute(
            insert(_changes).values(
                **{**values, "detail": dict(change.detail)}, tenant_id=tenant_id, provider_id=provider_id
            )
        )

    async def changes(self, tenant_id: TenantId) -> list[Change]:
        """Newest first."""
        table = _changes
        found = await self._connection.execute(
            select(table)
            .where(table.c.tenant_id == tenant_id)
            .order_by(table.c.made_at.desc(), table.c.change_id.desc())
            .limit(1000)
        )
        return [Change(**{one.name: row[one.name] for one in fields(Change)}) for row in found.mappings()]


def _coupon(code: str, terms: dict[str, Any]) -> Coupon:
    return Coupon(
        code,
        terms["name"],
        None if terms["percent"] is None else Decimal(terms["percent"]),
        None if terms["amount"] is None else Decimal(terms["amount"]),
        terms["applies_to"],
        terms["periods"],
        None if terms["redeem_until"] is None else date.fromisoformat(terms["redeem_until"]),
    )
