"""Keep in whose name mails go out."""

from services.notifications.domain.people import Sender
from services.notifications.use_cases.ports import NotificationsWork, Stamp


async def keep_sender(work: NotificationsWork, sender: Sender, stamp: Stamp) -> None:
    await work.senders.keep(sender, stamp)
