"""What the HTTP interface takes. Unknown fields are refused; sizes are bounded."""

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from services.invoicing.domain.logo import check_logo
from shared.errors import Refusal
from shared.money import currency

# Names in the zone database that are no place: one of them is whatever the machine happens to have.
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone; write it like America/New_York") from error
    if name in _NO_PLACES or name.startswith(("posix/", "right/")):
        raise ValueError(f"{name!r} is no place's time zone; write one like America/New_York")
    return name


# Codes that CLDR has beside those of ISO 3166-1: private use, groups, exceptional reservations.
_NO_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB XX ZZ".split())


@cache
def _countries() -> frozenset[str]:
    known = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def _country(code: str) -> str:
    if code not in _countries():
        raise ValueError(f"{code!r} is no country's code in ISO 3166-1; write it like US or DE")
    return code


def _locale(tag: str) -> str:
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"{tag!r} is not a known locale; write it like en-US or de-DE") from error
    return tag


def _currency(code: str) -> str:
    try:
        return currency(code)
    except Refusal as error:
        raise ValueError(error.message) from error


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
LocaleTag = Annotated[str, Field(max_length=35), AfterValidator(_locale)]
CurrencyCode = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_currency)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
Short = Annotated[str, Field(min_length=1, max_length=200)]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Phone = Annotated[str, Field(pattern=r"^\+[1-9]\d{4,14}$")]
Address = Annotated[list[Short], Field(max_length=8)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
Price = Annotated[Decimal, Field(ge=0, le=10**9, max_digits=18, decimal_places=6)]


def _sensible_year(value: Any) -> Any:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


# Periods and due days are counted on from these; far away from them calendars end.
FIRST_YEAR, LAST_YEAR = 2000, 2199
Day = Annotated[date, AfterValidator(_sensible_year)]
Instant = Annotated[AwareDatetime, AfterValidator(_sensible_year)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _logo(address: str | None) -> str | None:
    if address is not None:
        try:
            check_logo(address)
        except Refusal as error:
            raise ValueError(error.message) from error
    return address


class BrandBody(Body):
    """``logo`` is an SVG, PNG or JPEG as a data address, at most 1 MiB (``domain.logo``)."""

    name: Short
    colour: str = Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="#RRGGBB")
    logo: Annotated[str | None, AfterValidator(_logo)] = Field(None, description="data address")


class TaxBody(Body):
    name: Short
    rate: Decimal = Field(ge=0, le=100, max_digits=9, decimal_places=6, description="percent")


class ProviderBody(Body):
    """A provider's settings."""

    slug: Slug
    legal_name: Short
    address: Address
    tax_id: str | None = Field(None, max_length=64)
    currency: CurrencyCode
    country: Country
    time_zone: Zone
    locale: LocaleTag
    brand: BrandBody
    billing_email: Email
    support_phone: Phone
    reachable_numbers: list[Phone] = Field(default=[], max_length=50)
    invoice_prefix: str = Field(pattern=r"^[A-Z0-9]{1,12}$", description="like KV")
    terms_days: int = Field(14, ge=0, le=365)
    finalisation_delay_minutes: int = Field(60, ge=0, le=14 * 24 * 60)
    tax: TaxBody | None = None


class ClockBody(Body):
    now: Instant


class AdvanceBody(Body):
    to: Instant


class AmountBody(Body):
    minor: int = Field(ge=-(10**12), le=10**12, description="minor units")
    currency: CurrencyCode


class IncludedBody(Body):
    extensions: int = Field(0, ge=0, le=10**6)
    dids: int = Field(0, ge=0, le=10**6)
    minutes: int = Field(0, ge=0, le=10**9)


class PricesBody(Body):
    """Major units, as strings, with up to 6 places."""

    extension: Price = Decimal(0)
    did: Price = Decimal(0)
    minute: Price = Decimal(0)


class TenantBody(Body):
    slug: Slug
    name: Short
    plan_id: UUID
    opened_on: Day
    anchor_day: int = Field(1, ge=1, le=31)
    trial_ends_on: Day | None = None
    country: Country
    time_zone: Zone
    locale: LocaleTag
    address: Address = []
    billing_email: Email
    admin_email: Email
    sip_domain: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.-]+$")
    account_codes: list[Short] = Field(default=[], max_length=100)
    add_ons: dict[Short, int] = Field(default={}, max_length=200, description="quantity by the add-on's code")
    coupon: Short | None = None
    by: Short = "provider"


class ChargeBody(Body):
    description: Short
    amount: AmountBody
    on: Day
