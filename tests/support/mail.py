"""Builders and a mail server for the tests of notifications."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from services.notifications.settings import NotificationsSettings
from shared.events import Envelope, Event, invoicing, payments
from shared.ids import EventId, InvoiceId, MethodId, PaymentId, PlanId, ProviderId, TenantId, new_id

NOON = datetime(2026, 11, 8, 17, 0, tzinfo=UTC)
PROVIDER = ProviderId(UUID(int=1))
OTHER_PROVIDER = ProviderId(UUID(int=2))
TENANT = TenantId(UUID(int=11))
INVOICE = InvoiceId(UUID(int=21))


def envelope(event: Event, *, event_id: UUID | None = None, sent_at: datetime = NOON) -> Envelope:
    return Envelope.of(
        event, event_id=EventId(event_id or new_id()), source="tollgate/test", time=sent_at, sent_at=sent_at
    )


def provider_changed(**values: Any) -> invoicing.ProviderChanged:
    return invoicing.ProviderChanged(
        **{
            "provider_id": PROVIDER,
            "slug": "kestrel",
            "legal_name": "Kestrel Voice Inc.",
            "address": ("1 Main Street", "New York, NY 10001"),
            "tax_id": None,
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "locale": "en-US",
            "brand": invoicing.Brand(name="Kestrel Voice", colour="#FFB300"),
            "billing_email": "billing@kestrel.example",
            "support_phone": "+12125550100",
            **values,
        }
    )


def tenant_opened(**values: Any) -> invoicing.TenantOpened:
    return invoicing.TenantOpened(**_tenant(values))


def tenant_changed(**values: Any) -> invoicing.TenantChanged:
    return invoicing.TenantChanged(**_tenant(values))


def _tenant(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "provider_id": PROVIDER,
        "tenant_id": TENANT,
        "slug": "acme",
        "name": "Acme Dental",
        "status": "active",
        "country": "US",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "currency": "USD",
        "billing_email": "books@acme.example",
        "admin_email": "ann@acme.example",
        "sip_domain": "acme.sip.example",
        "plan_id": PlanId(UUID(int=31)),
        "plan_version": 1,
        "plan_from": date(2026, 10, 1),
        "opened_on": date(2026, 10, 1),
        **values,
    }


def invoice_issued(**values: Any) -> invoicing.InvoiceIssued:
    return invoicing.InvoiceIssued(
        **{
            "provider_id": PROVIDER,
            "tenant_id": TENANT,
            "invoice_id": INVOICE,
            "number": "KV-2026-01071",
            "currency": "USD",
            "total_minor": 17895,
            "paid_minor": 0,
            "balance_minor": 17895,
            "issued_on": date(2026, 11, 8),
            "due_on": date(2026, 11, 22),
            "overdue_at": datetime(2026, 11, 23, 5, tzinfo=UTC),
            **values,
        }
    )


def payment_succeeded(amount_minor: int = 17895, **values: Any) -> payments.PaymentSucceeded:
    return payments.PaymentSucceeded(
        **{
            "provider_id": PROVIDER,
            "tenant_id": TENANT,
            "payment_id": PaymentId(new_id()),
            "trigger": "pay_now",
            "amount_minor": amount_minor,
            "currency": "USD",
            "method": payments.MethodShown(
                method_id=MethodId(UUID(int=41)), kind="card", brand="visa", last4="4242"
            ),
            "allocations": (
                payments.Allocation(invoice_id=INVOICE, number="KV-2026-01071", amount_minor=amount_minor),
            ),
            "at": NOON,
            **values,
        }
    )


def settings(port: int, **values: Any) -> NotificationsSettings:
    """Settings that reach a mail server on this machine's ``port``."""
    return NotificationsSettings(
        **{
            "database_url": SecretStr("postgresql://unused/unused"),
            "broker_url": SecretStr("amqp://unused"),
            "http_port": 0,
            "internal_token": SecretStr("internal-token-of-tests"),
            "auth_issuer": "https://issuer.example",
            "auth_jwks": "unused",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_tls": "none",
            "mail_from": "billing@tollgate.example",
            "billing_url": "https://billing.example/billing",
            **values,
        }
    )


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Mailbox:
    """An SMTP handler that keeps what it takes. ``replies`` by address answers RCPT; ``data_reply`` the content."""

    replies: dict[str, str] = field(default_factory=dict)
    data_reply: str = "250 taken"
    taken: list[tuple[tuple[str, ...], EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(self, _: Any, __: Any, letter: Any, address: str, options: list[str]) -> str:
        reply = self.replies.get(address, "250 OK")
        if reply.startswith("250"):
            letter.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _: Any, __: Any, letter: Any) -> str:
        if not self.data_reply.startswith("250"):
            return self.data_reply
        message = email.message_from_bytes(letter.original_content, policy=email.policy.default)
        self.taken.append((tuple(letter.rcpt_tos), message))
        return self.data_reply

    @property
    def message_ids(self) -> list[str]:
        return [str(message["Message-ID"]) for _, message in self.taken]


@asynccontextmanager
async def mail_server(
    mailbox: Mailbox, port: int = 0, *, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A mail server on this machine; its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mail.test", loop=loop, tls_context=starttls), "127.0.0.1", port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
