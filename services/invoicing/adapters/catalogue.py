"""Providers, plans and tenants in PostgreSQL."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.invoicing.adapters import tables
from services.invoicing.adapters.many import is_one_of
from services.invoicing.adapters.terms_rows import (
    profile_data,
    read_profile,
    read_registrations,
    registrations_data,
)
from services.invoicing.domain.billing_terms import BillingTerms
from services.invoicing.domain.catalogue import Brand, Provider, Tax, Tenant
from services.invoicing.domain.plan_data import TERMS, plan_from, terms_data
from services.invoicing.domain.plans import Plan
from shared.card_minimum import card_minimum_minor
from shared.errors import NotFound
from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

_TAKE_NUMBERS = text(
    "INSERT INTO invoice_number (provider_id, series, next)"
    " VALUES (:provider_id, :series, CAST(:count AS integer) + 1)"
    " ON CONFLICT (provider_id, series) DO UPDATE SET next = invoice_number.next + CAST(:count AS integer)"
    " RETURNING next - CAST(:count AS integer)"
)


class SqlProviders:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, provider: Provider) -> bool:
        values = _provider_row(provider)
        added = await self._connection.execute(
            upsert(tables.provider).values(values).on_conflict_do_nothing().returning(tables.provider.c.slug)
        )
        if added.first() is None:
            return False
        await self._add_rates(provider)
        return True

    async def change(self, provider: Provider) -> None:
        """Replaces the settings and the tax rates."""
        table, rates = tables.provider, tables.tax_rate
        await self._connection.execute(
            update(table).where(table.c.provider_id == provider.provider_id).values(_provider_row(provider))
        )
        await self._connection.execute(delete(rates).where(rates.c.provider_id == provider.provider_id))
        await self._add_rates(provider)

    async def _add_rates(self, provider: Provider) -> None:
        rows = [
            {
                "provider_id": provider.provider_id,
                "position": position,
                "name": tax.name,
                "rate": tax.rate,
                "country": tax.country,
                "region": tax.region,
                "valid_from": tax.valid_from,
                "valid_to": tax.valid_to,
            }
            for position, tax in enumerate(provider.taxes)
        ]
        if rows:
            await self._connection.execute(insert(tables.tax_rate), rows)

    async def all_ids(self) -> list[ProviderId]:
        """In order of slug."""
        query = select(tables.provider.c.provider_id).order_by(tables.provider.c.slug)
        return list((await self._connection.execute(query)).scalars())

    async def get(self, provider_id: ProviderId) -> Provider:
        """Raises ``NotFound``."""
        at = tables.provider.c.provider_id == provider_id
        row = (await self._connection.execute(select(tables.provider).where(at))).mappings().first()
        if row is None:
            raise NotFound("There is no such provider; check the provider's id.")
        rates = await self._connection.execute(
            select(tables.tax_rate)
            .where(tables.tax_rate.c.provider_id == provider_id)
            .order_by(tables.tax_rate.c.position)
        )
        values = dict(row)
        for name in ("address", "reachable_numbers"):
            values[name] = tuple(values[name])
        values["brand"] = Brand(**values["brand"])
        values["billing"] = BillingTerms(**values["billing"])
        values["registrations"] = read_registrations(values["registrations"])
        values["taxes"] = tuple(
            Tax(r.name, r.rate.normalize(), r.country, r.region, r.valid_from, r.valid_to) for r in rates
        )
        return Provider(**values)

    async def card_minimum(self, provider_id: ProviderId, code: Currency) -> int:
        """Smallest amount that a card takes, in minor units: the provider's own setting, else Stripe's (R38)."""
        table = tables.card_minimum
        found = await self._connection.execute(
            select(table.c.minimum_minor).where(table.c.provider_id == provider_id, table.c.currency == code)
        )
        own: int | None = found.scalar_one_or_none()
        return own if own is not None else card_minimum_minor(code)

    async def card_minimums(self, provider_id: ProviderId) -> dict[str, int]:
        """The provider's own, by currency."""
        table = tables.card_minimum
        found = await self._connection.execute(select(table).where(table.c.provider_id == provider_id))
        return {row.currency: row.minimum_minor for row in found}

    async def set_card_minimums(self, provider_id: ProviderId, minimums: Mapping[str, int]) -> None:
        """Replaces the provider's own; a currency that is left out goes back to the card networks'."""
        table = tables.card_minimum
        await self._connection.execute(delete(table).where(table.c.provider_id == provider_id))
        rows = [
            {"provider_id": provider_id, "currency": code, "minimum_minor": minor}
            for code, minor in minimums.items()
        ]
        if rows:
            await self._connection.execute(insert(table), rows)

    async def take_numbers(self, provider_id: ProviderId, series: str, count: int) -> int:
        """The first of ``count`` numbers in a row. Locks the series until the transaction ends, so that a
        rollback leaves no gap (R40).
        """
        values = {"provider_id": provider_id, "series": series, "count": count}
        first: int = (await self._connection.execute(_TAKE_NUMBERS, values)).scalar_one()
        return first


class SqlPlans:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, plan: Plan) -> bool:
        added = await self._connection.execute(
            upsert(tables.plan)
            .values(
                provider_id=plan.provider_id,
                plan_id=plan.plan_id,
                name=plan.name,
                newest_version=plan.version,
            )
            .on_conflict_do_nothing()
            .returning(tables.plan.c.plan_id)
        )
        if added.first() is None:
            return False
        await self._connection.execute(insert(tables.plan_version).values(plan_values(plan)))
        return True

    async def lock(self, provider_id: ProviderId, plan_id: PlanId) -> None:
        """One new version at a time."""
        table = tables.plan
        await self._connection.execute(
            select(table.c.newest_version)
            .where(table.c.provider_id == provider_id, table.c.plan_id == plan_id)
            .with_for_update()
        )

    async def add_version(self, plan: Plan) -> None:
        table = tables.plan
        await self._connection.execute(insert(tables.plan_version).values(plan_values(plan)))
        await self._connection.execute(
            update(table)
            .where(table.c.provider_id == plan.provider_id, table.c.plan_id == plan.plan_id)
            .values(newest_version=plan.version)
        )

    async def in_force(self, provider_id: ProviderId, plan_id: PlanId, on: date) -> Plan:
        """The version that new subscriptions take on a day. Raises ``NotFound``."""
        table = tables.plan_version
        found = await self._connection.execute(
            select(table)
            .where(
                table.c.provider_id == provider_id,
                table.c.plan_id == plan_id,
                or_(table.c.valid_from.is_(None), table.c.valid_from <= on),
            )
            .order_by(table.c.version.desc())
            .limit(1)
        )
        row = found.mappings().first()
        if row is None:
            raise NotFound("There is no such plan; GET /plans lists them.", field="plan_id")
        return plan_of(row)

    async def get(self, provider_id: ProviderId, plan_id: PlanId, version: int | None = None) -> Plan:
        """The newest version unless one is named. Raises ``NotFound``."""
        table = tables.plan_version
        query = select(table).where(table.c.provider_id == provider_id, table.c.plan_id == plan_id)
        if version is not None:
            query = query.where(table.c.version == version)
        found = await self._connection.execute(query.order_by(table.c.version.desc()).limit(1))
        row = found.mappings().first()
        if row is None:
            raise NotFound("There is no such plan; GET /plans lists them.", field="plan_id")
        return plan_of(row)

    async def page(
        self, provider_id: ProviderId, *, after: tuple[PlanId, int] | None, limit: int
    ) -> list[Plan]:
        """All versions, by plan and version, those behind ``after`` only."""
        table = tables.plan_version
        query = select(table).where(table.c.provider_id == provider_id)
        if after is not None:
            query = query.where(tuple_(table.c.plan_id, table.c.version) > after)
        found = await self._connection.execute(query.order_by(table.c.plan_id, table.c.version).limit(limit))
        return [plan_of(row) for row in found.mappings()]


_PLAN_COLUMNS = tuple(one.name for one in fields(Plan) if one.name not in TERMS)


def plan_values(plan: Plan) -> dict[str, Any]:
    """Column values of a plan's version."""
    return {**{name: getattr(plan, name) for name in _PLAN_COLUMNS}, "terms": terms_data(plan)}


def plan_of(row: Mapping[Any, Any]) -> Plan:
    return plan_from({name: row[name] for name in _PLAN_COLUMNS}, row["terms"])


class SqlTenants:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, tenant: Tenant) -> bool:
        added = await self._connection.execute(
            upsert(tables.tenant)
            .values({**asdict(tenant), "tax": profile_data(tenant.tax)})
            .on_conflict_do_nothing()
            .returning(tables.tenant.c.tenant_id)
        )
        return added.first() is not None

    async def claim_names(self, tenant: Tenant, names: Collection[str]) -> frozenset[str]:
        """Takes names, lower case, for the tenant. Returns those that another tenant of the provider has."""
        table = tables.tenant_name
        # In order, so that two transactions that want the same names wait for each other and never in a circle.
        rows = [
            {"provider_id": tenant.provider_id, "name": name, "tenant_id": tenant.tenant_id}
            for name in sorted(names)
        ]
        claimed = await self._connection.execute(
            upsert(table).values(rows).on_conflict_do_nothing().returning(table.c.name)
        )
        return frozenset(names) - frozenset(claimed.scalars())

    async def get(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant:
        """Raises ``NotFound``, also for another provider's tenant."""
        table = tables.tenant
        found = await self._connection.execute(
            select(table).where(table.c.provider_id == provider_id, table.c.tenant_id == tenant_id)
        )
        row = found.mappings().first()
        if row is None:
            raise NotFound("There is no such tenant; GET /tenants lists them.")
        return _tenant(row)

    async def page(self, provider_id: ProviderId, *, after: str | None, limit: int) -> list[Tenant]:
        """By slug, those behind ``after`` only."""
        table = tables.tenant
        query = select(table).where(table.c.provider_id == provider_id)
        if after is not None:
            query = query.where(table.c.slug > after)
        found = await self._connection.execute(query.order_by(table.c.slug).limit(limit))
        return [_tenant(row) for row in found.mappings()]

    async def any(self, provider_id: ProviderId) -> bool:
        found = await self._connection.execute(
            select(exists().where(tables.tenant.c.provider_id == provider_id))
        )
        return bool(found.scalar_one())

    async def get_all(self, provider_id: ProviderId, ids: Collection[TenantId]) -> dict[TenantId, Tenant]:
        """Those of them that are the provider's."""
        table = tables.tenant
        found = await self._connection.execute(
            select(table).where(table.c.provider_id == provider_id, is_one_of(table.c.tenant_id, ids))
        )
        return {row["tenant_id"]: _tenant(row) for row in found.mappings()}

    async def save_subscription(self, tenant: Tenant) -> None:
        """Status, plan, anchor, end and zone."""
        table = tables.tenant
        await self._connection.execute(
            update(table)
            .where(table.c.provider_id == tenant.provider_id, table.c.tenant_id == tenant.tenant_id)
            .values(
                status=tenant.status,
                plan_id=tenant.plan_id,
                plan_version=tenant.plan_version,
                plan_from=tenant.plan_from,
                anchor_day=tenant.anchor_day,
                ends_on=tenant.ends_on,
                time_zone=tenant.time_zone,
                next_time_zone=tenant.next_time_zone,
            )
        )

    async def set_details(self, tenant: Tenant) -> None:
        """Name, place, language and addresses; the zone that it has from the next period on."""
        table = tables.tenant
        await self._connection.execute(
            update(table)
            .where(table.c.provider_id == tenant.provider_id, table.c.tenant_id == tenant.tenant_id)
            .values(
                name=tenant.name,
                address=list(tenant.address),
                country=tenant.country,
                locale=tenant.locale,
                billing_email=tenant.billing_email,
                admin_email=tenant.admin_email,
                time_zone=tenant.time_zone,
                next_time_zone=tenant.next_time_zone,
            )
        )

    async def set_tax(self, tenant: Tenant) -> None:
        """Writes the tax profile."""
        table = tables.tenant
        await self._connection.execute(
            update(table)
            .where(table.c.provider_id == tenant.provider_id, table.c.tenant_id == tenant.tenant_id)
            .values(tax=profile_data(tenant.tax))
        )


def _provider_row(provider: Provider) -> dict[str, Any]:
    values = asdict(provider)
    del values["taxes"]
    values["registrations"] = registrations_data(provider.registrations)
    return values


def _tenant(row: Mapping[Any, Any]) -> Tenant:
    values = dict(row)
    values["tax"] = read_profile(values["tax"])
    for name in ("address", "account_codes"):
        values[name] = tuple(values[name])
    return Tenant(**values)
