"""The local mail server."""

import asyncio
import os
import sys
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.ports import pick


async def send(port: int, subject: str) -> None:
    """One mail with an attachment, as the notifications service sends invoices."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "billing@tollgate.example", "Ada <ada@acme.example>", subject
    mail.set_content("Your invoice is attached. Grüße.")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, start_tls=False, use_tls=False)


async def listening(port: int, sink: asyncio.subprocess.Process) -> None:
    """Return once the sink takes connections."""
    async with asyncio.timeout(20):
        while True:
            assert sink.returncode is None, "the mail sink ended"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def test_each_mail_becomes_a_file_and_names_sort_by_arrival(tmp_path: Path) -> None:
    """What was accepted can be read back whole, in order, and nothing half-written is left."""
    folder, port = tmp_path / "mail", pick()
    sink = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.mail_sink", "--port", str(port), "--folder", str(folder)),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        await listening(port, sink)
        for number in range(3):
            await send(port, f"Invoice {number}")
    finally:
        sink.terminate()
        assert await sink.wait() == 0
    mails = [message_from_bytes(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]
    assert [mail["Subject"] for mail in mails] == ["Invoice 0", "Invoice 1", "Invoice 2"]
    assert {"ada@acme.example"} == {mail["X-Envelope-To"] for mail in mails}
    assert list(mails[0].walk())[-1].get_payload(decode=True) == b"%PDF-1.7"
    assert len(mails) == len(list(folder.iterdir()))


async def test_mail_that_cannot_be_written_is_refused_for_now(tmp_path: Path) -> None:
    """The sender is told to try again; a mail is never confirmed and lost."""
    folder, port = tmp_path / "mail", pick()
    sink = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.local.mail_sink", "--port", str(port), "--folder", str(folder)
    )
    try:
        await listening(port, sink)
        folder.rmdir()
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(port, "Invoice")
    finally:
        sink.terminate()
        await sink.wait()
    assert refused.value.code == 451
