"""Tenants and providers in PostgreSQL: the newest state by the event's time wins."""

from datetime import date

from services.suspension.adapters.rows import tenant_of_row
from services.suspension.use_cases.ports import Provider, Tenant, Version
from shared.db.unit_of_work import SqlUnitOfWork
from shared.ids import ProviderId, TenantId

_KEEP_TENANT = """
INSERT INTO tenant AS known (tenant_id, provider_id, name, country, time_zone, currency, sip_domain, account_codes,
                             changed_at, sent_at)
VALUES (:tenant_id, :provider_id, :name, :country, :time_zone, :currency, :sip_domain, :account_codes,
        :changed_at, :sent_at)
ON CONFLICT (tenant_id) DO UPDATE SET name = EXCLUDED.name, country = EXCLUDED.country,
  time_zone = EXCLUDED.time_zone, currency = EXCLUDED.currency, sip_domain = EXCLUDED.sip_domain,
  account_codes = EXCLUDED.account_codes, changed_at = EXCLUDED.changed_at, sent_at = EXCLUDED.sent_at
WHERE (known.changed_at, known.sent_at) < (EXCLUDED.changed_at, EXCLUDED.sent_at)
  AND known.provider_id = EXCLUDED.provider_id
RETURNING 1
"""
_KEEP_PROVIDER = """
INSERT INTO provider AS known (provider_id, country, support_phone, reachable_numbers, changed_at, sent_at)
VALUES (:provider_id, :country, :support_phone, :reachable_numbers, :changed_at, :sent_at)
ON CONFLICT (provider_id) DO UPDATE SET country = EXCLUDED.country, support_phone = EXCLUDED.support_phone,
  reachable_numbers = EXCLUDED.reachable_numbers, changed_at = EXCLUDED.changed_at, sent_at = EXCLUDED.sent_at
WHERE (known.changed_at, known.sent_at) < (EXCLUDED.changed_at, EXCLUDED.sent_at)
RETURNING 1
"""
_CLOSE = """
UPDATE tenant SET closed_on = COALESCE(closed_on, :closed_on) WHERE tenant_id = :tenant_id RETURNING 1
"""


class SqlTenants:
    def __init__(self, work: SqlUnitOfWork) -> None:
        self._work = work

    async def get(self, tenant_id: TenantId) -> Tenant | None:
        rows = await self._work.fetch(
            "SELECT * FROM tenant WHERE tenant_id = :tenant_id", tenant_id=tenant_id
        )
        return tenant_of_row(rows[0]) if rows else None

    async def keep(self, tenant: Tenant, version: Version) -> None:
        await self._work.fetch(
            _KEEP_TENANT,
            tenant_id=tenant.tenant_id,
            provider_id=tenant.provider_id,
            name=tenant.name,
            country=tenant.country,
            time_zone=tenant.zone.key,
            currency=tenant.currency,
            sip_domain=tenant.sip_domain,
            account_codes=list(tenant.account_codes),
            changed_at=version.time,
            sent_at=version.sent_at,
        )

    async def close(self, tenant_id: TenantId, closed_on: date) -> bool:
        return bool(await self._work.fetch(_CLOSE, tenant_id=tenant_id, closed_on=closed_on))

    async def keep_provider(self, provider: Provider, version: Version) -> None:
        await self._work.fetch(
            _KEEP_PROVIDER,
            provider_id=provider.provider_id,
            country=provider.country,
            support_phone=provider.support_phone,
            reachable_numbers=list(provider.reachable_numbers),
            changed_at=version.time,
            sent_at=version.sent_at,
        )

    async def provider(self, provider_id: ProviderId) -> Provider | None:
        rows = await self._work.fetch(
            "SELECT * FROM provider WHERE provider_id = :provider_id", provider_id=provider_id
        )
        if not rows:
            return None
        row = rows[0]
        return Provider(provider_id, row["country"], row["support_phone"], tuple(row["reachable_numbers"]))
