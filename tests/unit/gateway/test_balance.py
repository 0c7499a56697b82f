"""The balance strip adds up and chooses one of four faces."""

from datetime import date, timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.balance import OpenInvoice, balance_strip
from services.gateway.domain.service_status import service_status
from shared.ids import InvoiceId
from shared.money import Currency, Money

USD = Currency("USD")


def an_invoice(balance: int, *, overdue: bool = False, on_its_way: int = 0, day: int = 0) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=InvoiceId(uuid4()),
        number=f"KV-{day}",
        due_on=date(2026, 11, 1) + timedelta(days=day),
        total=Money(balance, USD),
        paid=Money(0, USD),
        balance=Money(balance, USD),
        overdue=overdue,
        on_its_way=Money(on_its_way, USD),
    )


invoices = st.builds(
    an_invoice,
    st.integers(1, 10**6),
    overdue=st.booleans(),
    on_its_way=st.integers(0, 10**6),
    day=st.integers(0, 60),
)


@given(st.lists(invoices, max_size=8))
def test_the_balance_is_the_sum_in_any_order(given_invoices: list[OpenInvoice]) -> None:
    """Order does not matter; the earliest due stands first; overdue is a part of the whole."""
    strip = balance_strip(given_invoices, USD)
    again = balance_strip(given_invoices[::-1], USD)
    assert (strip.face, strip.balance, strip.overdue) == (again.face, again.balance, again.overdue)
    assert sum(one.balance.minor for one in given_invoices) == strip.balance.minor
    assert strip.overdue <= strip.balance
    assert [one.due_on for one in strip.invoices] == sorted(one.due_on for one in given_invoices)


@given(st.lists(invoices, min_size=1, max_size=8))
def test_money_is_asked_for_unless_all_of_it_is_on_its_way(given_invoices: list[OpenInvoice]) -> None:
    """«Nothing you need to do» is only said when a bank debit covers everything."""
    strip = balance_strip(given_invoices, USD)
    assert (strip.on_its_way.minor >= strip.balance.minor) == (strip.face == "on_its_way")


def test_four_faces() -> None:
    """Due, overdue, on its way, nothing."""
    assert balance_strip([], USD).face == "nothing"
    assert balance_strip([an_invoice(100)], USD).face == "due"
    assert balance_strip([an_invoice(100), an_invoice(5, overdue=True)], USD).face == "overdue"
    assert balance_strip([an_invoice(100, on_its_way=100)], USD).face == "on_its_way"
    assert balance_strip([an_invoice(100, on_its_way=99)], USD).face == "due"


def test_suspended_wins_over_trial_and_active_but_not_over_closed() -> None:
    """The guide's Status; unknown when nobody can tell."""
    assert service_status("active", suspended=True) == "Suspended"
    assert service_status("trial", suspended=True) == "Suspended"
    assert service_status("closed", suspended=True) == "Closed"
    assert service_status("trial", suspended=None) == "Trial"
    assert service_status("active", suspended=False) == "Active"
    assert service_status(None, suspended=None) == "Unknown"
