"""Put a mail on its way, once per event."""

from services.notifications.domain.facts import Facts, kind_of
from services.notifications.domain.mail import Mail, mail_id_of
from services.notifications.use_cases.ports import NotificationsWork
from shared.errors import Transient
from shared.events import Envelope
from shared.ids import TenantId


async def queue_mail(
    work: NotificationsWork, tenant_id: TenantId, facts: Facts, envelope: Envelope, trace: dict[str, str]
) -> bool:
    """Writes the mail's row; False when the event has its mail already, however often it comes.

    Raises ``Transient`` while the tenant or its provider is not known here: the mail could not be addressed.
    ``trace`` is the W3C context in which the event was handled; the sending goes on in it.
    """
    provider_id = envelope.provider_id
    if await work.contacts.find(provider_id, tenant_id) is None:
        raise Transient(f"tenant {tenant_id} is not known here yet")
    if await work.senders.find(provider_id) is None:
        raise Transient(f"provider {provider_id} is not known here yet")
    kind, now = kind_of(facts), work.system_now()
    return await work.mails.add(
        Mail(
            provider_id=provider_id,
            mail_id=mail_id_of(provider_id, envelope.id, kind),
            tenant_id=tenant_id,
            kind=kind,
            event_id=envelope.id,
            event_at=envelope.time,
            facts=facts,
            created_at=now,
            due_at=now,
            trace=trace,
        )
    )
