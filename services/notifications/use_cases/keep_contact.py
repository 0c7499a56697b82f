"""Keep who a tenant is, for mails to come."""

from dataclasses import replace
from datetime import date

from services.notifications.domain.people import Contact
from services.notifications.use_cases.ports import NotificationsWork, Stamp
from shared.errors import Transient
from shared.ids import ProviderId, TenantId


async def keep_contact(work: NotificationsWork, contact: Contact, stamp: Stamp) -> None:
    """Opened and changed alike: the newest wins, in whatever order they come."""
    await work.contacts.keep(contact, stamp)


async def close_contact(
    work: NotificationsWork, provider_id: ProviderId, tenant_id: TenantId, closed_on: date
) -> None:
    """A closed tenant still gets its last invoice (R43). Raises ``Transient`` before the tenant is known."""
    contact = await work.contacts.find(provider_id, tenant_id)
    if contact is None:
        raise Transient(f"tenant {tenant_id} is not known here yet")
    await work.contacts.close(replace(contact, closed_on=closed_on))
