"""Send what is due. The mail server is called outside any transaction; a lease keeps others away meanwhile.

Between the server's «taken» and our note of it lies a moment in which a crash makes the mail go out again. It
carries the same Message-ID then, by which mail programs and people can tell the repeat. The other order would
lose mails, and that is worse.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from services.notifications.domain.mail import Mail, State, after_delivery, after_failure, unreachable
from services.notifications.domain.people import recipients
from services.notifications.use_cases.ports import (
    Attachment,
    Composer,
    DocumentAway,
    Documents,
    MailServerAway,
    OpenPostman,
    OpenWork,
    Postman,
)

log = structlog.get_logger(__name__)
MOST_PER_STEP = 50
# After 1, 2, 4, 8, 16 and 32 minutes.
TRIES_FOR_DOCUMENT = 6
# Makes the mail's own trace the current one.
Continued = Callable[[Mail], AbstractContextManager[None]]


class SendMails:
    """The step of the sending loop."""

    def __init__(
        self,
        open_work: OpenWork,
        composer: Composer,
        open_postman: OpenPostman,
        continued: Continued,
        documents: Documents,
    ) -> None:
        self._open_work = open_work
        self._composer = composer
        self._open_postman = open_postman
        self._continued = continued
        self._documents = documents

    async def __call__(self) -> int:
        """Tries at most ``MOST_PER_STEP`` due mails over one connection; how many were tried.

        0 when nothing is due, or when the mail server is away: then all that is due has been put off.
        """
        tried = 0
        async with self._open_postman() as postman:
            while tried < MOST_PER_STEP and (mail := await self._claim()) is not None:
                with self._continued(mail):
                    try:
                        settled = await self._try(mail, postman)
                    except MailServerAway as away:
                        await self._hold(mail, str(away))
                        return 0
                    await self._settle(settled)
                tried += 1
        return tried

    async def _claim(self) -> Mail | None:
        async with self._open_work() as work:
            return await work.mails.claim(work.system_now())

    async def _try(self, mail: Mail, postman: Postman) -> Mail:
        async with self._open_work() as work:
            contact = await work.contacts.find(mail.provider_id, mail.tenant_id)
            sender = await work.senders.find(mail.provider_id)
            now = work.system_now()
        if contact is None or sender is None:
            return after_failure(mail, "the tenant or its provider is not known here", now)
        to_reach = mail.still_to_reach(recipients(mail.kind, contact, sender))
        if not to_reach:
            return unreachable(mail, now)
        try:
            attachments = await self._attachments(mail)
            composed = self._composer.compose(mail, contact, sender, attachments)
            delivery = await postman.hand_over(composed.content, to_reach)
        except MailServerAway:
            raise
        except DocumentAway as away:
            return after_failure(mail, str(away), now)
        except Exception as error:
            # A mistake of ours with one mail must not stop the others: this one waits for the repair.
            log.exception("mail cannot be sent", mail_id=str(mail.mail_id), kind=mail.kind)
            return after_failure(mail, f"cannot be sent: {type(error).__name__}: {error}", now)
        return after_delivery(mail, delivery, now)

    async def _attachments(self, mail: Mail) -> tuple[Attachment, ...]:
        """An invoice that cannot be had delays its mail for an hour; then the mail goes without, and leads to it."""
        try:
            return await self._documents.of(mail)
        except DocumentAway as away:
            if mail.attempts < TRIES_FOR_DOCUMENT:
                raise
            log.warning("mail goes without its document", mail_id=str(mail.mail_id), problem=str(away))
            return ()

    async def _settle(self, mail: Mail) -> None:
        async with self._open_work() as work:
            await work.mails.settle(mail)
            released = await work.mails.release_held(work.system_now()) if mail.taken else 0
        report = log.info if mail.state is State.SENT else log.warning
        report(
            "mail tried",
            mail_id=str(mail.mail_id),
            kind=mail.kind,
            state=mail.state,
            attempts=mail.attempts,
            problem=mail.problem,
            released=released,
        )

    async def _hold(self, mail: Mail, problem: str) -> None:
        async with self._open_work() as work:
            held = await work.mails.hold_for_server(mail, problem, work.system_now())
        log.warning("mail server away, mails wait", problem=problem, held=held)
