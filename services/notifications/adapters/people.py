"""Contacts and senders in PostgreSQL."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain.people import Contact, Sender
from services.notifications.use_cases.ports import Stamp
from shared.ids import ProviderId, TenantId

# A row changes only for what was said later; a repeat and a late one change nothing.
_KEEP_CONTACT = text(
    "INSERT INTO contact"
    " (provider_id, tenant_id, name, locale, time_zone, billing_email, admin_email, said_at, said_by)"
    " VALUES"
    " (:provider_id, :tenant_id, :name, :locale, :time_zone, :billing_email, :admin_email, :said_at, :said_by)"
    " ON CONFLICT (provider_id, tenant_id) DO UPDATE SET name = EXCLUDED.name, locale = EXCLUDED.locale,"
    " time_zone = EXCLUDED.time_zone, billing_email = EXCLUDED.billing_email,"
    " admin_email = EXCLUDED.admin_email, said_at = EXCLUDED.said_at, said_by = EXCLUDED.said_by"
    " WHERE (contact.said_at, contact.said_by) < (EXCLUDED.said_at, EXCLUDED.said_by)"
)
_CLOSE_CONTACT = text(
    "UPDATE contact SET closed_on = :closed_on WHERE provider_id = :provider_id AND tenant_id = :tenant_id"
)
_CONTACT = text("SELECT * FROM contact WHERE provider_id = :provider_id AND tenant_id = :tenant_id")
_KEEP_SENDER = text(
    "INSERT INTO sender"
    " (provider_id, brand_name, colour, legal_name, address, billing_email, support_phone, locale, time_zone,"
    " said_at, said_by)"
    " VALUES (:provider_id, :brand_name, :colour, :legal_name, :address, :billing_email, :support_phone,"
    " :locale, :time_zone, :said_at, :said_by)"
    " ON CONFLICT (provider_id) DO UPDATE SET brand_name = EXCLUDED.brand_name, colour = EXCLUDED.colour,"
    " legal_name = EXCLUDED.legal_name, address = EXCLUDED.address, billing_email = EXCLUDED.billing_email,"
    " support_phone = EXCLUDED.support_phone, locale = EXCLUDED.locale, time_zone = EXCLUDED.time_zone,"
    " said_at = EXCLUDED.said_at, said_by = EXCLUDED.said_by"
    " WHERE (sender.said_at, sender.said_by) < (EXCLUDED.said_at, EXCLUDED.said_by)"
)
_SENDER = text("SELECT * FROM sender WHERE provider_id = :provider_id")


class SqlContacts:
    """Tenants."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, contact: Contact, stamp: Stamp) -> None:
        await self._connection.execute(
            _KEEP_CONTACT,
            {
                "provider_id": contact.provider_id,
                "tenant_id": contact.tenant_id,
                "name": contact.name,
                "locale": contact.locale,
                "time_zone": contact.time_zone,
                "billing_email": contact.billing_email,
                "admin_email": contact.admin_email,
                "said_at": stamp.sent_at,
                "said_by": stamp.event_id,
            },
        )

    async def close(self, contact: Contact) -> None:
        await self._connection.execute(
            _CLOSE_CONTACT,
            {
                "provider_id": contact.provider_id,
                "tenant_id": contact.tenant_id,
                "closed_on": contact.closed_on,
            },
        )

    async def find(self, provider_id: ProviderId, tenant_id: TenantId) -> Contact | None:
        row = (
            await self._connection.execute(_CONTACT, {"provider_id": provider_id, "tenant_id": tenant_id})
        ).first()
        if row is None:
            return None
        return Contact(
            provider_id=row.provider_id,
            tenant_id=row.tenant_id,
            name=row.name,
            locale=row.locale,
            time_zone=row.time_zone,
            billing_email=row.billing_email,
            admin_email=row.admin_email,
            closed_on=row.closed_on,
        )


class SqlSenders:
    """Providers."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, sender: Sender, stamp: Stamp) -> None:
        await self._connection.execute(
            _KEEP_SENDER,
            {
                "provider_id": sender.provider_id,
                "brand_name": sender.brand_name,
                "colour": sender.colour,
                "legal_name": sender.legal_name,
                "address": list(sender.address),
                "billing_email": sender.billing_email,
                "support_phone": sender.support_phone,
                "locale": sender.locale,
                "time_zone": sender.time_zone,
                "said_at": stamp.sent_at,
                "said_by": stamp.event_id,
            },
        )

    async def find(self, provider_id: ProviderId) -> Sender | None:
        row = (await self._connection.execute(_SENDER, {"provider_id": provider_id})).first()
        if row is None:
            return None
        return Sender(
            provider_id=row.provider_id,
            brand_name=row.brand_name,
            colour=row.colour,
            legal_name=row.legal_name,
            address=tuple(row.address),
            billing_email=row.billing_email,
            support_phone=row.support_phone,
            locale=row.locale,
            time_zone=row.time_zone,
        )
