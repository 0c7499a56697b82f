"""What the use cases of credit notes, refunds and disputes need from outside."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from services.invoicing.domain.credit_notes import Creditable, Note, NoteTax
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId
from shared.money import Currency, Money

DisputeState = Literal["opened", "won", "lost", "returned"]


@dataclass(frozen=True, slots=True)
class CreditNote:
    """An issued credit note's head; gross minor units. The three last amounts say what became of the total."""

    tenant_id: TenantId
    credit_note_id: UUID
    provider_id: ProviderId
    invoice_id: InvoiceId
    number: str
    invoice_number: str
    currency: Currency
    reason: str
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    open_balance_minor: int
    account_credit_minor: int
    refund_minor: int
    refund_id: UUID | None
    issued_at: datetime
    issued_on: date


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What a note takes off one line; ``amount_minor`` net, positive is for the tenant."""

    position: int
    kind: str
    description: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class NoteDocument:
    """A credit note as shown: with lines, taxes and the parties as on its invoice."""

    note: CreditNote
    lines: tuple[NoteLine, ...]
    taxes: tuple[NoteTax, ...]
    parties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a bank took back of a payment: ``taken`` by invoice, off account credit, and what nothing could give."""

    tenant_id: TenantId
    dispute_id: UUID
    provider_id: ProviderId
    payment_id: PaymentId
    amount: Money
    state: DisputeState
    taken: Mapping[InvoiceId, int]
    from_credit_minor: int
    chargebacks_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """Money of a payment that payments sent back, or made credit of."""

    tenant_id: TenantId
    refund_id: UUID
    provider_id: ProviderId
    payment_id: PaymentId
    amount: Money
    goes_to: Literal["method", "credit"]
    at: datetime
    failed_at: datetime | None = None


class CreditNotes(Protocol):
    async def creditable(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Creditable: ...
    async def add(self, head: CreditNote, note: Note) -> None: ...
    async def credited_fees(self, ids: Collection[TenantId]) -> dict[TenantId, dict[str, int]]: ...
    async def lines_of(self, tenant_id: TenantId, key: str, start: date) -> list[tuple[InvoiceId, int]]: ...
    async def get(self, tenant_id: TenantId, credit_note_id: UUID) -> CreditNote | None: ...
    async def document(
        self, provider_id: ProviderId, tenant_id: TenantId, credit_note_id: UUID
    ) -> NoteDocument: ...
    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> list[CreditNote]: ...
    async def of_tenant(self, provider_id: ProviderId, tenant_id: TenantId) -> list[CreditNote]: ...


class Returns(Protocol):
    """Refunds and disputes."""

    async def has_payment(self, tenant_id: TenantId, payment_id: PaymentId) -> bool: ...
    async def add_refund(self, refund: Refund) -> bool: ...
    async def refund(self, tenant_id: TenantId, refund_id: UUID) -> Refund | None: ...
    async def refund_failed(self, refund: Refund, at: datetime) -> None: ...
    async def dispute(self, tenant_id: TenantId, dispute_id: UUID) -> Dispute | None: ...
    async def disputes_of(self, tenant_id: TenantId, payment_id: PaymentId) -> list[Dispute]: ...
    async def put_dispute(self, dispute: Dispute) -> None: ...
