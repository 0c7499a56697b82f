"""Events of invoicing: owner of providers, tenants, plans, subscriptions, invoices and test clocks."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event, Payload
from shared.ids import InvoiceId, PlanId, TenantId


class ClockAdvanced(Event):
    """A provider's test clock stands at ``now``. The first one puts the provider on its test clock (R53)."""

    TYPE: ClassVar[str] = "invoicing.clock.advanced.v1"

    now: datetime


class Brand(Payload):
    """What documents, mails and the page show. ``logo`` is an SVG or PNG as a data address."""

    name: str
    colour: str = Field(description="#RRGGBB")
    logo: str | None = None


class ProviderChanged(Event):
    """A provider was added or its settings changed; the whole of what others may need."""

    TYPE: ClassVar[str] = "invoicing.provider.changed.v1"

    slug: str
    legal_name: str
    address: tuple[str, ...]
    tax_id: str | None
    currency: str
    country: str = Field(description="ISO 3166-1 alpha-2")
    time_zone: str
    locale: str = Field(description="BCP 47, like en-US")
    brand: Brand
    billing_email: str
    support_phone: str = Field(description="E.164")
    reachable_numbers: tuple[str, ...] = Field(
        (), description="E.164; suspended tenants may always call these"
    )
    refund_preference: Literal["credit", "method"] = Field(
        "credit", description="where a refund goes unless the provider says otherwise"
    )


class IncludedBundle(Payload):
    """Minutes that a plan includes for a set of call classes (R16, R17); narrowest bundle first.

    ``per_extension``: ``minutes`` are for each extension (peak of the period) instead of for the tenant.
    ``pooled`` false: an extension can use its own share only, and calls without an extension use none.
    """

    bundle: str = Field(description="a short name, unique in the plan")
    classes: tuple[str, ...] = Field(description="call classes covered; empty: all that would be charged")
    minutes: int
    per_extension: bool = False
    pooled: bool = True


class ClassTerms(Payload):
    """What a plan says about one call class in place of the rate deck (R5); None leaves the deck's."""

    price_per_minute: Decimal | None = None
    connect_fee: Decimal | None = None
    minimum_seconds: int | None = None
    increment_seconds: int | None = None


class PlanChanged(Event):
    """A plan's version exists. Usage rates by it; prices are major units with up to 6 places (rules of money)."""

    TYPE: ClassVar[str] = "invoicing.plan.changed.v1"

    plan_id: PlanId
    version: int
    name: str
    billing_model: Literal["flat_rate", "pay_as_you_go"]
    currency: str
    minimum_seconds: int = 6
    increment_seconds: int = 6
    included_minutes: int = 0
    price_per_minute: Decimal
    class_prices_per_minute: dict[str, Decimal] = Field(
        default_factory=dict, description="price of a call class that differs from price_per_minute (R5, R7)"
    )
    rated_by_deck: bool = Field(
        False,
        description="true: calls take class, price and increment from the rate deck and price_per_minute is not"
        " used (R5); false: every charged class costs price_per_minute unless class_terms say otherwise",
    )
    deck: str = Field("standard", description="name of the provider's rate deck that rates this plan's calls")
    class_terms: dict[str, ClassTerms] = Field(default_factory=dict)
    bundles: tuple[IncludedBundle, ...] = Field(
        (), description="beside included_minutes, which is a pooled bundle of every charged class"
    )
    counts: Literal["peak", "prorated_days"] = Field("peak", description="extensions and DIDs (R18)")
    spend_alert_minor: int | None = Field(None, description="usage charges of a period that raise an alert")
    spend_limit_minor: int | None = Field(
        None, description="usage charges of a period at which chargeable outbound calls stop (fraud)"
    )


class _Tenant(Event):
    tenant_id: TenantId
    slug: str
    name: str
    status: Literal["trial", "active", "closed"]
    country: str
    time_zone: str
    locale: str
    currency: str
    address: tuple[str, ...] = ()
    billing_email: str
    admin_email: str
    sip_domain: str
    account_codes: tuple[str, ...] = ()
    plan_id: PlanId
    plan_version: int
    plan_from: date
    opened_on: date
    trial_ends_on: date | None = None
    anchor_day: int | None = Field(
        None,
        description="day of the month on which periods begin, 1 to 31; by it usage knows the running period",
    )


class TenantOpened(_Tenant):
    """A tenant begins. Carries all that usage, payments, suspension and notifications keep of a tenant."""

    TYPE: ClassVar[str] = "invoicing.tenant.opened.v1"


class TenantChanged(_Tenant):
    """Any of a tenant's data changed, a trial that ended included."""

    TYPE: ClassVar[str] = "invoicing.tenant.changed.v1"


class TenantClosed(Event):
    """A tenant ended; late usage still makes one last invoice (R43)."""

    TYPE: ClassVar[str] = "invoicing.tenant.closed.v1"

    tenant_id: TenantId
    closed_on: date


class PlanPart(Payload):
    """A plan in force for some local days of a period, half-open (R8, R19)."""

    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int


class PeriodEnded(Event):
    """A billing period is over: usage answers with ``usage.period.metered.v1``. Local days, half-open.

    ``plan_id`` is the plan at the end of the period. ``parts`` say which plan held on which days; none means that
    ``plan_id`` held throughout. ``share_days / share_of_days`` is what the period is of a whole one (R17); without
    them it is worked out from the dates.
    """

    TYPE: ClassVar[str] = "invoicing.period.ended.v1"

    tenant_id: TenantId
    start_date: date
    end_date: date
    plan_id: PlanId
    plan_version: int
    parts: tuple[PlanPart, ...] = ()
    share_days: int | None = None
    share_of_days: int | None = None


class PeriodParked(Event):
    """A tenant's period cannot be ended or invoiced as things are, and waits for a person; the other tenants go on.

    ``reason`` says what stands in the way. Once it is seen to, ``POST …/parked/retry`` tries again; a period that
    then fails again is told again.
    """

    TYPE: ClassVar[str] = "invoicing.period.parked.v1"

    tenant_id: TenantId
    start_date: date
    end_date: date
    step: Literal["end", "fee", "final", "late"] = Field(
        description="what could not be done: the period's end, its first fee, its invoice, or late usage's invoice"
    )
    reason: str


class UsageBilled(Payload):
    """A revision of a period's totals that an invoice bills."""

    start_date: date
    end_date: date
    revision: int


class _Invoice(Event):
    tenant_id: TenantId
    invoice_id: InvoiceId
    number: str
    currency: str
    total_minor: int
    paid_minor: int
    balance_minor: int
    issued_on: date
    due_on: date
    overdue_at: datetime = Field(description="local midnight that ends the due day (R45)")
    collectable: bool = Field(
        True, description="false below the card's minimum: collected with the next one (R38)"
    )


class InvoiceIssued(_Invoice):
    """An invoice got its number and can no longer change. ``balance_minor`` is after account credit (R31)."""

    TYPE: ClassVar[str] = "invoicing.invoice.issued.v1"

    usage: tuple[UsageBilled, ...] = ()


class InvoicePartiallyPaid(_Invoice):
    """Money came, not all of it."""

    TYPE: ClassVar[str] = "invoicing.invoice.partially_paid.v1"

    credit_minor: int = Field(0, description="account credit that paid this part, after the issue (R32)")


class InvoicePaid(_Invoice):
    """Nothing is left to pay."""

    TYPE: ClassVar[str] = "invoicing.invoice.paid.v1"

    credit_minor: int = Field(0, description="account credit that paid this part, after the issue (R32)")


class InvoiceOverdue(_Invoice):
    """The due day has passed with a balance left."""

    TYPE: ClassVar[str] = "invoicing.invoice.overdue.v1"


class InvoiceCancelled(_Invoice):
    """Unpaid and fully credit-noted; the number is kept (R40)."""

    TYPE: ClassVar[str] = "invoicing.invoice.cancelled.v1"


class InvoiceReopened(_Invoice):
    """A paid part came back from the bank: a chargeback, a debit that was returned (R49). There is a balance again."""

    TYPE: ClassVar[str] = "invoicing.invoice.reopened.v1"

    why: Literal["disputed", "returned"]


class CreditNoteIssued(Event):
    """An invoice was corrected (R34, R36); amounts are gross, positive minor units.

    ``used_for``: what became of it. ``open_balance``: it lowered what was still due; ``account_credit``: it waits
    for the next invoices; ``refund``: payments sends or sent it back. ``balance_minor`` is the invoice's after it.
    """

    TYPE: ClassVar[str] = "invoicing.credit_note.issued.v1"

    tenant_id: TenantId
    credit_note_id: UUID
    number: str
    invoice_id: InvoiceId
    invoice_number: str
    currency: str
    amount_minor: int
    tax_minor: int
    used_for: dict[Literal["open_balance", "account_credit", "refund"], int]
    balance_minor: int
    reason: str
    refund_id: UUID | None = None
    issued_on: date
