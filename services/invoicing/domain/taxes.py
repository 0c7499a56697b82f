"""Tax of an invoice: which rates hold, and each once on the sum of its taxable lines (rules of money, R33, R35)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import cycle, islice

from services.invoicing.domain.billing_terms import Registration, TaxProfile, holds
from services.invoicing.domain.catalogue import Provider, Tax, TaxCategory, Tenant
from services.invoicing.domain.periods import Span
from shared.errors import Invalid
from shared.money import Money, round_half_up

# Council Directive 2006/112/EC applies in these; ISO 3166-1 codes.
EU_MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
)
REVERSE_CHARGE = "Reverse charge: the recipient owes the VAT (Article 196 of Directive 2006/112/EC)."


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One rate on the sum of its taxable lines. ``category`` and ``reason`` say why a rate is 0 percent."""

    name: str
    rate: Decimal
    base: Money
    amount: Money
    category: TaxCategory = "S"
    reason: str | None = None


def check_rates(rates: Sequence[Tax]) -> None:
    """Raises ``Invalid`` where two rates of one name and jurisdiction would hold on one day."""
    for index, one in enumerate(rates):
        for other in rates[:index]:
            same = (one.name, one.country, one.region) == (other.name, other.country, other.region)
            apart = (
                one.valid_to is not None and other.valid_from is not None and one.valid_to <= other.valid_from
            ) or (
                other.valid_to is not None and one.valid_from is not None and other.valid_to <= one.valid_from
            )
            if same and not apart:
                raise Invalid(
                    f"Two rates of {one.name} hold in the same place on the same days; end the first on the day"
                    " on which the second begins.",
                    field="tax_rates",
                )


def vat_country(number: str) -> str:
    """The member state of a VAT number; Greece writes EL."""
    prefix = number[:2].upper()
    return "GR" if prefix == "EL" else prefix


def is_reverse_charge(provider_country: str, tenant_country: str, profile: TaxProfile) -> bool:
    """A business in another member state than the provider's, known by its VAT number there."""
    return (
        profile.vat_number is not None
        and provider_country in EU_MEMBERS
        and tenant_country in EU_MEMBERS
        and provider_country != tenant_country
        and vat_country(profile.vat_number) == tenant_country
    )


def registration_at(
    registrations: Iterable[Registration], country: str, region: str | None, on: date
) -> Registration | None:
    """The registration that holds at a place: the region's own before the country's."""
    found = [
        one
        for one in registrations
        if one.country == country and one.region in (None, region) and holds(on, one.valid_from, one.valid_to)
    ]
    return max(found, key=lambda one: one.region is not None, default=None)


def taxes_due(
    rates: Iterable[Tax],
    registrations: Sequence[Registration],
    *,
    provider_country: str,
    tenant_country: str,
    profile: TaxProfile,
    on: date,
) -> tuple[Tax, ...]:
    """The rates that an invoice of tax day ``on`` bears at the tenant's place, in order of name (R33)."""
    chosen: dict[str, Tax] = {}
    for rate in rates:
        if _applies(rate, registrations, tenant_country, profile.region, on):
            known = chosen.get(rate.name)
            if known is None or _specific(rate) > _specific(known):
                chosen[rate.name] = rate
    if is_reverse_charge(provider_country, tenant_country, profile):
        name = next((rate.name for rate in rates if rate.country == provider_country), "VAT")
        return (Tax(name, Decimal(0), category="AE", reason=REVERSE_CHARGE),)
    return tuple(_unless_exempt(chosen[name], profile, on) for name in sorted(chosen))


def taxes_of(provider: Provider, tenant: Tenant, on: date) -> tuple[Tax, ...]:
    """The rates that an invoice of ``tenant`` bears on tax day ``on``."""
    return taxes_due(
        provider.taxes,
        provider.registrations,
        provider_country=provider.country,
        tenant_country=tenant.country,
        profile=tenant.tax,
        on=on,
    )


def tax_day(provider: Provider, issued_on: date, period: Span | None) -> date:
    """The issue day, or by the provider's option the last day of the period that ended (R33)."""
    if provider.billing.tax_date == "period_end" and period is not None:
        return period.end - timedelta(days=1)
    return issued_on


def _specific(rate: Tax) -> int:
    return (rate.country is not None) + (rate.region is not None)


def _applies(
    rate: Tax, registrations: Sequence[Registration], country: str, region: str | None, on: date
) -> bool:
    if not holds(on, rate.valid_from, rate.valid_to):
        return False
    if rate.country is None:
        return True
    if rate.country != country or rate.region not in (None, region):
        return False
    return not registrations or registration_at(registrations, country, region, on) is not None


def _unless_exempt(rate: Tax, profile: TaxProfile, on: date) -> Tax:
    for one in profile.exemptions:
        if one.tax_name in (None, rate.name) and holds(on, one.valid_from, one.valid_to):
            return Tax(rate.name, Decimal(0), category="E", reason=f"Exempt, certificate {one.certificate}.")
    return rate


def tax_on(base_minor: int, rate: Decimal) -> int:
    """Tax of a net amount, half up (R30)."""
    return round_half_up(Decimal(base_minor) * rate / 100)


def tax_lines(taxes: Iterable[Tax], base: Money) -> tuple[TaxLine, ...]:
    """One line for each rate, on the sum of the taxable lines."""
    return tuple(_line(tax, base, Money(tax_on(base.minor, tax.rate), base.currency)) for tax in taxes)


def _line(tax: Tax, base: Money, amount: Money) -> TaxLine:
    return TaxLine(tax.name, tax.rate, base, amount, tax.category or ("S" if tax.rate else "Z"), tax.reason)


def split_gross(gross: Sequence[Money], taxes: Sequence[Tax]) -> tuple[list[Money], tuple[TaxLine, ...]]:
    """Nets and tax out of tax-inclusive amounts: tax is gross x r / (1 + r), nets by largest remainder (R35).

    Several rates on one price share it: each is gross x r / (1 + sum of rates). ``gross`` must not be empty.
    """
    currency = gross[0].currency
    whole = Fraction(100 + sum((tax.rate for tax in taxes), Decimal(0)))
    gross_sum = sum(one.minor for one in gross)
    amounts = [_half_up(gross_sum * Fraction(tax.rate) / whole) for tax in taxes]
    net_sum = gross_sum - sum(amounts)
    nets = by_largest_remainder([one.minor * 100 / whole for one in gross], net_sum)
    base = Money(net_sum, currency)
    lines = tuple(
        TaxLine(
            tax.name,
            tax.rate,
            base,
            Money(amount, currency),
            tax.category or ("S" if tax.rate else "Z"),
            tax.reason,
        )
        for tax, amount in zip(taxes, amounts, strict=True)
    )
    return [Money(net, currency) for net in nets], lines


def _half_up(value: Fraction) -> int:
    """Half away from zero, of an exact fraction (R30)."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def by_largest_remainder(exact: Sequence[Fraction], wanted: int) -> list[int]:
    """Whole numbers near ``exact`` that sum to ``wanted``: floors, and one more where most was cut off."""
    parts = [one.numerator // one.denominator for one in exact]
    order = sorted(range(len(exact)), key=lambda index: (parts[index] - exact[index], index))
    missing = wanted - sum(parts)
    step = 1 if missing > 0 else -1
    turns = order if missing > 0 else list(reversed(order))
    for index in islice(cycle(turns), abs(missing)):
        parts[index] += step
    return parts
