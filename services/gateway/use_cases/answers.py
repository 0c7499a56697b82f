"""What the services answer (docs/design-month.md), as far as the page shows it; all else is left behind.

Unknown fields are ignored, so that services may add to their answers. Amounts are minor units; prices, minutes
and rates are decimal strings; days are the tenant's local days; periods are half-open.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from shared.ids import InvoiceId, MethodId, PaymentId, PlanId, ProviderId, TenantId

# Kinds of lines that usage makes; all others are fees, one-time charges and the like.
USAGE_KINDS = frozenset({"extensions", "dids", "minutes"})


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Amount(Answer):
    """An exact amount: ``minor`` units of ``currency``."""

    minor: int
    currency: str = Field(min_length=3, max_length=3)


# -- invoicing ------------------------------------------------------------------------------------------------------


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
    period: Period
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


class Invoice(InvoiceRow):
    """An invoice with its lines, taxes, totals and parties."""

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


# -- usage -----------------------------------------------------------------------------------------------------------


class Held(Answer):
    """Provisioned now, and the most at one time in the period (R18)."""

    used: int
    peak: int


class Minutes(Answer):
    """One class and direction of calls at one price (R13)."""

    call_class: str
    direction: str
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal


class UsageDay(Answer):
    """Calls and billed seconds of one local day."""

    day: date
    calls: int
    billed_seconds: int


class Usage(Answer):
    """Figures of a period as of an instant."""

    as_of: datetime
    extensions: Held
    dids: Held
    minutes: tuple[Minutes, ...] = ()
    billed_seconds: int
    included_seconds: int
    days: tuple[UsageDay, ...] = ()


class Call(Answer):
    """One call. Billed time is whole seconds; no money: a line is rounded once (design/ui.md)."""

    call_id: str
    answered_at: datetime | None
    direction: str
    from_: str = Field(alias="from")
    to: str
    call_class: str
    billed_seconds: int


class CallList(Answer):
    """Newest first."""

    calls: tuple[Call, ...]
    next: str | None = None


# -- payments --------------------------------------------------------------------------------------------------------


class Method(Answer):
    """A payment method: never more than the last four digits. ``expires`` is MM/YYYY."""

    method_id: MethodId | None
    kind: str
    brand: str
    last4: str
    expires: str | None = None
    is_default: bool = False


class AutoPay(Answer):
    enabled: bool
    since: datetime | None = None


class Methods(Answer):
    """Saved methods and auto-pay."""

    methods: tuple[Method, ...]
    auto_pay: AutoPay


class Removed(Answer):
    """What else deleting a method did (R62). ``sentence`` is for people."""

    default: MethodId | None
    auto_pay_turned_off: bool
    sentence: str | None = None


class OpenToPay(Answer):
    """An open invoice that auto-pay will not charge (R61)."""

    invoice_id: InvoiceId
    number: str
    balance: Amount


class AutoPayChanged(AutoPay):
    open_invoices: tuple[OpenToPay, ...] = ()


class SetupIntent(Answer):
    """What Stripe Elements needs to save a method."""

    setup_intent: str
    client_secret: str
    publishable_key: str
    stripe_account: str | None = None


class Allocation(Answer):
    """The part of a payment that goes to one invoice."""

    invoice_id: InvoiceId
    number: str
    amount: Amount


class Payment(Answer):
    """A payment, or a refund as a row of its own with a negative amount (R58)."""

    payment_id: PaymentId
    at: datetime
    amount: Amount
    status: str
    method: Method | None = None
    invoices: tuple[Allocation, ...] = ()
    sentence: str | None = None
    reason: str | None = None
    client_secret: str | None = None
    publishable_key: str | None = None
    stripe_account: str | None = None
    next_retry_at: datetime | None = None


class PaymentList(Answer):
    """Newest first."""

    payments: tuple[Payment, ...]
    next: str | None = None


# -- suspension ------------------------------------------------------------------------------------------------------


class OverdueInvoice(Answer):
    """An invoice that keeps service away until it is paid (R59)."""

    invoice_id: InvoiceId
    number: str
    due_on: date
    balance: Amount


class LadderStep(Answer):
    """A step of the ladder; ``on`` none: a pause keeps it away."""

    kind: str
    day: int
    on: date | None
    state: str


class WorksNow(Answer):
    """What calls do at this moment. Emergency calls always go through."""

    outbound: Literal["allow", "reject"]
    inbound: Literal["allow", "announce", "reject"]
    reachable_numbers: tuple[str, ...] = ()


class LadderPause(Answer):
    """What keeps the ladder still now: a debit, dispute, plan, promise, hold or unsuspension (R48)."""

    kind: str
    since: datetime
    until: datetime | None = None


class Standing(Answer):
    """Where a tenant stands on the ladder. ``owed`` is what restores service; ``suspends_on`` the local day on which
    it stops if nobody pays. ``cause``: what bars it; paying helps only for ``unpaid``."""

    stage: str
    suspended: bool
    since: datetime
    owed: Amount
    overdue_invoices: tuple[OverdueInvoice, ...] = ()
    steps: tuple[LadderStep, ...] = ()
    suspends_on: date | None = None
    cause: str | None = None
    pauses: tuple[LadderPause, ...] = ()
    works_now: WorksNow
    as_of: datetime
