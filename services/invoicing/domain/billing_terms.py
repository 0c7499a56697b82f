"""What a provider chooses about tax, credit and zero invoices."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

RefundPreference = Literal["credit", "method"]


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Options with the defaults of the rules. ``credit_note_prefix`` None: the invoices' prefix followed by CN."""

    prices_include_tax: bool = False  # R35
    tax_date: Literal["issue", "period_end"] = "issue"  # R33
    refund_preference: RefundPreference = "credit"
    zero_invoices: Literal["issue", "skip"] = "issue"  # R37
    credit_note_prefix: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """The provider's number with a tax office, for local days ``[valid_from, valid_to)``."""

    country: str
    number: str
    region: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """A tenant's exemption from one tax by name, or from all; days half-open."""

    certificate: str
    tax_name: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class TaxProfile:
    """What decides about a tenant's tax beside its country. ``vat_number`` with its country's prefix."""

    region: str | None = None
    vat_number: str | None = None
    exemptions: tuple[Exemption, ...] = ()


def holds(day: date, valid_from: date | None, valid_to: date | None) -> bool:
    """Whether ``day`` lies in ``[valid_from, valid_to)``; None is open."""
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)
