"""Who a mail goes to, and in whose name."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from services.notifications.domain.address import usable_addresses
from services.notifications.domain.facts import FOR_PROVIDER, Kind
from shared.ids import ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Contact:
    """A tenant as far as mail is concerned. ``locale`` is BCP 47, ``time_zone`` an IANA name."""

    provider_id: ProviderId
    tenant_id: TenantId
    name: str
    locale: str
    time_zone: str
    billing_email: str
    admin_email: str
    closed_on: date | None = None

    @property
    def zone(self) -> ZoneInfo:
        """UTC for a zone that nobody knows."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")

    @property
    def recipients(self) -> tuple[str, ...]:
        """Billing address, then the admin's; once if they are equal. Empty when neither can be used."""
        return usable_addresses((self.billing_email, self.admin_email))


@dataclass(frozen=True, slots=True)
class Sender:
    """A provider as its tenants know it. ``colour`` as given; ``support_phone`` in E.164.

    ``locale`` and ``time_zone`` are those of mails that go to the provider itself.
    """

    provider_id: ProviderId
    brand_name: str
    colour: str
    legal_name: str
    address: tuple[str, ...]
    billing_email: str
    support_phone: str
    locale: str
    time_zone: str


def recipients(kind: Kind, contact: Contact, sender: Sender) -> tuple[str, ...]:
    """Who gets a mail of a kind: the tenant's addresses, or the provider's. Empty when none can be used."""
    return usable_addresses((sender.billing_email,)) if kind in FOR_PROVIDER else contact.recipients
