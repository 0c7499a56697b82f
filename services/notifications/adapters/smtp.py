"""Hands mails to the mail server over SMTP (RFC 5321), by aiosmtplib."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.notifications.domain.mail import TRY_SECONDS, Delivery
from services.notifications.settings import NotificationsSettings
from services.notifications.use_cases.ports import MailServerAway, OpenPostman

CONNECT_SECONDS = 10
REPLY_SECONDS = 20
# «Service not available, closing»: says nothing about the mail at hand (RFC 5321, section 3.8).
_CLOSING = 421


class SmtpPostman:
    """One connection, opened for the first mail and again after it broke."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._client: SMTP | None = None

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        wanted = self._settings
        self._client = SMTP(
            hostname=wanted.smtp_host,
            port=wanted.smtp_port,
            use_tls=wanted.smtp_tls == "tls",
            start_tls=wanted.smtp_tls == "starttls",
            username=wanted.smtp_user,
            password=wanted.smtp_password.get_secret_value() if wanted.smtp_password else None,
            local_hostname=wanted.mail_from.rpartition("@")[2],
            timeout=CONNECT_SECONDS,
        )
        await self._client.connect()
        return self._client

    async def hand_over(self, content: bytes, recipients: tuple[str, ...]) -> Delivery:
        """One try for all recipients, over within ``TRY_SECONDS``.

        A connection that breaks after the content was sent leaves it open whether the server took it; that is
        «away» too, so the mail goes out again under the same Message-ID.
        """
        try:
            async with asyncio.timeout(TRY_SECONDS):
                client = await self._connect_or_away()
                return await self._send(client, content, recipients)
        except TimeoutError as error:
            await self.close()
            raise MailServerAway(f"no answer within {TRY_SECONDS} s") from error

    async def _connect_or_away(self) -> SMTP:
        """A server that does not take our connection, TLS or password takes no mail: the mails are not at fault."""
        try:
            return await self._connected()
        except (SMTPException, OSError, ValueError) as error:
            await self.close()
            raise MailServerAway(f"{type(error).__name__}: {error}") from error

    async def _send(self, client: SMTP, content: bytes, recipients: tuple[str, ...]) -> Delivery:
        try:
            refused, _ = await client.sendmail(
                self._settings.mail_from, recipients, content, timeout=REPLY_SECONDS
            )
        except SMTPRecipientsRefused as error:
            return _delivery((), {one.recipient: (one.code, one.message) for one in error.recipients})
        except SMTPResponseException as error:
            if error.code == _CLOSING or error.code < 400:
                await self.close()
                raise MailServerAway(f"{error.code} {error.message}") from error
            # The sender or the content was refused: that goes for every recipient.
            return _delivery((), dict.fromkeys(recipients, (error.code, error.message)))
        except (SMTPException, OSError) as error:
            await self.close()
            raise MailServerAway(f"{type(error).__name__}: {error}") from error
        replies = {address: (reply.code, reply.message) for address, reply in refused.items()}
        return _delivery(tuple(r for r in recipients if r not in replies), replies)

    async def close(self) -> None:
        """Says goodbye if anybody listens."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(SMTPException, OSError, TimeoutError):
            if client.is_connected:
                await client.quit(timeout=1)
        client.close()


def _delivery(taken: tuple[str, ...], replies: dict[str, tuple[int, str]]) -> Delivery:
    """Codes from 500 are final, others are not (RFC 5321, section 4.2.1)."""
    if any(code == _CLOSING for code, _ in replies.values()) and not taken:
        raise MailServerAway("421 the mail server is closing")
    told = {a: f"{code} {' '.join(message.split())}"[:300] for a, (code, message) in replies.items()}
    return Delivery(
        taken=taken,
        refused={a: told[a] for a, (code, _) in replies.items() if code >= 500},
        deferred={a: told[a] for a, (code, _) in replies.items() if code < 500},
    )


def postman_opener(settings: NotificationsSettings) -> OpenPostman:
    """Makes a function that opens a ``SmtpPostman`` and closes it after use."""

    @asynccontextmanager
    async def open_postman() -> AsyncIterator[SmtpPostman]:
        postman = SmtpPostman(settings)
        try:
            yield postman
        finally:
            await postman.close()

    return open_postman
