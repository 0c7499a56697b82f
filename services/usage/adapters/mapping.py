"""Which trunk is whose, and what a provider chose about both sides of a call."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.usage.use_cases.ports import IntakeOptions
from shared.ids import ProviderId, TenantId

_OPTIONS = text("SELECT between_tenants, forwarded_calls FROM intake_option WHERE provider_id = :provider_id")
_CHOOSE = text(
    "INSERT INTO intake_option (provider_id, between_tenants, forwarded_calls)"
    " VALUES (:provider_id, :between_tenants, :forwarded_calls)"
    " ON CONFLICT (provider_id) DO UPDATE SET between_tenants = EXCLUDED.between_tenants,"
    " forwarded_calls = EXCLUDED.forwarded_calls"
)
_KEEP = text(
    "INSERT INTO trunk (provider_id, name, tenant_id) VALUES (:provider_id, :name, :tenant_id)"
    " ON CONFLICT (provider_id, name) DO UPDATE SET tenant_id = EXCLUDED.tenant_id"
)


class SqlMapping:
    """Fulfils ``use_cases.ports.MappingPort``, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def options(self, provider_id: ProviderId) -> IntakeOptions:
        row = (await self._connection.execute(_OPTIONS, {"provider_id": provider_id})).first()
        return IntakeOptions(row.between_tenants, row.forwarded_calls) if row else IntakeOptions()

    async def choose(self, provider_id: ProviderId, options: IntakeOptions) -> None:
        await self._connection.execute(
            _CHOOSE,
            {
                "provider_id": provider_id,
                "between_tenants": options.between_tenants,
                "forwarded_calls": options.forwarded_calls,
            },
        )

    async def trunks(self, provider_id: ProviderId) -> dict[str, TenantId]:
        rows = await self._connection.execute(
            text("SELECT name, tenant_id FROM trunk WHERE provider_id = :provider_id ORDER BY name"),
            {"provider_id": provider_id},
        )
        return {row.name: TenantId(row.tenant_id) for row in rows}

    async def keep_trunk(self, provider_id: ProviderId, name: str, tenant_id: TenantId) -> None:
        """The trunk is this tenant's from now on."""
        await self._connection.execute(
            _KEEP, {"provider_id": provider_id, "name": name, "tenant_id": tenant_id}
        )

    async def drop_trunk(self, provider_id: ProviderId, name: str) -> bool:
        """False: there was none of this name."""
        gone = await self._connection.execute(
            text("DELETE FROM trunk WHERE provider_id = :provider_id AND name = :name"),
            {"provider_id": provider_id, "name": name},
        )
        return gone.rowcount > 0
