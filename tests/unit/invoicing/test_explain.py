"""Why an invoice differs from the one before (R56)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.explain import Bill, Part, explain
from services.invoicing.domain.explain_words import LANGUAGES, sentence, words_of
from services.invoicing.domain.lines import Line
from shared.formats import LocalFormats
from shared.money import Money, currency, line_amount

USD = currency("USD")
DAY = date(2026, 10, 1)


def line(
    kind: Any, quantity: str, price: str, *, name: str = "", minor: int | None = None, **evidence: Any
) -> Line:
    amount = line_amount(Decimal(quantity), Decimal(price), USD) if minor is None else Money(minor, USD)
    unit = "min" if kind == "minutes" else None
    return Line(kind, name, Decimal(quantity), unit, Decimal(price), amount, DAY, DAY, evidence)


def outbound(quantity: str, price: str = "0.02", **evidence: Any) -> Line:
    return line("minutes", quantity, price, call_class="standard", direction="outbound", **evidence)


def bill(*lines: Line, tax: int = 0) -> Bill:
    return Bill(lines, Money(tax, USD))


def told(parts: list[Part], locale: str = "en-US") -> list[str]:
    return [sentence(part, words_of(locale), LocalFormats(locale)) for part in parts]


def test_the_sentence_of_the_issue() -> None:
    """Issue 4: 142 more outbound minutes: +$2.84."""
    parts = explain(bill(outbound("1000")), bill(outbound("1142")))
    assert told(parts) == ["142 more outbound minutes: +$2.84"]


def test_volume_is_at_the_old_price_and_the_price_is_the_rest() -> None:
    """R56: 100 to 150 minutes, 0.02 to 0.03: 1.00 volume, 1.50 price."""
    parts = explain(bill(outbound("100")), bill(outbound("150", "0.03")))
    assert [(part.kind, part.amount.minor) for part in parts] == [("volume", 100), ("price", 150)]
    assert told(parts) == [
        "50 more outbound minutes: +$1.00",
        "Outbound minutes: price from $0.02 to $0.03: +$1.50",
    ]


def test_a_bill_of_everything_is_told_in_the_order_that_matters() -> None:
    """Added, removed, overage, one-time, credits, tax; each to the cent."""
    fee = line("fee", "1", "249", name="Professional plan")
    before = bill(
        fee,
        line("add_on", "1", "10", name="Fax"),
        line("extensions", "2", "12", included=20),
        line("one_time", "1", "15", name="Setup"),
        tax=2645,
    )
    now = bill(
        fee,
        line("add_on", "2", "5", name="Call recording"),
        line("extensions", "5", "12", included=20),
        line("discount", "1", "-20", name="Welcome"),
        line("late_usage", "10", "0.02", name="Minutes, recorded late"),
        tax=2650,
    )
    assert told(explain(before, now)) == [
        "New: Call recording: +$10.00",
        "No longer billed: Fax: −$10.00",
        "3 more extensions, above the included: +$36.00",
        "One-time charge of the invoice before: Setup: −$15.00",
        "Usage of earlier periods, corrected: +$0.20",
        "Credit or discount: Welcome: −$20.00",
        "Tax: +$0.05",
    ]


def test_a_whole_month_after_a_part_of_one_is_days_not_price() -> None:
    """The fee of 16 of 31 days and then of all: same price, same quantity."""
    short = line("fee", "1", "249", name="Professional plan", minor=12852)
    parts = explain(bill(short), bill(line("fee", "1", "249", name="Professional plan")))
    assert told(parts) == ["Professional plan: billed for more days: +$120.48"]


def test_the_first_invoice_is_all_new_and_equal_ones_have_no_parts() -> None:
    """Nothing to compare with, nothing to tell."""
    one = bill(line("fee", "1", "249", name="Professional plan"), tax=100)
    assert told(explain(None, one)) == ["New: Professional plan: +$249.00", "Tax: +$1.00"]
    assert explain(one, one) == []


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de-DE", ["1 Nebenstelle weniger: −12,00\u00a0$", "142 ausgehende Minuten (Ausland) mehr: +2,84\u00a0$"]),
        ("fr-FR", ["1 poste de moins : −12,00\u00a0$US", "142 minutes sortantes (international) de plus : +2,84\u00a0$US"]),
        ("es-ES", ["1 extensión menos: −12,00\u00a0US$", "142 minutos salientes (internacional) más: +2,84\u00a0US$"]),
    ],
)  # fmt: skip
def test_every_language_says_it_its_own_way(locale: str, expected: list[str]) -> None:
    """Numbers and money as the locale writes them; one and several."""

    def minutes(quantity: str) -> Line:
        return line("minutes", quantity, "0.02", call_class="international", direction="outbound")

    parts = explain(
        bill(line("extensions", "3", "12"), minutes("10")),
        bill(line("extensions", "2", "12"), minutes("152")),
    )
    assert told(parts, locale) == expected


def test_no_language_lacks_a_word() -> None:
    """The same nouns and classes in each; an unknown language reads English."""
    assert set(LANGUAGES) == {"en", "de", "fr", "es"}
    for words in LANGUAGES.values():
        assert set(words.nouns) == set(LANGUAGES["en"].nouns)
        assert set(words.classes) == set(LANGUAGES["en"].classes)
    assert words_of("ar-EG") is LANGUAGES["en"]


kinds = st.sampled_from(
    ["fee", "add_on", "extensions", "dids", "minutes", "connect_fees", "commitment", "discount", "one_time",
     "proration", "late_usage", "re_rating", "rounding"]
)  # fmt: skip
lines = st.builds(
    lambda kind, quantity, price, minor, name, direction, included: line(
        kind,
        str(quantity),
        str(price),
        name=name,
        minor=minor,
        direction=direction,
        call_class="standard",
        included=included,
    ),
    kinds,
    st.decimals("-50", "5000", places=1),
    st.sampled_from(["0.019", "0.02", "12", "2.5"]),
    st.one_of(st.none(), st.integers(-(10**6), 10**6)),
    st.sampled_from(["A", "B plan"]),
    st.sampled_from(["inbound", "outbound"]),
    st.sampled_from([0, 20]),
)
bills = st.builds(
    lambda made, tax: Bill(made, Money(tax, USD)), st.lists(lines, max_size=8), st.integers(0, 10**5)
)


@given(bills, bills)
def test_the_parts_sum_to_the_difference(before: Bill, now: Bill) -> None:
    """R56, to the cent, whatever the lines; every part has a sentence in every language."""
    parts = explain(before, now)
    assert sum(part.amount.minor for part in parts) == now.total.minor - before.total.minor
    assert all(part.amount for part in parts)
    for locale in LANGUAGES:
        for text in told(parts, locale):
            assert "{" not in text


@given(bills)
def test_an_invoice_and_itself_differ_in_nothing(one: Bill) -> None:
    """No part cancels another."""
    assert explain(one, one) == []
