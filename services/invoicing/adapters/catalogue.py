"""Providers, plans and tenants in PostgreSQL."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.invoicing.adapters.documents import plan_from_json, plan_to_json
from services.invoicing.domain.invoices import TaxRate
from services.invoicing.domain.plans import Plan
from services.invoicing.use_cases.ports import Provider, Tenant
from shared.db.unit_of_work import SqlUnitOfWork
from shared.errors import NotFound
from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

_ADD_PROVIDER = text(
    "INSERT INTO provider (provider_id, slug, settings, created_at) VALUES (:provider_id, :slug, :settings, :at)"
    " ON CONFLICT DO NOTHING RETURNING provider_id"
).bindparams(bindparam("settings", type_=JSONB))
_ADD_PLAN = text(
    "INSERT INTO plan_version (provider_id, plan_id, version, name, body, created_at)"
    " VALUES (:provider_id, :plan_id, :version, :name, :body, :at) ON CONFLICT DO NOTHING RETURNING plan_id"
).bindparams(bindparam("body", type_=JSONB))
_ADD_TENANT = text(
    "INSERT INTO tenant (provider_id, tenant_id, slug, name, status, body, plan_id, plan_version, anchor_day,"
    " opened_on, trial_ends_on, created_at) VALUES (:provider_id, :tenant_id, :slug, :name, :status, :body, :plan_id,"
    " :plan_version, :anchor_day, :opened_on, :trial_ends_on, :at) ON CONFLICT DO NOTHING RETURNING tenant_id"
).bindparams(bindparam("body", type_=JSONB))


def provider_of(provider_id: ProviderId, slug: str, raw: dict[str, Any]) -> Provider:
    """The settings as the use cases want them, from what the provider API took."""
    tax = raw.get("tax")
    return Provider(
        provider_id=provider_id,
        slug=slug,
        currency=Currency(raw["currency"]),
        zone=ZoneInfo(raw["time_zone"]),
        invoice_prefix=raw["invoice_prefix"],
        terms_days=raw["terms_days"],
        finalisation_delay_minutes=raw["finalisation_delay_minutes"],
        tax=TaxRate(tax["name"], Decimal(tax["rate"])) if tax else None,
        raw=raw,
    )


def _tenant(row: dict[str, Any]) -> Tenant:
    return Tenant(
        provider_id=row["provider_id"],
        tenant_id=row["tenant_id"],
        slug=row["slug"],
        name=row["name"],
        status=row["status"],
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        anchor_day=row["anchor_day"],
        opened_on=row["opened_on"],
        trial_ends_on=row["trial_ends_on"],
        raw=row["body"],
    )


class SqlCatalogue:
    """See ``ports.Catalogue``."""

    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def add_provider(self, provider: Provider, at: datetime) -> bool:
        values = {
            "provider_id": provider.provider_id,
            "slug": provider.slug,
            "settings": provider.raw,
            "at": at,
        }
        return (await self._work.connection.execute(_ADD_PROVIDER, values)).first() is not None

    async def provider(self, provider_id: ProviderId) -> Provider:
        rows = await self._work.fetch("SELECT * FROM provider WHERE provider_id = :p", p=provider_id)
        if not rows:
            raise NotFound("There is no such provider.")
        return provider_of(provider_id, rows[0]["slug"], rows[0]["settings"])

    async def providers(self) -> list[Provider]:
        rows = await self._work.fetch("SELECT * FROM provider ORDER BY slug")
        return [provider_of(row["provider_id"], row["slug"], row["settings"]) for row in rows]

    async def add_plan(self, provider_id: ProviderId, plan: Plan, at: datetime) -> bool:
        values = {
            "provider_id": provider_id,
            "plan_id": plan.plan_id,
            "version": plan.version,
            "name": plan.name,
            "body": plan_to_json(plan),
            "at": at,
        }
        return (await self._work.connection.execute(_ADD_PLAN, values)).first() is not None

    async def plan(self, provider_id: ProviderId, plan_id: PlanId, version: int | None = None) -> Plan:
        rows = await self._work.fetch(
            "SELECT * FROM plan_version WHERE provider_id = :p AND plan_id = :plan"
            " AND (CAST(:version AS int) IS NULL OR version = :version) ORDER BY version DESC LIMIT 1",
            p=provider_id,
            plan=plan_id,
            version=version,
        )
        if not rows:
            raise NotFound("There is no such plan; `plans` lists those there are.", field="plan_id")
        return plan_from_json(plan_id, rows[0]["version"], rows[0]["name"], rows[0]["body"])

    async def plans(self, provider_id: ProviderId) -> list[Plan]:
        rows = await self._work.fetch(
            "SELECT * FROM plan_version WHERE provider_id = :p ORDER BY name, version", p=provider_id
        )
        return [plan_from_json(row["plan_id"], row["version"], row["name"], row["body"]) for row in rows]

    async def add_tenant(self, tenant: Tenant, at: datetime) -> bool:
        values = {
            "provider_id": tenant.provider_id,
            "tenant_id": tenant.tenant_id,
            "slug": tenant.slug,
            "name": tenant.name,
            "status": tenant.status,
            "body": tenant.raw,
            "plan_id": tenant.plan_id,
            "plan_version": tenant.plan_version,
            "anchor_day": tenant.anchor_day,
            "opened_on": tenant.opened_on,
            "trial_ends_on": tenant.trial_ends_on,
            "at": at,
        }
        return (await self._work.connection.execute(_ADD_TENANT, values)).first() is not None

    async def tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> Tenant:
        rows = await self._work.fetch(
            "SELECT * FROM tenant WHERE provider_id = :p AND tenant_id = :t", p=provider_id, t=tenant_id
        )
        if not rows:
            raise NotFound("There is no such tenant.")
        return _tenant(rows[0])

    async def tenants(self, provider_id: ProviderId) -> list[Tenant]:
        rows = await self._work.fetch(
            "SELECT * FROM tenant WHERE provider_id = :p ORDER BY slug", p=provider_id
        )
        return [_tenant(row) for row in rows]

    async def set_status(self, tenant: Tenant, status: str) -> None:
        await self._work.connection.execute(
            text("UPDATE tenant SET status = :s WHERE provider_id = :p AND tenant_id = :t"),
            {"s": status, "p": tenant.provider_id, "t": tenant.tenant_id},
        )
