"""Show a mail as it would go out now."""

from uuid import UUID

from services.notifications.use_cases.ports import Composed, Composer, NotificationsWork
from shared.errors import NotFound


async def preview_mail(work: NotificationsWork, composer: Composer, mail_id: UUID) -> Composed:
    """Raises ``NotFound``."""
    mail = await work.mails.find(mail_id)
    contact = await work.contacts.find(mail.provider_id, mail.tenant_id) if mail else None
    sender = await work.senders.find(mail.provider_id) if mail else None
    if mail is None or contact is None or sender is None:
        raise NotFound(f"No mail {mail_id}; `mails list` shows those there are.", field="mail_id")
    return composer.compose(mail, contact, sender)
