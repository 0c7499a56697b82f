"""Who takes part in the demonstration month, as the provider API takes them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

OPENED = date(2026, 10, 1)
PERIOD_END = date(2026, 11, 1)

_KESTREL_LOGO = (
    "data:image/svg+xml;utf8,"
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='8' fill='%230F5C9C'/>"
    "<path d='M7 21 L25 8 L20 17 L14 18 L11 24 Z' fill='%23fff'/></svg>"
)
_MAINTON_LOGO = (
    "data:image/svg+xml;utf8,"
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><circle cx='16' cy='16' r='16' fill='%23AD1457'/>"
    "<path d='M8 22 V10 L16 17 L24 10 V22' stroke='%23fff' stroke-width='3' fill='none'/></svg>"
)


@dataclass(frozen=True)
class Card:
    """A test card number (design of Stripe's test mode), typed as a person would."""

    number: str
    works: bool


GOOD = Card("4242424242424242", works=True)
GOOD_MASTERCARD = Card("5555555555554444", works=True)
DECLINED = Card("4000000000000341", works=False)


@dataclass(frozen=True)
class PlanSpec:
    """A plan in the words of the provider API; prices in major units."""

    name: str
    billing_model: str
    monthly_fee: str | None
    included: dict[str, int]
    prices: dict[str, str]

    def body(self, currency: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": self.name,
            "billing_model": self.billing_model,
            "currency": currency,
            "included": self.included,
            "prices": self.prices,
            "minimum_seconds": 6,
            "increment_seconds": 6,
        }
        if self.monthly_fee is not None:
            # Both demonstration currencies have cents.
            body["monthly_fee"] = {"minor": int(Decimal(self.monthly_fee) * 100), "currency": currency}
        return body


@dataclass(frozen=True)
class TenantSpec:
    """A tenant, its plan and how many of the month's calls are its own."""

    slug: str
    name: str
    plan: PlanSpec
    extensions: int
    dids: tuple[str, ...]
    share: float
    address: tuple[str, ...]
    card: Card | None = None
    trial_ends_on: date | None = None
    switch: str = "freeswitch"

    @property
    def sip_domain(self) -> str:
        return f"{self.slug}.pbx.example"

    @property
    def account_code(self) -> str:
        return self.slug

    @property
    def billing_email(self) -> str:
        return f"accounts@{self.slug}.example"

    @property
    def admin_email(self) -> str:
        return f"admin@{self.slug}.example"


@dataclass(frozen=True)
class ProviderSpec:
    """A provider with its tenants; ``starts`` is where its test clock is put first."""

    slug: str
    name: str
    prefix: str
    currency: str
    country: str
    time_zone: str
    locale: str
    tax_name: str
    tax_rate: str
    colour: str
    logo: str
    legal_name: str
    address: tuple[str, ...]
    tax_id: str
    billing_email: str
    support_phone: str
    stripe_account: str
    starts: datetime
    tenants: tuple[TenantSpec, ...] = field(default_factory=tuple)

    def body(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            "legal_name": self.legal_name,
            "address": list(self.address),
            "tax_id": self.tax_id,
            "currency": self.currency,
            "country": self.country,
            "time_zone": self.time_zone,
            "locale": self.locale,
            "brand": {"name": self.name, "colour": self.colour, "logo": self.logo},
            "billing_email": self.billing_email,
            "support_phone": self.support_phone,
            "reachable_numbers": [self.support_phone],
            "invoice_prefix": self.prefix,
            "terms_days": 14,
            "finalisation_delay_minutes": 60,
            "tax": {"name": self.tax_name, "rate": self.tax_rate},
        }

    def tenant_body(self, tenant: TenantSpec, plan_id: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "slug": tenant.slug,
            "name": tenant.name,
            "plan_id": plan_id,
            "opened_on": OPENED.isoformat(),
            "anchor_day": 1,
            "country": self.country,
            "time_zone": self.time_zone,
            "locale": self.locale,
            "address": list(tenant.address),
            "billing_email": tenant.billing_email,
            "admin_email": tenant.admin_email,
            "sip_domain": tenant.sip_domain,
            "account_codes": [tenant.account_code],
        }
        if tenant.trial_ends_on is not None:
            body["trial_ends_on"] = tenant.trial_ends_on.isoformat()
        return body


PROFESSIONAL = PlanSpec(
    "Professional",
    "flat_rate",
    "249.00",
    {"extensions": 20, "dids": 5, "minutes": 3000},
    {"extension": "12.00", "did": "2.50", "minute": "0.019"},
)
TEAM = PlanSpec(
    "Team",
    "flat_rate",
    "99.00",
    {"extensions": 10, "dids": 2, "minutes": 1000},
    {"extension": "10.00", "did": "2.50", "minute": "0.025"},
)
PAY_AS_YOU_GO = PlanSpec(
    "Pay As You Go",
    "pay_as_you_go",
    None,
    {"extensions": 0, "dids": 0, "minutes": 0},
    {"extension": "4.50", "did": "1.25", "minute": "0.0185"},
)
NUTZUNG = PlanSpec(
    "Nutzung",
    "pay_as_you_go",
    None,
    {"extensions": 0, "dids": 0, "minutes": 0},
    {"extension": "3.90", "did": "0.99", "minute": "0.0149"},
)

FENWICK = TenantSpec(
    "fenwick-dental",
    "Fenwick Dental Group",
    PROFESSIONAL,
    22,
    tuple(f"+1212555{n:04d}" for n in range(160, 166)),
    0.42,
    ("48 Alder Avenue, Suite 3", "New York, NY 10016"),
    card=GOOD,
)
BRIGHT = TenantSpec(
    "bright-bikes",
    "Bright Bikes",
    PAY_AS_YOU_GO,
    6,
    ("+12125550310", "+12125550311"),
    0.14,
    ("7 Canal Street", "New York, NY 10013"),
    card=DECLINED,
)
HOLLIS = TenantSpec(
    "hollis-grant",
    "Hollis & Grant Law",
    TEAM,
    9,
    ("+12125550420",),
    0.16,
    ("350 Broadway", "New York, NY 10013"),
    switch="asterisk",
)
ORCHARD = TenantSpec(
    "orchard-books",
    "Orchard Books",
    TEAM,
    4,
    ("+12125550530",),
    0.06,
    ("12 Prince Street", "New York, NY 10012"),
    trial_ends_on=date(2026, 12, 31),
)
ADLER = TenantSpec(
    "adler-optik",
    "Adler Optik GmbH",
    NUTZUNG,
    11,
    ("+49305550170", "+49305550171"),
    0.22,
    ("Torstraße 41", "10119 Berlin"),
    card=GOOD_MASTERCARD,
    switch="asterisk",
)

KESTREL = ProviderSpec(
    slug="kestrel",
    name="Kestrel Voice",
    prefix="KV",
    currency="USD",
    country="US",
    time_zone="America/New_York",
    locale="en-US",
    tax_name="New York sales tax",
    tax_rate="8.875",
    colour="#0F5C9C",
    logo=_KESTREL_LOGO,
    legal_name="Kestrel Voice LLC",
    address=("120 Pier Street", "New York, NY 10038"),
    tax_id="55-0100244",
    billing_email="billing@kestrelvoice.example",
    support_phone="+12125550100",
    stripe_account="acct_kestrelvoice",
    starts=datetime(2026, 10, 1, 4, 0, tzinfo=UTC),
    tenants=(FENWICK, BRIGHT, HOLLIS, ORCHARD),
)
MAINTON = ProviderSpec(
    slug="mainton",
    name="Mainton Telekom",
    prefix="MT",
    currency="EUR",
    country="DE",
    time_zone="Europe/Berlin",
    locale="de",
    tax_name="Umsatzsteuer",
    tax_rate="19",
    colour="#AD1457",
    logo=_MAINTON_LOGO,
    legal_name="Mainton Telekom GmbH",
    address=("Hafenweg 9", "60327 Frankfurt am Main"),
    tax_id="DE136695976",
    billing_email="rechnung@mainton.example",
    support_phone="+49695550100",
    stripe_account="acct_mainton",
    starts=datetime(2026, 9, 30, 22, 0, tzinfo=UTC),
    tenants=(ADLER,),
)
PROVIDERS = (KESTREL, MAINTON)
