"""What is kept of an invoice: the same whatever the order of the news, repeats included; reopened or corrected."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.suspension.domain.account import Fact, Pause, pauses_of, spans_of
from services.suspension.domain.invoices import Kept, News, correct, join
from tests.unit.suspension.builders import DUE, invoice_id, make_invoice, on_day

ISSUED = make_invoice("A")


def news(day: int, paid: int, *, reopens: bool = False) -> News:
    """What invoicing said at noon of a day: of 10,000 so much is paid."""
    at = on_day(day, 12)
    balance = 10_000 - paid
    invoice = replace(ISSUED, balance_minor=balance, settled_at=at if balance == 0 else None)
    return News(invoice, paid, said_at=at, at=at, reopens="disputed" if reopens else None)


LIFE = [news(-14, 0), news(2, 4_000), news(3, 10_000), news(30, 0, reopens=True), news(40, 7_000)]
PAID_AGAIN = [*LIFE, news(41, 10_000)]


def heard(said: Sequence[News]) -> Kept:
    kept: Kept | None = None
    for one in said:
        kept = join(kept, one)
    assert kept is not None
    return kept


def shown(kept: Kept) -> tuple[int, datetime | None, datetime | None]:
    return kept.invoice.balance_minor, kept.invoice.settled_at, kept.invoice.reopened_at


@given(st.permutations(PAID_AGAIN), st.lists(st.sampled_from(PAID_AGAIN), max_size=4))
def test_the_order_of_news_means_nothing(order: list[News], repeats: list[News]) -> None:
    """Issued, part paid, paid, charged back, part paid, paid again: in any order it is paid."""
    assert shown(heard([*order, *repeats])) == (0, on_day(41, 12), on_day(30, 12))


def test_a_late_reopening_knows_what_came_after_it() -> None:
    """Every order of a life that ends with a rest ends with that rest."""
    for order in itertools.permutations(LIFE):
        assert shown(heard(order)) == (3_000, None, on_day(30, 12))


@given(st.lists(st.sampled_from(LIFE), min_size=1, max_size=6), st.integers(0, 10_000))
def test_whatever_was_lost_the_truth_corrects_it(said: list[News], balance: int) -> None:
    """After a correction the balance is invoicing's; correcting again changes nothing."""
    kept = heard(said)
    true = replace(ISSUED, balance_minor=balance) if balance else None
    corrected = correct(kept, true, at=on_day(50))
    after = corrected or kept
    assert after.invoice.balance_minor == balance
    assert after.invoice.is_open == (balance > 0)
    assert correct(after, true, at=on_day(51)) is None


@given(st.lists(st.sampled_from(PAID_AGAIN), min_size=1, max_size=6), st.sampled_from(PAID_AGAIN))
def test_late_repeats_do_not_undo_a_correction_away_from_paid(said: list[News], late: News) -> None:
    """What was heard before invoicing was asked is older than its answer."""
    kept = heard(said)
    corrected = correct(kept, replace(ISSUED, balance_minor=9_999), at=on_day(50))
    if corrected is None or late.said_at > kept.newest_at or late.reopens:
        return
    if corrected.invoice.balance_minor >= kept.invoice.balance_minor and corrected.life_at != kept.life_at:
        assert join(corrected, late).invoice.balance_minor == 9_999


def test_an_invoice_nobody_told_of_is_known_from_the_truth() -> None:
    """The event of its issue got lost."""
    kept = correct(None, ISSUED, at=on_day(1))
    assert kept is not None
    assert kept.invoice == ISSUED


def test_a_paid_time_is_a_pause_once_it_is_over() -> None:
    """Paid on day 3 and charged back on day 30: those days do not count; what is still paid is no pause."""
    paid = Fact(ISSUED.invoice_id, on_day(3), False, frozenset({ISSUED.invoice_id}), "paid")
    back = replace(paid, at=on_day(30), ended=True)
    assert pauses_of(spans_of([paid])) == []
    expected = [Pause("paid", on_day(3), on_day(30), frozenset({invoice_id("A")}))]
    assert pauses_of(spans_of([back, paid, back])) == expected
    assert ISSUED.due_on == DUE
    assert on_day(30) - on_day(3) == timedelta(days=27)
