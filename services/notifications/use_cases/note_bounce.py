"""Note that a mail came back."""

from uuid import UUID

from services.notifications.domain.address import one_line
from services.notifications.domain.mail import Mail, after_bounce
from services.notifications.use_cases.ports import NotificationsWork
from shared.errors import Invalid, NotFound
from shared.ids import ProviderId


async def note_bounce(
    work: NotificationsWork, mail_id: UUID, address: str, reply: str, provider_id: ProviderId | None = None
) -> Mail:
    """Keeps the bounce on the mail. ``provider_id``: only a mail of that provider. The same bounce again changes nothing.

    Raises ``NotFound``; ``Invalid`` for an address that the mail did not go to.
    """
    mail = await work.mails.find(mail_id)
    if mail is None or (provider_id is not None and mail.provider_id != provider_id):
        raise NotFound(f"No mail {mail_id}; the list of mails shows those there are.", field="mail_id")
    await work.lock_tenant(mail.tenant_id)
    mail = await work.mails.get(mail.provider_id, mail_id) or mail
    gone_to = {one.lower(): one for one in (*mail.taken, *mail.refused)}
    known = gone_to.get(address.strip().lower())
    if known is None:
        raise Invalid(
            f"Mail {mail_id} did not go to {one_line(address)}; name one of its addresses.", field="address"
        )
    bounced = after_bounce(mail, known, one_line(reply, longest=250) or "no reason given")
    await work.mails.correct(bounced)
    return bounced
