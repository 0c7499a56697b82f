"""The page's formatting module, in the browser that people use it in."""

from typing import Any

import pytest

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


async def run(site: Site, script: str) -> Any:
    """Runs an expression over the module `f`."""
    page = await site.open()
    return await page.evaluate(f"import('/static/format.js').then((f) => {script})")


async def test_amounts_are_exact_in_every_currency(site: Site) -> None:
    """Minor units by the currency's own exponent; the minus is U+2212; no floating point on the way."""
    amounts = [
        (123450, "USD", "en-US", "$1,234.50"),
        (123450, "USD", "de", "1.234,50 $"),
        (123450, "USD", "fr", "1 234,50 $US"),
        (123450, "USD", "es", "1234,50 US$"),
        (-2000, "USD", "en-US", "\u2212$20.00"),
        (500, "JPY", "en-US", "¥500"),
        (5120, "KWD", "en-US", "KWD 5.120"),
        (900719925474099, "USD", "en-US", "$9,007,199,254,740.99"),
    ]
    for minor, currency, locale, expected in amounts:
        made = await run(
            site, f"f.makeFormat('{locale}','UTC').money({{minor:{minor},currency:'{currency}'}})"
        )
        assert expected == made.replace("\u00a0", " ").replace("\u202f", " ")


async def test_typed_amounts_become_minor_units(site: Site) -> None:
    """What people type in their own notation; anything unclear is no amount."""
    typed = [
        ("178.95", "USD", "en-US", 17895),
        ("1,234.5", "USD", "en-US", 123450),
        ("178,95", "USD", "de", 17895),
        ("1.234,50", "USD", "de", 123450),
        ("178.95", "USD", "de", 17895),
        ("100", "JPY", "en-US", 100),
        ("1.001", "USD", "en-US", None),
        ("-5", "USD", "en-US", None),
        ("", "USD", "en-US", None),
        ("1e3", "USD", "en-US", None),
        ("0.1", "USD", "en-US", 10),
    ]
    for text, currency, locale, expected in typed:
        assert expected == await run(site, f"f.parseAmount('{text}','{currency}','{locale}')"), (text, locale)


async def test_periods_end_on_their_last_day_and_days_do_not_shift(site: Site) -> None:
    """A half-open period is shown with its last day; a local day stays that day in any zone."""
    period = "{start_date:'2026-11-01',end_date:'2026-12-01'}"
    shown = await run(site, f"f.makeFormat('en-US','Pacific/Kiritimati').period({period})")
    assert shown.replace("\u2009", " ") == "Nov 1 – 30, 2026"
    assert await run(site, "f.makeFormat('en-US','America/Los_Angeles').day('2026-11-05')") == "Nov 5, 2026"
    at = await run(site, "f.makeFormat('en-US','America/New_York').instant('2026-11-05T19:05:00Z')")
    assert at.replace("\u202f", " ") == "Nov 5, 2026, 2:05 PM"


async def test_prices_keep_their_digits_and_minutes_have_one(site: Site) -> None:
    """Unit prices are never rounded; minutes come from whole billed seconds."""
    assert await run(site, "f.makeFormat('en-US','UTC').price('0.0145','USD')") == "$0.0145"
    assert await run(site, "f.makeFormat('en-US','UTC').price('12','USD')") == "$12.00"
    assert await run(site, "f.makeFormat('en-US','UTC').minutes(192)") == "3.2"
