"""What the gateway answers: the page's own shapes. They are the public API's contract."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.use_cases import answers
from services.gateway.use_cases.answers import Amount
from shared.ids import InvoiceId, ProviderId, TenantId


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class SectionError(View):
    """Why a section is missing, in words for people."""

    title: str = Field(examples=["Invoices can't be loaded right now."])
    detail: str = Field(examples=["The service invoicing is away right now; try again in a moment."])


class Missing(View):
    """Stands where a section should be whose service is away; the rest of the page works."""

    error: SectionError


# -- session -----------------------------------------------------------------------------------------------------


class Colours(View):
    """A brand's colours on one theme, made readable (#RRGGBB)."""

    fill: str
    on_fill: str
    line: str
    link: str
    tint: str


class ThemeColours(View):
    light: Colours
    dark: Colours


class ProviderView(View):
    """Who bills, and how to reach them."""

    provider_id: ProviderId
    name: str
    legal_name: str
    logo: str | None
    colours: ThemeColours
    billing_email: str
    support_phone: str = Field(description="E.164, to dial")
    support_phone_shown: str = Field(description="the same for people to read")
    country: str


class TenantView(View):
    """The tenant of the token."""

    tenant_id: TenantId
    name: str
    billing_email: str | None = Field(description="where receipts go; only shown to tenant admins")


class ServiceState(View):
    """Whether calls work. No amounts: a tenant user sees this too (R60)."""

    suspended: bool | None = Field(description="null: the service that knows is away")
    since: datetime | None = None
    outbound: Literal["allow", "reject"] | None = None
    inbound: Literal["allow", "announce", "reject"] | None = None


class StripeView(View):
    """What the browser needs to load Stripe.js."""

    publishable_key: str
    js_url: str


class Session(View):
    """Who am I, who bills me, in which language, money and time; does my phone work."""

    subject: str
    name: str
    email: str | None
    roles: tuple[str, ...]
    may_see_billing: bool
    tenant: TenantView | None
    provider: ProviderView | None = Field(description="null while invoicing is away")
    locale: str
    time_zone: str
    currency: str | None = Field(description="ISO 4217; only for tenant admins")
    service: ServiceState | None
    stripe: StripeView | None = Field(description="only for tenant admins")


# -- overview ----------------------------------------------------------------------------------------------------


class OpenInvoiceView(View):
    invoice_id: InvoiceId
    number: str
    due_on: date
    total: Amount
    paid: Amount
    balance: Amount
    overdue: bool
    on_its_way: Amount


class Balance(View):
    """The balance strip: everything still due, earliest due first."""

    face: Literal["due", "overdue", "on_its_way", "nothing"]
    balance: Amount
    overdue: Amount
    on_its_way: Amount
    account_credit: Amount | None = Field(description="null while it cannot be read")
    due_on: date | None
    invoices: tuple[OpenInvoiceView, ...]


class Subscription(View):
    """Subscription Summary (the guide). ``period`` is half-open; the page shows its last day."""

    plan_name: str
    status: Literal["Trial", "Active", "Suspended", "Closed", "Unknown"] = Field(
        description="the tenant's words; Unknown while the services that know are away"
    )
    billing_model: Literal["flat_rate", "pay_as_you_go"]
    monthly_fee: Amount | None
    period: answers.Period | None = Field(description="null: no period runs, as after the contract's end")
    next_invoice_on: date | None
    trial_ends_on: date | None
    next_invoice: answers.Preview | None = Field(description="so far; null while it cannot be worked out")


class Product(View):
    """Extensions or DIDs: the peak counts (R18)."""

    used: int
    included: int
    unit_price: str


class MinutesView(View):
    """Billed time of the period."""

    billed_seconds: int
    included_seconds: int = Field(description="what the fee includes in this period (R17)")
    unit_price: str


class UsageView(View):
    """Usage This Period (the guide). ``accruing`` is before tax; ``lines`` are those of usage only."""

    billing_model: Literal["flat_rate", "pay_as_you_go"]
    as_of: datetime
    period: answers.Period
    extensions: Product
    dids: Product
    minutes: MinutesView
    days: tuple[answers.UsageDay, ...] = Field(
        description="local days with calls, oldest first; a day without calls is not there"
    )
    by_class: tuple[answers.ClassDay, ...]
    bundles: tuple[answers.Bundle, ...]
    spending: answers.Spending | None = Field(description="charges of calls against alert and limit")
    warnings: tuple[answers.Warned, ...]
    lines: tuple[answers.Line, ...] | None = Field(description="null while they cannot be worked out")
    accruing: Amount | None


class Overview(View):
    """Everything the Billing page shows at first. Each section may be ``{"error": …}`` by itself."""

    session: Session
    balance: Balance | Missing
    subscription: Subscription | Missing
    usage: UsageView | Missing
    methods: answers.Methods | Missing
    invoices: answers.InvoiceList | Missing
    payments: answers.PaymentList | Missing
    standing: answers.Standing | Missing


# -- changes -----------------------------------------------------------------------------------------------------


class ChangeView(View):
    """One change that went through the gateway. ``outcome``: HTTP status; null: it never came to an end here."""

    change_id: UUID
    tenant_id: UUID | None
    subject: str
    name: str
    roles: tuple[str, ...]
    method: str
    route: str
    targets: dict[str, str]
    asked_at: datetime
    outcome: int | None
    finished_at: datetime | None


class ChangeList(View):
    """Newest first; ``next`` is the cursor of the following page."""

    changes: tuple[ChangeView, ...]
    next: str | None
