"""Numbers and dates of documents in several locales."""

from datetime import date
from decimal import Decimal

import pytest

from shared.formats import LocalFormats
from shared.money import Currency


@pytest.mark.parametrize(
    ("locale", "price", "number", "percent", "days"),
    [
        ("en-US", "$0.019", "3,612.4", "8.875%", "Oct 1, 2026 – Oct 31, 2026"),
        ("de-DE", "0,019\u00a0$", "3.612,4", "8,875\u00a0%", "1. Okt. 2026 – 31. Okt. 2026"),
        ("fr-FR", "0,019\u00a0$US", "3\u202f612,4", "8,875\u00a0%", "1 oct. 2026 – 31 oct. 2026"),
        ("es-ES", "0,019\u00a0US$", "3612,4", "8,875\u00a0%", "1 oct 2026 – 31 oct 2026"),
    ],
)
def test_figures_of_a_document(locale: str, price: str, number: str, percent: str, days: str) -> None:
    """A unit price keeps every digit; periods end on their last day; nothing breaks inside a figure."""
    formats = LocalFormats(locale)
    assert formats.price(Decimal("0.0190"), Currency("USD")) == price
    assert formats.number(Decimal("3612.40")) == number
    assert formats.percent(Decimal("8.875")) == percent
    assert formats.days(date(2026, 10, 1), date(2026, 11, 1)) == days


def test_a_price_has_at_least_the_currencys_places_and_a_number_only_its_own() -> None:
    """USD two, JPY none, KWD three."""
    formats = LocalFormats("en-US")
    assert formats.price(Decimal(5), Currency("USD")) == "$5.00"
    assert formats.price(Decimal(1200), Currency("JPY")) == "¥1,200"
    assert formats.price(Decimal("1.5"), Currency("KWD")) == "KWD\u00a01.500"
    assert formats.number(Decimal("-1200.00")) == "\u22121,200"
    assert formats.number(7, 1) == "7.0"
