"""What the routes of tax, credit and provider settings take."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from services.invoicing.domain.billing_terms import BillingTerms, Exemption, Registration, TaxProfile
from services.invoicing.domain.catalogue import Tax
from services.invoicing.entrypoints.bodies import (
    Address,
    AmountBody,
    Body,
    BrandBody,
    Country,
    CurrencyCode,
    Day,
    Email,
    LocaleTag,
    Phone,
    Short,
    TaxBody,
    Zone,
)
from shared.errors import Invalid


def _vat_number(number: str) -> str:
    """With its country's prefix and in the form and check digits of that country (python-stdnum)."""
    try:
        return str(vat.validate(number)).upper()
    except ValidationError as error:
        raise ValueError(
            f"{number!r} is no VAT number of an EU member state; write it with its country, like DE136695976, or"
            " leave it out for a consumer"
        ) from error


VatNumber = Annotated[str, Field(max_length=32), AfterValidator(_vat_number)]
Region = Annotated[
    str, Field(pattern=r"^[A-Z0-9]{1,3}$", description="ISO 3166-2 without the country, like NY")
]
Prefix = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,12}$")]


class RateBody(TaxBody):
    """``rate`` in percent, 0 to 100. Without ``country`` it holds anywhere. Days are half-open."""

    country: Country | None = None
    region: Region | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    def tax(self) -> Tax:
        """Raises ``Invalid``."""
        return Tax(self.name, self.rate, self.country, self.region, self.valid_from, self.valid_to)


class RegistrationBody(Body):
    country: Country
    number: Short
    region: Region | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    def registration(self) -> Registration:
        return Registration(self.country, self.number, self.region, self.valid_from, self.valid_to)


class BillingBody(Body):
    """The options of the rules (R33, R35, R36, R37). What is left out stays."""

    prices_include_tax: bool | None = None
    tax_date: Literal["issue", "period_end"] | None = None
    refund_preference: Literal["credit", "method"] | None = None
    zero_invoices: Literal["issue", "skip"] | None = None
    credit_note_prefix: Prefix | None = None

    def over(self, before: BillingTerms) -> BillingTerms:
        """``before`` with what was sent. Only the prefix can be null: then it follows the invoices' one again.

        Raises ``Invalid``.
        """
        for name in sorted(self.model_fields_set - {"credit_note_prefix"}):
            if getattr(self, name) is None:
                raise Invalid(
                    f"{name} cannot be empty; leave it out to keep it as it is.", field=f"billing.{name}"
                )
        return replace(before, **{name: getattr(self, name) for name in self.model_fields_set})


class ProviderChangeBody(Body):
    """What is left out stays. Lists replace the whole list. Holds from the next invoice on."""

    legal_name: Short | None = None
    address: Address | None = None
    tax_id: str | None = Field(None, max_length=64)
    currency: CurrencyCode | None = None
    country: Country | None = None
    time_zone: Zone | None = None
    locale: LocaleTag | None = None
    brand: BrandBody | None = None
    billing_email: Email | None = None
    support_phone: Phone | None = None
    reachable_numbers: list[Phone] | None = Field(None, max_length=50)
    invoice_prefix: Prefix | None = None
    terms_days: int | None = Field(None, ge=0, le=365)
    finalisation_delay_minutes: int | None = Field(None, ge=0, le=14 * 24 * 60)
    tax_rates: list[RateBody] | None = Field(None, max_length=500)
    tax_registrations: list[RegistrationBody] | None = Field(None, max_length=200)
    billing: BillingBody | None = None
    card_minimums: dict[CurrencyCode, Annotated[int, Field(ge=0, le=10**9)]] | None = Field(
        None, description="minor units by currency, in place of what card networks take (R38)"
    )


class TenantChangeBody(Body):
    """What is left out stays. A tenant's slug, SIP domain, account codes and anchor day stay as it was opened."""

    name: Short | None = None
    address: Address | None = None
    country: Country | None = None
    locale: LocaleTag | None = None
    time_zone: Zone | None = Field(None, description="holds from the next period on")
    billing_email: Email | None = None
    admin_email: Email | None = None
    by: Short = "provider"


class ExemptionBody(Body):
    """From one tax by name, or from all. Days are half-open."""

    certificate: Short
    tax_name: Short | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


class TaxProfileBody(Body):
    region: Region | None = None
    vat_number: VatNumber | None = None
    exemptions: list[ExemptionBody] = Field(default=[], max_length=50)

    def profile(self) -> TaxProfile:
        made = (
            Exemption(one.certificate, one.tax_name, one.valid_from, one.valid_to) for one in self.exemptions
        )
        return TaxProfile(self.region, self.vat_number, tuple(made))


class CreditLineBody(Body):
    """``line_id`` as the invoice shows it; ``amount`` net, positive."""

    line_id: int = Field(ge=0)
    amount: AmountBody


class CreditNoteBody(Body):
    """Either ``lines`` or ``full``. ``request_id``: the same one again is the same note."""

    lines: list[CreditLineBody] | None = Field(None, min_length=1, max_length=1000)
    full: bool = False
    reason: Short
    to: Literal["credit", "method"] = "credit"
    request_id: UUID


class ReasonBody(Body):
    reason: Short


class GivenCreditBody(Body):
    amount: AmountBody
    reason: Short
    request_id: UUID


class PayOutBody(Body):
    """``reference`` of the transfer that paid it."""

    reference: Short
    request_id: UUID
