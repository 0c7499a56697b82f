"""What the use cases need of the outside: the services' HTTP APIs and the record of changes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote
from uuid import UUID

from services.gateway.domain.change import Change, ChangeRow
from services.gateway.use_cases import answers
from shared.ids import InvoiceId, PaymentId, PlanId, ProviderId, TenantId

Query = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Where:
    """A path's parts, each quoted, so that nothing of a request can lead to another address."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, *parts: str | UUID) -> "Where":
        words = tuple(str(part) for part in parts)
        if any(word.strip(".") == "" for word in words):
            raise ValueError(f"no path may hold an empty or dotted part: {words}")
        return cls(words)

    def __str__(self) -> str:
        return "/" + "/".join(quote(part, safe="") for part in self.parts)


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that passes through unread: a PDF, or a service's own JSON."""

    status: int
    media_type: str
    content: bytes
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer too long to hold: its chunks are passed on as they come."""

    status: int
    media_type: str
    disposition: str | None
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that is no JSON, passed on unread."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that its sender may repeat: the key is the sender's own, the fingerprint covers all of the request."""

    provider_id: ProviderId
    subject: str
    key: str
    fingerprint: bytes
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """``mine``: this is the first request with its key. Else ``same`` says whether the first one was this very
    request, and ``answer`` what it got; none while it runs, or when nobody knows how it ended."""

    mine: bool
    same: bool = True
    answer: Document | None = None


@dataclass(frozen=True, slots=True)
class Whose:
    """The tenant of the token. Everything that is asked for carries both ids."""

    provider_id: ProviderId
    tenant_id: TenantId


class ServiceApi(Protocol):
    """One service's HTTP API, for what only passes through. Raises ``Refused`` or ``Unavailable``."""

    async def ask(
        self,
        method: str,
        where: Where,
        *,
        query: Query | None = None,
        body: Any = None,
        deadline_seconds: float | None = None,
    ) -> Document:
        """``body``: what becomes JSON, or an ``Upload``."""
        ...

    async def stream(self, where: Where, *, query: Query | None = None) -> Stream:
        """GET; raises before the first chunk, or the stream breaks off."""
        ...


class Invoicing(Protocol):
    async def provider(self, provider_id: ProviderId) -> answers.Provider: ...

    async def tenant(self, whose: Whose) -> answers.Tenant: ...

    async def summary(self, whose: Whose) -> answers.Summary: ...

    async def preview(self, whose: Whose) -> answers.Preview: ...

    async def invoices(
        self, whose: Whose, *, status: str | None, cursor: str | None, limit: int
    ) -> answers.InvoiceList: ...

    async def invoice(self, whose: Whose, invoice_id: InvoiceId) -> answers.Invoice: ...

    async def explanation(
        self, whose: Whose, invoice_id: InvoiceId, locale: str | None
    ) -> answers.Explanation: ...

    async def credit_notes(self, whose: Whose) -> answers.CreditNotes: ...

    async def invoice_pdf(self, whose: Whose, invoice_id: InvoiceId) -> Document: ...


class Usage(Protocol):
    async def figures(
        self, whose: Whose, *, start_date: date, end_date: date, plan_id: PlanId, plan_version: int
    ) -> answers.Usage: ...

    async def calls(self, whose: Whose, query: Query) -> answers.CallList: ...

    async def call_totals(self, whose: Whose, query: Query) -> answers.CallTotals: ...

    async def line_calls(self, whose: Whose, query: Query) -> answers.LineCalls: ...


class Payments(Protocol):
    async def methods(self, whose: Whose) -> answers.Methods: ...

    async def payments(self, whose: Whose, *, cursor: str | None, limit: int) -> answers.PaymentList: ...

    async def payment(self, whose: Whose, payment_id: PaymentId) -> answers.Payment: ...

    async def plans(self, whose: Whose) -> answers.PaymentPlans: ...

    async def change(
        self,
        whose: Whose,
        method: str,
        *path: str | UUID,
        body: Any = None,
        query: Query | None = None,
    ) -> Document: ...


class Suspension(Protocol):
    async def standing(self, whose: Whose) -> answers.Standing: ...


class AuditLog(Protocol):
    """The rows of ``audit``."""

    async def add(self, change: Change) -> None: ...

    async def close(self, change: Change, *, outcome: int, finished_at: datetime) -> None: ...

    async def page(self, provider_id: ProviderId, *, before: UUID | None, limit: int) -> list[ChangeRow]: ...


class KeptAnswers(Protocol):
    """The rows of ``idempotent_request``."""

    async def claim(self, claim: Claim) -> Claimed:
        """First come: ``Claimed(mine=True)``. Later: what the first request was, and its answer if there is one."""
        ...

    async def keep(self, claim: Claim, document: Document) -> None: ...

    async def release(self, claim: Claim) -> None: ...

    async def forget(self, *, before: datetime) -> int: ...


class Work(Protocol):
    """A transaction of the gateway's own database."""

    @property
    def audit(self) -> AuditLog: ...

    @property
    def kept_answers(self) -> KeptAnswers: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def system_now(self) -> datetime: ...
