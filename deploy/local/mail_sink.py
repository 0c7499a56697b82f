"""A mail server that delivers to nobody: each mail becomes one .eml file of a folder.

python -m deploy.local.mail_sink --host 127.0.0.1 --port 2525 --folder .run/mail
"""

import asyncio
import signal
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from aiosmtpd.smtp import SMTP, Envelope, Session

# Invoices travel as PDF attachments; a mail beyond this is refused with 552.
MAIL_BYTES_MAX = 25_000_000


class FileSink:
    """aiosmtpd's handler: writes what it is given, and confirms only what is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = datetime.min.replace(tzinfo=UTC)
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Write one mail; its name sorts by arrival. A reader never sees half a file."""
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        sender = (envelope.mail_from or "").encode()
        head = b"X-Envelope-From: " + sender + b"\r\nX-Envelope-To: " + recipients + b"\r\n"
        name = self._next_name()
        unfinished = self._folder / f".{name}.{uuid.uuid4().hex}"
        try:
            unfinished.write_bytes(head + content)
            unfinished.rename(self._folder / f"{name}.eml")
        except OSError as full:
            unfinished.unlink(missing_ok=True)
            print(f"mail sink: cannot write to {self._folder}: {full}", file=sys.stderr, flush=True)
            return "451 the mail folder cannot be written"
        return "250 written"

    def _next_name(self) -> str:
        """The time of arrival to the microsecond, never the same twice and never backwards."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last.strftime("%Y%m%dT%H%M%S.%fZ")


async def serve(host: str, port: int, folder: Path) -> None:
    """Take mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    handler = FileSink(folder)

    def session() -> SMTP:
        return SMTP(
            handler, hostname="mail-sink", data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True, loop=loop
        )

    server = await loop.create_server(session, host, port)
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    print(f"mail sink: {host}:{port} writes to {folder}", flush=True)
    await ended.wait()
    server.close()


def main(
    folder: Annotated[Path, typer.Option(help="where the .eml files go")],
    port: Annotated[int, typer.Option(help="TCP port")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Serve SMTP and write each mail to a file."""
    asyncio.run(serve(host, port, folder))


if __name__ == "__main__":
    typer.run(main)
