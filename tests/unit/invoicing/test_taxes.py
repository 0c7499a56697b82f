"""Which tax an invoice bears, and prices that include it."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.billing_terms import Exemption, Registration, TaxProfile
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.invoices import make_invoice
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.domain.taxes import (
    by_largest_remainder,
    check_rates,
    split_gross,
    taxes_due,
)
from shared.errors import Invalid
from shared.ids import derived_id
from shared.money import Money, currency

DAY = date(2026, 11, 1)
NOBODY = TaxProfile()


def rate(
    percent: str,
    country: str | None = None,
    region: str | None = None,
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Tax:
    return Tax("VAT", Decimal(percent), country, region, valid_from, valid_to)


def due(
    rates: list[Tax],
    *,
    provider: str = "DE",
    tenant: str = "DE",
    profile: TaxProfile = NOBODY,
    on: date = DAY,
    registrations: tuple[Registration, ...] = (),
) -> list[str]:
    found = taxes_due(
        rates, registrations, provider_country=provider, tenant_country=tenant, profile=profile, on=on
    )
    return [f"{tax.name} {tax.rate} {tax.category or ''}".rstrip() for tax in found]


def test_the_most_specific_rate_of_a_name_holds_at_the_tenants_place() -> None:
    """Region over country over anywhere; another country's rate does not."""
    rates = [rate("1"), rate("4", "US"), rate("8.875", "US", "NY"), rate("19", "DE")]
    assert due(rates, tenant="US", profile=TaxProfile(region="NY")) == ["VAT 8.875"]
    assert due(rates, tenant="US", profile=TaxProfile(region="TX")) == ["VAT 4"]
    assert due(rates, tenant="CA") == ["VAT 1"]
    assert due(rates[1:], tenant="CA") == []


def test_several_names_add_up_and_none_is_charged_on_another() -> None:
    """State and city tax of 100.00: 4.00 and 4.50, not 4.68."""
    rates = [Tax("State", Decimal(4), "US"), Tax("City", Decimal("4.5"), "US", "NY")]
    found = taxes_due(
        rates, (), provider_country="US", tenant_country="US", profile=TaxProfile(region="NY"), on=DAY
    )
    usd = currency("USD")
    charge = OneTimeCharge(derived_id("c"), "Setup", Money(10000, usd), DAY)
    draft = make_invoice(usd, charges=[charge], taxes=found)
    assert [(tax.name, tax.amount.minor) for tax in draft.taxes] == [("City", 450), ("State", 400)]


def test_a_rate_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    """R33: the German rate of the second half of 2020."""
    change, back = date(2020, 7, 1), date(2021, 1, 1)
    rates = [rate("19", "DE", valid_to=change), rate("16", "DE", valid_from=change, valid_to=back)]
    rates.append(rate("19", "DE", valid_from=back))
    check_rates(rates)
    shown = [due(rates, on=day)[0] for day in (date(2020, 6, 30), change, date(2020, 12, 31), back)]
    assert shown == ["VAT 19", "VAT 16", "VAT 16", "VAT 19"]


def test_two_rates_of_one_place_and_day_are_refused() -> None:
    """They would both be charged, or neither knows which."""
    with pytest.raises(Invalid, match="same days"):
        check_rates([rate("19", "DE"), rate("16", "DE", valid_from=DAY)])


@pytest.mark.parametrize("percent", ["100.000001", "-0.1", "NaN"])
def test_a_rate_outside_of_0_to_100_is_refused(percent: str) -> None:
    """Issue 4, bad input."""
    with pytest.raises(Invalid) as refused:
        rate(percent)
    assert refused.value.field == "tax.rate"


def test_a_business_in_another_member_state_owes_the_tax_itself() -> None:
    """Its VAT number must be of its own country; at home, outside the union or without a number it pays."""
    rates = [rate("19", "DE"), rate("20", "FR"), rate("7", "GR")]
    french = TaxProfile(vat_number="FR40303265045")
    assert due(rates, tenant="FR", profile=french) == ["VAT 0 AE"]
    assert due(rates, tenant="GR", profile=TaxProfile(vat_number="EL094259216")) == ["VAT 0 AE"]
    assert due(rates, tenant="FR") == ["VAT 20"]
    assert due(rates, tenant="DE", profile=TaxProfile(vat_number="DE136695976")) == ["VAT 19"]
    assert due(rates, tenant="GR", profile=french) == ["VAT 7"]
    assert due(rates, provider="CH", tenant="FR", profile=french) == ["VAT 20"]


def test_an_exemption_holds_for_its_tax_and_days_and_names_its_certificate() -> None:
    """The tax stays visible at 0 percent."""
    until = TaxProfile(exemptions=(Exemption("NY-77", "VAT", None, DAY),))
    assert due([rate("4", "US")], tenant="US", profile=until) == ["VAT 4"]
    assert due([rate("4", "US")], tenant="US", profile=until, on=date(2026, 10, 31)) == ["VAT 0 E"]
    other = TaxProfile(exemptions=(Exemption("NY-77", "City"),))
    assert due([rate("4", "US")], tenant="US", profile=other) == ["VAT 4"]
    (tax,) = taxes_due(
        [rate("4")], (), provider_country="US", tenant_country="US", on=DAY,
        profile=TaxProfile(exemptions=(Exemption("NY-77"),)),
    )  # fmt: skip
    assert tax.reason is not None
    assert "NY-77" in tax.reason


def test_a_rate_of_a_country_needs_a_registration_there_once_any_is_listed() -> None:
    """Nobody may charge tax where it is not registered."""
    here = Registration("DE", "DE136695976")
    later = Registration("FR", "FR1", valid_from=date(2026, 12, 1))
    rates = [rate("19", "DE"), rate("20", "FR")]
    assert due(rates, tenant="FR", registrations=(here, later)) == []
    assert due(rates, tenant="FR", registrations=(here, later), on=date(2026, 12, 1)) == ["VAT 20"]
    assert due(rates, tenant="DE", registrations=(here,)) == ["VAT 19"]


amounts = st.lists(st.integers(-(10**6), 10**7), min_size=1, max_size=8)
percents = st.decimals("0", "100", places=3)


@given(amounts, st.lists(percents, min_size=1, max_size=3))
def test_nets_and_tax_make_up_the_gross_whatever_the_rates(gross: list[int], rates: list[Decimal]) -> None:
    """R35: to the minor unit, and each net within one unit per rate of its exact value."""
    eur = currency("EUR")
    taxes = [Tax(f"T{number}", one) for number, one in enumerate(rates)]
    nets, lines = split_gross([Money(one, eur) for one in gross], taxes)
    assert sum(gross) == sum(net.minor for net in nets) + sum(line.amount.minor for line in lines)
    whole = 100 + sum(Fraction(one) for one in rates)
    for one, net in zip(gross, nets, strict=True):
        assert abs(Fraction(one * 100) / whole - net.minor) < 1 + len(rates)
    for line, percent in zip(lines, rates, strict=True):
        assert abs(line.amount.minor - sum(gross) * Fraction(percent) / whole) <= Fraction(1, 2)


def test_119_euros_with_19_percent_are_100_and_19() -> None:
    """R35 by hand; three lines of 0.40 at 7 percent lose no cent."""
    eur = currency("EUR")
    nets, (tax,) = split_gross([Money(11900, eur)], [rate("19")])
    assert ([net.minor for net in nets], tax.amount.minor, tax.base.minor) == ([10000], 1900, 10000)
    nets, (tax,) = split_gross([Money(40, eur)] * 3, [rate("7")])
    assert (tax.amount.minor, sum(net.minor for net in nets)) == (8, 112)


@given(st.lists(st.fractions(-100, 100), min_size=1, max_size=9), st.integers(-3, 3))
def test_the_largest_remainders_get_the_rest(exact: list[Fraction], off: int) -> None:
    """The sum is what was wanted."""
    wanted = round(sum(exact)) + off
    assert wanted == sum(by_largest_remainder(exact, wanted))


@given(st.integers(0, 10**7), percents)
def test_a_dinar_total_ends_in_0_and_the_rounding_bears_no_tax(minor: int, percent: Decimal) -> None:
    """R39."""
    kwd = currency("KWD")
    charge = OneTimeCharge(derived_id("c"), "Setup", Money(minor, kwd), DAY)
    tax = Tax("VAT", percent)
    draft = make_invoice(kwd, charges=[charge], taxes=[tax], rounded_on=DAY)
    plain = make_invoice(kwd, charges=[charge], taxes=[tax])
    assert draft.total.minor % 10 == 0
    assert abs(draft.total.minor - plain.total.minor) <= 5
    assert draft.tax == plain.tax
    assert draft.total == draft.subtotal + draft.tax
    assert sum(line.amount.minor for line in draft.lines) == draft.subtotal.minor
