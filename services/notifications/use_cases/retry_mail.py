"""Send a mail once more, because an operator says so."""

from uuid import UUID

from services.notifications.domain.mail import Mail, State, again
from services.notifications.use_cases.ports import MailFilter, NotificationsWork
from shared.errors import NotFound

MOST_AT_ONCE = 1000


async def retry_mail(work: NotificationsWork, mail_id: UUID) -> Mail:
    """Goes to every address that has not taken it yet. A sent one goes again to those that refused it.

    Raises ``NotFound``.
    """
    mail = await work.mails.find(mail_id)
    if mail is None:
        raise NotFound(f"No mail {mail_id}; `mails list` shows those there are.", field="mail_id")
    queued = again(mail, work.system_now())
    await work.mails.requeue(queued)
    return queued


async def retry_refused_mails(work: NotificationsWork) -> int:
    """All refused mails, at most ``MOST_AT_ONCE``: for a mail server that was set up wrongly. How many."""
    refused = await work.mails.list(MailFilter(state=State.REFUSED), MOST_AT_ONCE)
    for mail in refused:
        await work.mails.requeue(again(mail, work.system_now()))
    return len(refused)
