"""What was mailed, what waits, what was refused and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.domain.mail import Mail
from services.notifications.use_cases.ports import MailFilter, NotificationsWork


@dataclass(frozen=True, slots=True)
class Page:
    """Mails, newest first; ``more`` when older ones follow the last."""

    mails: Sequence[Mail]
    more: bool


async def list_mails(work: NotificationsWork, wanted: MailFilter, limit: int) -> Page:
    found = await work.mails.list(wanted, limit + 1)
    return Page(found[:limit], more=len(found) > limit)
