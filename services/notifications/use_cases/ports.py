"""What the use cases need of the outside, as protocols."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.notifications.domain.facts import OwedInvoice
from services.notifications.domain.mail import Delivery, Mail, State
from services.notifications.domain.people import Contact, Sender
from shared.events import Envelope
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which of two events was said later: by real time of sending, since a test clock may begin before today."""

    sent_at: datetime
    event_id: UUID

    @classmethod
    def of(cls, envelope: Envelope) -> Self:
        return cls(envelope.sent_at, envelope.id)


class Contacts(Protocol):
    """Tenants."""

    async def keep(self, contact: Contact, stamp: Stamp) -> None:
        """The newest by ``stamp`` wins, in whatever order they come. Leaves ``closed_on`` alone."""
        ...

    async def close(self, contact: Contact) -> None:
        """Keeps ``closed_on``."""
        ...

    async def find(self, provider_id: ProviderId, tenant_id: TenantId) -> Contact | None: ...


class Senders(Protocol):
    """Providers."""

    async def keep(self, sender: Sender, stamp: Stamp) -> None:
        """The newest by ``stamp`` wins."""
        ...

    async def find(self, provider_id: ProviderId) -> Sender | None: ...


class Invoices(Protocol):
    """What invoices asked for and what payments gave them: for «still due» on a receipt."""

    async def keep(self, tenant_id: TenantId, invoice_id: InvoiceId, invoice: OwedInvoice) -> None:
        """``balance`` is that at issue. The same invoice again changes nothing."""
        ...

    async def allocate(
        self, tenant_id: TenantId, source_id: UUID, invoice_id: InvoiceId, amount: Money
    ) -> None:
        """What a payment, account credit or a credit note took off an invoice, or a bank took back (negative).
        The same source again changes nothing.
        """
        ...

    async def numbers(self, tenant_id: TenantId, invoice_ids: Sequence[InvoiceId]) -> tuple[str, ...]:
        """The numbers of those that are known here, in order of number."""
        ...

    async def owed(self, tenant_id: TenantId, invoice_id: InvoiceId) -> OwedInvoice | None:
        """With what is left after all payments known here, never below zero; None: not known yet."""
        ...


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails to list; None: any. ``before``: only those older than this mail (creation, id)."""

    provider_id: ProviderId | None = None
    tenant_id: TenantId | None = None
    state: State | None = None
    before: tuple[datetime, UUID] | None = None


class Mails(Protocol):
    """The mails, sent and waiting."""

    async def add(self, mail: Mail) -> bool:
        """False: the event's mail exists already."""
        ...

    async def get(self, provider_id: ProviderId, mail_id: UUID) -> Mail | None: ...

    async def find(self, mail_id: UUID) -> Mail | None:
        """By id alone; for operators."""
        ...

    async def list(self, wanted: MailFilter, limit: int) -> Sequence[Mail]:
        """Newest first."""
        ...

    async def claim(self, now: datetime) -> Mail | None:
        """The mail that is due longest, leased until ``now + LEASE``; locked ones are left to others."""
        ...

    async def settle(self, mail: Mail) -> None:
        """Stores the mail after a try and ends the lease. A mail that is no longer waiting stays as it is."""
        ...

    async def requeue(self, mail: Mail) -> None:
        """Stores the mail as waiting again."""
        ...

    async def correct(self, mail: Mail) -> None:
        """Stores what became of a mail later, in whatever state it is."""
        ...

    async def hold_for_server(self, claimed: Mail, problem: str, now: datetime) -> int:
        """The mail server is away: every due mail waits for it, a pause by its own count; how many."""
        ...

    async def release_held(self, now: datetime) -> int:
        """The mail server is back: what waited for it is due now; how many."""
        ...

    async def held(self) -> tuple[int, str | None]:
        """How many wait for the mail server, and what it said."""
        ...

    async def never_tried(self, provider_id: ProviderId) -> int:
        """Mails of a provider that wait for their very first try."""
        ...


class NotificationsWork(Protocol):
    """One transaction of this service."""

    contacts: Contacts
    senders: Senders
    invoices: Invoices
    mails: Mails

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...

    async def lock_tenant(self, tenant_id: TenantId) -> None: ...

    def system_now(self) -> datetime: ...


OpenWork = Callable[[], NotificationsWork]


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail in its final form. ``content`` is the whole message, headers included, in ASCII with CRLF."""

    subject: str
    text: str
    html: str
    content: bytes


class Composer(Protocol):
    """Writes a mail in the provider's dress and the tenant's language."""

    def compose(
        self, mail: Mail, contact: Contact, sender: Sender, attachments: Sequence["Attachment"] = ()
    ) -> Composed: ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF that goes with a mail."""

    name: str
    content: bytes


class DocumentAway(Exception):
    """A document that belongs to a mail cannot be had now."""


class Documents(Protocol):
    """Gets what goes with a mail; nothing for most kinds."""

    async def of(self, mail: Mail) -> tuple[Attachment, ...]:
        """Raises ``DocumentAway``."""
        ...


class MailServerAway(Exception):
    """No mail can be handed over now, through no fault of the mail: try again later."""


class Postman(Protocol):
    """A connection to the mail server, made when it is first needed."""

    async def hand_over(self, content: bytes, recipients: tuple[str, ...]) -> Delivery:
        """Raises ``MailServerAway``."""
        ...


OpenPostman = Callable[[], AbstractAsyncContextManager[Postman]]
