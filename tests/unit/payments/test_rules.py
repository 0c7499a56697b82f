"""The pure rules: declines, balances, order of events, defaults, states, words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.declines import may_retry, reason_of, retry_after
from services.payments.domain.invoices import OpenInvoice, merged, payable_minor, refuse_small, spread
from services.payments.domain.methods import Method, after_removal
from services.payments.domain.outcome import Decline, MethodFacts
from services.payments.domain.payments import Payment, Share, capture_entry, received_shares
from services.payments.domain.sentences import sentence
from services.payments.domain.states import OPEN, State, may_become
from shared.errors import Conflict, Invalid
from shared.ids import InvoiceId, MethodId, PaymentId, ProviderId, TenantId
from shared.money import Currency

PROVIDER, TENANT = ProviderId(uuid4()), TenantId(uuid4())
T = datetime(2026, 11, 1, tzinfo=UTC)
VISA = MethodFacts("pm_1", "card", "visa", "4242", "12/2034")
BANK = MethodFacts("pm_2", "us_bank_account", "STRIPE TEST BANK", "6789")


def invoice(**more: object) -> OpenInvoice:
    values: dict[str, object] = {
        "provider_id": PROVIDER,
        "tenant_id": TENANT,
        "invoice_id": InvoiceId(UUID(int=1)),
        "number": "KV-1",
        "currency": "USD",
        "total_minor": 10000,
        "balance_minor": 10000,
        "due_on": date(2026, 11, 15),
        "collectable": True,
        "standing": "open",
        "seen_at": T,
    }
    return OpenInvoice(**(values | more))  # type: ignore[arg-type]


def payment(**more: object) -> Payment:
    values: dict[str, object] = {
        "provider_id": PROVIDER,
        "tenant_id": TENANT,
        "payment_id": PaymentId(uuid4()),
        "trigger": "pay_now",
        "request_id": "click-1",
        "fingerprint": "",
        "amount_minor": 10000,
        "currency": Currency("USD"),
        "shares": (Share(InvoiceId(UUID(int=1)), "KV-1", 6000), Share(InvoiceId(UUID(int=2)), "KV-2", 4000)),
        "method_id": None,
        "method": VISA,
        "save_method": False,
        "state": State.SUCCEEDED,
        "at": T,
    }
    return Payment(**(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decline", "reason", "again"),
    [
        (Decline("card_declined", "insufficient_funds", "try_again_later"), "no_funds", True),
        (Decline("card_declined", "generic_decline", "try_again_later"), "declined", True),
        (Decline("card_declined", "generic_decline", "do_not_try_again"), "declined", False),
        (Decline("card_declined", "do_not_honor", None), "declined", True),
        (Decline("card_declined", "lost_card", None), "declined", False),
        (Decline("card_declined", "stolen_card", "try_again_later"), "declined", False),
        (Decline("card_declined", "fraudulent", None), "declined", False),
        (Decline("card_declined", "pickup_card", None), "declined", False),
        (Decline("card_declined", "revocation_of_authorization", None), "declined", False),
        (Decline("expired_card", "expired_card", "confirm_card_data"), "expired", False),
        (Decline("incorrect_cvc", "incorrect_cvc", "confirm_card_data"), "declined", False),
        (Decline("processing_error", "processing_error", "try_again_later"), "declined", True),
        (Decline("authentication_required", "authentication_required", None), "authentication", False),
        (Decline("payment_intent_authentication_failure", None, None), "authentication", False),
        (Decline("parameter_invalid", None, None), "other", True),
    ],
)
def test_declines_become_moments_of_the_page(decline: Decline, reason: str, again: bool) -> None:
    """design/ui.md and design/stripe.md 4.6: lost, stolen and fraud read plain and are never retried."""
    assert (reason_of(decline), may_retry(decline)) == (reason, again)


def test_the_ladder_has_four_steps() -> None:
    """Days 2, 7, 14 and 21 after the first decline, then never."""
    days = [retry_after(done) for done in range(5)]
    assert days == [timedelta(days=d) for d in (2, 7, 14, 21)] + [None]


def test_events_of_an_invoice_give_the_same_projection_in_any_order() -> None:
    """Issued, partly paid and paid within one instant of a standing test clock, repeats included."""
    issued = invoice(issued_balance_minor=10000)
    partly = invoice(balance_minor=4000)
    paid = invoice(balance_minor=0, standing="paid")
    for last in ([issued, partly], [issued, partly, paid], [issued, issued, paid, partly]):
        results = set()
        for order in permutations(last):
            held = None
            for told in order:
                held = merged(held, told)
            assert held is not None
            results.add((held.balance_minor, held.standing, held.issued_balance_minor))
        assert len(results) == 1


def test_a_closed_invoice_is_collected_no_more() -> None:
    """The plan of the next charge falls with the balance, and older news do not bring it back."""
    held = invoice(issued_balance_minor=10000, auto_pay=True, collect_at=T, retries_done=2)
    paid = merged(held, invoice(balance_minor=0, standing="paid", seen_at=T + timedelta(days=1)))
    assert (paid.collect_at, paid.retries_done) == (None, 2)
    assert merged(paid, invoice(issued_balance_minor=10000)) == paid


def test_a_rest_that_no_card_pays_is_not_tried_again_alone() -> None:
    """R38: a retry was planned, then a part payment left less than the card's minimum."""
    held = invoice(auto_pay=True, collect_at=T, retries_done=1)
    rest = merged(held, invoice(balance_minor=47, collectable=False, seen_at=T + timedelta(days=1)))
    assert (rest.collect_at, rest.auto_pay, rest.collectable) == (None, True, False)


@given(most=st.integers(50, 10000), data=st.data())
def test_an_accepted_amount_leaves_nothing_or_what_a_card_pays(most: int, data: st.DataObject) -> None:
    """R38; the whole balance is always accepted."""
    amount = data.draw(st.integers(1, most))
    accepted = refuse_small(amount, most, 50, Currency("USD")) is None
    assert accepted == (amount >= 50 and most - amount not in range(1, 50))
    assert refuse_small(most, most, 50, Currency("USD")) is None


@given(
    balance=st.integers(0, 10000),
    collected=st.integers(0, 10000),
    issued=st.one_of(st.none(), st.integers(0, 10000)),
)
def test_never_more_than_the_balance_nor_than_we_have_not_collected(
    balance: int, collected: int, issued: int | None
) -> None:
    """Whatever invoicing has heard so far, our own captures count at once."""
    left = payable_minor(invoice(balance_minor=balance, issued_balance_minor=issued), collected)
    assert 0 <= left <= balance
    assert left + collected <= max(10000 if issued is None else issued, collected)
    assert payable_minor(invoice(balance_minor=balance, standing="cancelled"), 0) == 0


@given(data=st.data(), lefts=st.lists(st.integers(0, 5000), min_size=1, max_size=6))
def test_an_amount_is_spread_whole_and_oldest_due_first(data: st.DataObject, lefts: list[int]) -> None:
    """Shares sum to the amount; nobody gets more than is left; a later invoice gets nothing before an older is full."""
    invoices = [
        invoice(invoice_id=InvoiceId(UUID(int=n)), due_on=date(2026, 11, 1) + timedelta(days=n))
        for n in range(len(lefts))
    ]
    left = {one.invoice_id: lefts[n] for n, one in enumerate(invoices)}
    amount = data.draw(st.integers(0, sum(lefts)))
    shares = spread(amount, list(reversed(invoices)), left)
    assert sum(shares.values()) == amount
    given_out = [shares.get(one.invoice_id, 0) for one in invoices]
    full = [given_out[n] == lefts[n] for n in range(len(lefts))]
    first_gap = full.index(False) if False in full else len(full)
    assert sum(given_out[first_gap + 1 :]) == 0


def method(number: int, *, default: bool = False) -> Method:
    facts = replace(VISA, stripe_method=f"pm_{number}")
    return Method(PROVIDER, TENANT, MethodId(UUID(int=number)), "", facts, default, T)


def test_deleting_follows_r62() -> None:
    """The default asks for the next; the only one ends auto-pay; another one changes nothing."""
    one, two, three = method(1, default=True), method(2), method(3)
    with pytest.raises(Conflict, match="Choose which one becomes the default"):
        after_removal([one, two], one.method_id, None)
    with pytest.raises(Invalid):
        after_removal([one, two], one.method_id, MethodId(uuid4()))
    with pytest.raises(Invalid):
        after_removal([one, two], one.method_id, one.method_id)
    assert after_removal([one, two, three], one.method_id, three.method_id) == (three.method_id, False)
    assert after_removal([one, two], two.method_id, None) == (one.method_id, False)
    assert after_removal([one], one.method_id, None) == (None, True)


def test_captured_money_is_never_undone_and_always_believed() -> None:
    """Whatever order reports come in: success ends it, and nothing else opens what has ended."""
    for state in State:
        assert not may_become(State.SUCCEEDED, state)
        assert may_become(state, State.SUCCEEDED) == (state is not State.SUCCEEDED)
    for ended in (State.FAILED, State.CANCELED):
        assert not any(may_become(ended, state) for state in OPEN)
    assert not may_become(State.PROCESSING, State.UNKNOWN)
    assert not may_become(State.REQUIRES_ACTION, State.UNKNOWN)


@given(received=st.integers(1, 20000))
def test_the_books_balance_and_allocations_never_pass_what_came(received: int) -> None:
    """R52: what came above the shares is left for invoicing to credit."""
    paid = payment(received_minor=received)
    assert sum(share.amount_minor for share in received_shares(paid)) == min(received, 10000)
    entry = capture_entry(paid, T)
    assert [(p.account, p.amount.minor) for p in entry.postings] == [
        ("stripe_clearing", received),
        ("tenant_funds", -received),
    ]


def test_sentences_are_those_of_the_page() -> None:
    """design/ui.md, "Words"; a bank debit says by which business day, over a weekend."""
    begun = date(2026, 11, 13)
    no_funds = payment(state=State.FAILED, reason="no_funds")
    assert sentence(no_funds, begun) == (
        "Your bank declined Visa •••• 4242: not enough funds. No money was taken. "
        "Choose another payment method or enter a smaller amount, then press Pay."
    )
    assert sentence(payment(state=State.FAILED, reason="expired"), begun) == (
        "Visa •••• 4242 has expired. No money was taken. Add a card or choose another payment method."
    )
    debit = payment(state=State.PROCESSING, method=BANK, shares=(Share(InvoiceId(uuid4()), "MT-004417", 1),))
    assert sentence(debit, begun) == (
        "From bank account •••• 6789 for invoice MT-004417. Banks take up to 4 business days: "
        "expect it by Thursday, Nov 19. There is nothing you need to do."
    )
    assert sentence(payment(state=State.REQUIRES_ACTION), begun) == (
        "Your bank wants you to confirm this payment. No money has moved. "
        "Press Pay and follow your bank's steps."
    )
    assert sentence(payment(), begun) is None
    assert "No money has moved" in str(sentence(payment(state=State.REQUIRES_ACTION, method=None), begun))
