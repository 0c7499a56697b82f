"""Mail does not travel in the clear where TLS was asked for, nor to a server that cannot prove who it is."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifications.adapters.smtp import postman_opener
from services.notifications.domain.mail import Delivery
from services.notifications.use_cases.ports import MailServerAway
from shared.clock import SystemClock
from tests.support.mail import Mailbox, free_port, mail_server, settings

CONTENT = b"Subject: x\r\n\r\nx\r\n"
TO = ("ann@acme.example",)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_a_server_without_starttls_gets_nothing_when_it_was_asked_for() -> None:
    """The mail waits; it does not fall back to plain text."""
    mailbox = Mailbox()
    async with mail_server(mailbox) as port, postman_opener(settings(port, smtp_tls="starttls"))() as postman:
        with pytest.raises(MailServerAway):
            await postman.hand_over(CONTENT, TO)
    assert mailbox.taken == []


async def test_a_server_with_an_untrusted_certificate_gets_nothing(tmp_path: Path) -> None:
    """A stranger in between would present one like it."""
    mailbox = Mailbox()
    async with (
        mail_server(mailbox, starttls=self_signed(tmp_path)) as port,
        postman_opener(settings(port, smtp_tls="starttls"))() as postman,
    ):
        with pytest.raises(MailServerAway, match="certificate"):
            await postman.hand_over(CONTENT, TO)
    assert mailbox.taken == []


async def test_nobody_listening_is_away_and_the_next_try_connects_anew() -> None:
    """One postman outlives the server's absence."""
    port = free_port()
    mailbox = Mailbox()
    async with postman_opener(settings(port))() as postman:
        with pytest.raises(MailServerAway):
            await postman.hand_over(CONTENT, TO)
        async with mail_server(mailbox, port):
            assert await postman.hand_over(CONTENT, TO) == Delivery(taken=TO)
            assert await postman.hand_over(CONTENT, TO) == Delivery(taken=TO)
    assert len(mailbox.taken) == 2


async def test_a_server_that_is_closing_refuses_nobody() -> None:
    """421 to an address is about the server, not the address."""
    mailbox = Mailbox(replies={TO[0]: "421 closing"})
    async with mail_server(mailbox) as port, postman_opener(settings(port))() as postman:
        with pytest.raises(MailServerAway):
            await postman.hand_over(CONTENT, TO)
