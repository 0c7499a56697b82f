"""A statement agrees with the books by construction."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.statement import Entry, make_statement
from services.invoicing.entrypoints.tables_out import as_csv

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 10, 1, 16, 0, tzinfo=UTC)


def entry(day: int, reason: str, **accounts: int) -> Entry:
    assert sum(accounts.values()) == 0
    return Entry(NOON + timedelta(days=day - 1), reason, accounts)


LIFE = [
    entry(5, "refund failed R1", cash=30, account_credit=-30),
    entry(1, "issue KV-1", receivable=100, revenue=-92, tax_payable=-8),
    entry(2, "payment P1", cash=120, receivable=-100, account_credit=-20),
    entry(3, "credit note CN-1", revenue=28, tax_payable=2, cash=-30),
    entry(4, "credit used over-payment P1", account_credit=20, receivable=-20),
    entry(6, "dispute opened D1", receivable=70, account_credit=20, chargebacks=30, cash=-120),
]


def test_a_refund_is_a_line_beside_its_credit_note() -> None:
    """Guide, Refunds: a negative line on the account. Credit that paid an invoice moves nothing."""
    made = make_statement(LIFE, ZONE, None, None)
    assert [(line.on.day, line.kind, line.reference, line.amount_minor, line.balance_minor) for line in made.lines] == [
        (1, "invoice", "KV-1", 100, 100),
        (2, "payment", "P1", -120, -20),
        (3, "credit_note", "CN-1", -30, -50),
        (3, "refund", "CN-1", 30, -20),
        (5, "refund_failed", "R1", -30, -50),
        (6, "dispute", "D1", -30, -80),
        (6, "dispute", "D1", 120, 40),
    ]  # fmt: skip


def test_a_part_of_the_time_begins_with_what_was_before() -> None:
    """Half-open days of the tenant: an entry at 03:59 UTC is of the day before in New York."""
    made = make_statement(LIFE, ZONE, date(2026, 10, 3), date(2026, 10, 5))
    assert (made.opening_minor, [line.amount_minor for line in made.lines], made.closing_minor) == (
        -20,
        [-30, 30],
        -20,
    )
    night = Entry(datetime(2026, 10, 2, 3, 59, tzinfo=UTC), "issue X", {"receivable": 1, "revenue": -1})
    assert make_statement([night], ZONE, None, None).lines[0].on == date(2026, 10, 1)


accounts = st.dictionaries(
    st.sampled_from(["receivable", "account_credit", "cash", "revenue", "tax_payable", "goodwill"]),
    st.integers(-1000, 1000),
    max_size=5,
)
entries = st.builds(
    lambda day, reason, some: Entry(
        NOON + timedelta(days=day), reason, {**some, "chargebacks": -sum(some.values())}
    ),
    st.integers(0, 30),
    st.sampled_from(["issue A", "payment B", "credit note C", "refund D", "strange"]),
    accounts,
)


@given(st.lists(entries, max_size=12), st.integers(0, 31))
def test_the_balance_is_what_the_books_say(life: list[Entry], split: int) -> None:
    """Receivable and account credit together, in any order; two parts make the whole."""
    whole = make_statement(life, ZONE, None, None)
    owed = sum(one.accounts.get("receivable", 0) + one.accounts.get("account_credit", 0) for one in life)
    assert owed == whole.closing_minor == sum(line.amount_minor for line in whole.lines)
    assert whole == make_statement(list(reversed(life)), ZONE, None, None)
    day = date(2026, 10, 1) + timedelta(days=split)
    first, second = make_statement(life, ZONE, None, day), make_statement(life, ZONE, day, None)
    assert (first.lines + second.lines, first.closing_minor) == (whole.lines, second.opening_minor)


async def test_words_in_a_csv_are_no_formulas_and_figures_stay_figures() -> None:
    """A tenant's name that begins with = would run in a spreadsheet."""

    async def rows() -> AsyncIterator[Mapping[str, Any]]:
        yield {"name": "=1+1", "amount": "-12.50", "reason": 'say "no", twice', "count": -3}

    content = b"".join([piece async for piece in as_csv(rows())]).decode()
    assert content.splitlines() == ["name,amount,reason,count", '\'=1+1,-12.50,"say ""no"", twice",-3']
