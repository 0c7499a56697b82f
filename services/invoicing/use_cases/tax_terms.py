"""What make_invoice needs to know of tax."""

from datetime import date, datetime
from typing import TypedDict

from services.invoicing.domain.catalogue import Provider, Tax, Tenant
from services.invoicing.domain.periods import Span
from services.invoicing.domain.taxes import tax_day, taxes_of
from shared.clock import local_date


class TaxTerms(TypedDict):
    """Arguments of ``make_invoice``."""

    taxes: tuple[Tax, ...]
    prices_include_tax: bool
    rounded_on: date


def terms(provider: Provider, tenant: Tenant, now: datetime, period: Span | None) -> TaxTerms:
    """Rates of the tax day at the tenant's place (R33). ``period`` is the one that ended, if the invoice has one."""
    issued_on = local_date(now, tenant.zone)
    return {
        "taxes": taxes_of(provider, tenant, tax_day(provider, issued_on, period)),
        "prices_include_tax": provider.billing.prices_include_tax,
        "rounded_on": issued_on,
    }
