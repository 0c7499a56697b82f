"""Providers, tenants, subscriptions, invoices."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from services.gateway.use_cases.answers.amounts import Amount, Answer
from shared.ids import InvoiceId, PlanId, ProviderId, TenantId

# Kinds of lines that usage makes; all others are fees, one-time charges and the like.
USAGE_KINDS = frozenset({"extensions", "dids", "minutes", "connect_fees"})


class Brand(Answer):
    """Name, colour (#RRGGBB) and logo (a data address) of a provider."""

    name: str
    colour: str
    logo: str | None = None


class Provider(Answer):
    """Who bills the tenant, and in which currency (R41)."""

    provider_id: ProviderId
    legal_name: str
    currency: str
    brand: Brand
    billing_email: str
    support_phone: str
    reachable_numbers: tuple[str, ...] = ()
    country: str


class Tenant(Answer):
    """Who is billed."""

    tenant_id: TenantId
    name: str
    time_zone: str
    locale: str
    billing_email: str
    admin_email: str
    status: str
    plan_id: PlanId
    plan_version: int


class Counts(Answer):
    """Extensions, DIDs and minutes that a plan's fee includes."""

    extensions: int = 0
    dids: int = 0
    minutes: int = 0


class Prices(Answer):
    """Unit prices in major units."""

    extension: Decimal = Decimal(0)
    did: Decimal = Decimal(0)
    minute: Decimal = Decimal(0)


class Plan(Answer):
    """A subscription's plan."""

    name: str
    billing_model: Literal["flat_rate", "pay_as_you_go"]
    monthly_fee: Amount | None = None  # none on pay-as-you-go
    included: Counts = Counts()
    prices: Prices = Prices()


class Period(Answer):
    """Half-open: ``end_date`` is the first day after it."""

    start_date: date
    end_date: date


class Summary(Answer):
    """A tenant's subscription as invoicing knows it."""

    plan: Plan
    status: Literal["trial", "active", "closed"]
    period: Period | None = Field(description="null: no period runs, as after the contract's end")
    next_invoice_on: date | None
    account_credit: Amount
    currency: str
    time_zone: str
    locale: str
    plan_id: PlanId
    plan_version: int
    trial_ends_on: date | None = None


class Line(Answer):
    """One line: rounded once. ``kind``: fee, extensions, dids, minutes, one_time, late_usage. ``note`` is evidence for
    people ("peak of 22 at one time"); dates are half-open.
    """

    kind: str
    description: str
    quantity: Decimal
    unit: str | None = None
    unit_price: Decimal
    amount: Amount
    start_date: date | None = None
    end_date: date | None = None
    note: str = ""
    line_id: int | None = Field(None, description="its place on the invoice")
    evidence: dict[str, Any] = Field(
        default_factory=dict, description="what the line rests on; `key` and `revision` open its calls"
    )


class Tax(Answer):
    """One rate, a percentage, applied to the sum of its taxable lines."""

    name: str
    rate: Decimal
    base: Amount = Field(validation_alias=AliasChoices("base", "taxable"))
    amount: Amount


class Preview(Answer):
    """What the running period comes to so far, through the function that makes the invoice."""

    lines: tuple[Line, ...]
    subtotal: Amount
    tax: Amount
    total: Amount


class InvoiceRow(Answer):
    """An invoice in a list. ``status`` follows R57; paid and balance always stand beside it."""

    invoice_id: InvoiceId
    number: str
    issued_on: date
    due_on: date
    total: Amount
    paid: Amount
    balance: Amount
    status: str = Field(description="Cancelled, Paid, Overdue, Partially Paid or Sent")
    usage_period: Period | None = None
    fee_period: Period | None = None


class InvoiceList(Answer):
    """Newest first; ``next`` is the cursor of the following page."""

    invoices: tuple[InvoiceRow, ...]
    next: str | None = None


class Party(Answer):
    """Billed by, or billed to. A provider goes by its legal name."""

    name: str = Field(validation_alias=AliasChoices("name", "legal_name"))
    address: tuple[str, ...] = ()
    tax_id: str | None = None
    email: str | None = Field(None, validation_alias=AliasChoices("email", "billing_email"))


class UsedFor(Answer):
    """Where a credit note went (R32)."""

    open_balance: Amount
    account_credit: Amount
    refund: Amount


class CreditNote(Answer):
    """A credit note; its amounts are negative."""

    credit_note_id: UUID
    number: str
    invoice_id: InvoiceId
    invoice_number: str
    issued_on: date
    reason: str
    subtotal: Amount
    tax: Amount
    total: Amount
    used_for: UsedFor
    refund_id: UUID | None = None


class CreditNotes(Answer):
    """Newest first."""

    credit_notes: tuple[CreditNote, ...]


class ComparedWith(Answer):
    """The invoice before."""

    invoice_id: InvoiceId
    number: str
    total: Amount


class ExplainedPart(Answer):
    """One reason of a difference. ``of``: the kind of line; prices and quantities null where they say nothing."""

    kind: str
    of: str | None = None
    name: str | None = None
    direction: str | None = None
    call_class: str | None = None
    quantity_change: Decimal | None = None
    old_price: Decimal | None = None
    new_price: Decimal | None = None
    amount: Amount
    sentence: str


class Explanation(Answer):
    """Why an invoice differs from the one before: its parts sum to the difference (R56)."""

    invoice_id: InvoiceId
    number: str
    total: Amount
    compared_with: ComparedWith | None
    difference: Amount
    sentences: tuple[str, ...]
    parts: tuple[ExplainedPart, ...]


class Invoice(InvoiceRow):
    """An invoice with its lines, taxes, totals, parties and credit notes."""

    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...] = ()
    subtotal: Amount
    tax: Amount
    credit_applied: Amount = Field(
        validation_alias=AliasChoices("credit_applied", "account_credit_applied"),
        description="account credit, a part of what is paid (R31)",
    )
    billed_by: Party
    billed_to: Party
    credit_notes: tuple[CreditNote, ...] = ()
