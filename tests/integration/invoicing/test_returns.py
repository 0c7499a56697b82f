"""Money that comes back: refunds and disputes over a real database."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.invoicing.domain.settlement import Invoice
from services.invoicing.entrypoints import scheduler
from services.invoicing.use_cases.give_credit import give_credit, pay_out_credit
from shared.errors import Conflict, Invalid, Permanent, Transient
from shared.events.payments import PaymentDisputed, PaymentRefunded
from shared.ids import new_id
from shared.money import Money
from tests.integration.invoicing.conftest import USD, Stage
from tests.integration.invoicing.money import (
    at_once,
    balances,
    bill,
    check_books,
    disputed,
    hear,
    now_of,
    pay,
    refund_failed,
    refunded,
    rows,
    said,
)

pytestmark = pytest.mark.integration


async def test_one_payment_pays_several_invoices_and_its_refund_credits_each(stage: Stage) -> None:
    """Restoring service pays several at once (R59); a refund in parts is noted where it belongs."""
    tenant = await stage.tenant("fenwick")
    first, second = await bill(stage, tenant, 10000, cause="1"), await bill(stage, tenant, 5000, cause="2")
    payment_id = await pay(stage, tenant, 16332, {first: 10888, second: 5444})
    assert [(await now_of(stage, one)).balance_minor for one in (first, second)] == [0, 0]
    await hear(stage, refunded(tenant, payment_id, 700, {first: 300, second: 400}))
    notes = await said(stage, "credit_note.issued")
    assert [(one["invoice_number"], one["amount_minor"]) for one in notes] == [
        (first.number, 300),
        (second.number, 400),
    ]
    await check_books(stage)


async def test_a_refund_to_the_card_is_a_credit_note_and_reopens_nothing(stage: Stage) -> None:
    """R36: once, however often it is told; the invoice stays paid; revenue and tax come down, cash went."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    event = refunded(tenant, payment_id, 3000, {invoice: 3000})
    for _ in range(2):
        await hear(stage, event)
    left = await now_of(stage, invoice)
    assert (left.balance_minor, left.paid_minor, left.status(left.overdue_at)) == (0, 10888, "Paid")
    (note,) = await said(stage, "credit_note.issued")
    assert (note["amount_minor"], note["used_for"]) == (3000, {"refund": 3000})
    assert note["refund_id"] == str(event.refund_id)
    assert await said(stage, "invoice.reopened") == []
    found = await balances(stage)
    assert found["cash"] == 7888
    assert found["revenue"] + found["tax_payable"] == -7888
    await check_books(stage)


async def test_a_refund_to_credit_waits_for_the_next_invoice(stage: Stage) -> None:
    """R36, R31: account credit, used at the next issue."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    await hear(stage, refunded(tenant, payment_id, 10888, {invoice: 10888}, to="credit"))
    following = await bill(stage, tenant, 5000, cause="next")
    assert (following.total_minor, following.credit_applied_minor, following.balance_minor) == (5444, 5444, 0)
    assert (await balances(stage))["cash"] == 10888
    await check_books(stage)


async def test_a_refund_of_an_over_payment_comes_off_account_credit(stage: Stage) -> None:
    """R52: no note, since nothing was billed for it; what is spent already is the provider's loss."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 12000, {invoice: 10888})
    await hear(stage, refunded(tenant, payment_id, 1112, {}))
    assert await said(stage, "credit_note.issued") == []
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(0,)]
    assert (await balances(stage))["cash"] == 10888
    await hear(stage, refunded(tenant, payment_id, 10988, {invoice: 10888}))
    assert (await balances(stage)) == {"goodwill": 100, "cash": -100}
    await check_books(stage)


async def test_a_refund_that_failed_is_owed_as_credit_and_the_note_stands(stage: Stage) -> None:
    """Once; the failure before the refund is known is tried again later."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    event = refunded(tenant, payment_id, 10888, {invoice: 10888})
    with pytest.raises(Transient):
        await hear(stage, refund_failed(event))
    await hear(stage, event)
    assert await balances(stage) == {}
    for _ in range(2):
        await hear(stage, refund_failed(event))
    assert await balances(stage) == {"cash": 10888, "account_credit": -10888}
    await check_books(stage)


async def test_a_refund_that_cannot_be_goes_to_the_dead_letters(stage: Stage) -> None:
    """Of an unknown payment it waits."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    for event in (
        refunded(tenant, payment_id, 0, {}),
        refunded(tenant, payment_id, 100, {invoice: 101}),
        refunded(tenant, payment_id, 100, {invoice: 100}).model_copy(update={"currency": "EUR"}),
        disputed(tenant, payment_id, 0, {}),
    ):
        with pytest.raises(Permanent):
            await hear(stage, event)
    with pytest.raises(Transient):
        await hear(stage, refunded(tenant, new_id(), 100, {}))
    assert await rows(stage, "SELECT count(*) FROM credit_note") == [(0,)]


async def test_a_chargeback_reopens_the_invoice_and_a_win_pays_it_again(stage: Stage) -> None:
    """R49: reopened once, overdue anew, paid again when won; told twice changes nothing."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    event = disputed(tenant, payment_id, 10888, {invoice: 10888})
    with pytest.raises(Transient):
        await hear(stage, event.model_copy(update={"state": "won"}))
    for _ in range(2):
        await hear(stage, event)
    left = await now_of(stage, invoice)
    assert (left.balance_minor, left.paid_minor) == (10888, 0)
    (reopened,) = await said(stage, "invoice.reopened")
    assert (reopened["why"], reopened["balance_minor"]) == ("disputed", 10888)
    assert await balances(stage) == {"receivable": 10888, "revenue": -10000, "tax_payable": -888}
    await check_books(stage)
    await stage.at(left.overdue_at)
    await scheduler.mark_overdue_invoices(stage.open_work)
    assert len(await said(stage, "invoice.overdue")) == 1
    for state in ("won", "won", "lost", "opened"):
        await hear(stage, event.model_copy(update={"state": state}))
    left = await now_of(stage, invoice)
    assert (left.balance_minor, left.paid_minor) == (0, 10888)
    assert len(await said(stage, "invoice.paid")) == 2
    assert (await balances(stage))["cash"] == 10888
    await check_books(stage)


async def test_a_won_dispute_of_an_invoice_that_was_paid_again_is_credit(stage: Stage) -> None:
    """R52: the tenant paid in the meantime."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    event = disputed(tenant, payment_id, 10888, {invoice: 10888})
    await hear(stage, event)
    await pay(stage, tenant, 10888, {invoice: 10888})
    await hear(stage, event.model_copy(update={"state": "won"}))
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(10888,)]
    await check_books(stage)


async def test_a_returned_debit_takes_credit_and_what_it_paid_too(stage: Stage) -> None:
    """The payment paid an invoice and left credit, part of which paid the next invoice: all of it goes."""
    tenant = await stage.tenant("fenwick")
    first = await bill(stage, tenant, 10000, cause="first")
    payment_id = await pay(stage, tenant, 20888, {first: 10888})
    second = await bill(stage, tenant, 5000, cause="second")
    assert second.credit_applied_minor == 5444
    await hear(stage, disputed(tenant, payment_id, 20888, {first: 10888}, "returned"))
    assert [(await now_of(stage, one)).balance_minor for one in (first, second)] == [10888, 5444]
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(0,)]
    assert [one["why"] for one in await said(stage, "invoice.reopened")] == ["returned", "returned"]
    assert "chargebacks" not in await balances(stage)
    await check_books(stage)


async def test_a_chargeback_of_refunded_money_is_not_owed_again(stage: Stage) -> None:
    """30.00 went back already: the tenant owes the other 78.88; the rest is the provider's loss until it is won."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    payment_id = await pay(stage, tenant, 10888, {invoice: 10888})
    await hear(stage, refunded(tenant, payment_id, 3000, {invoice: 3000}))
    event = disputed(tenant, payment_id, 10888, {invoice: 10888})
    await hear(stage, event)
    assert (await now_of(stage, invoice)).balance_minor == 7888
    assert (await balances(stage))["chargebacks"] == 3000
    await check_books(stage)
    await hear(stage, event.model_copy(update={"state": "won"}))
    assert (await now_of(stage, invoice)).balance_minor == 0
    assert "chargebacks" not in await balances(stage)
    await check_books(stage)


async def test_a_provider_gives_credit_which_pays_at_once_and_once(stage: Stage) -> None:
    """R32; the rest is paid out only when the tenant has closed (R29)."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 1000)
    request_id = new_id()

    async def give(minor: int = 5000) -> object:
        async with stage.open_work() as work:
            amount = Money(minor, USD)
            return await give_credit(work, tenant.provider_id, tenant.tenant_id, amount, "Outage", request_id)

    made = await at_once(give, give, give)
    assert len(set(made)) == 1
    assert (await now_of(stage, invoice)).balance_minor == 0
    assert await rows(stage, "SELECT amount_minor, remaining_minor FROM credit") == [(5000, 5000 - 1089)]
    with pytest.raises(Invalid):
        await give(0)

    async def pay_out() -> Money:
        async with stage.open_work() as work:
            return await pay_out_credit(work, tenant.provider_id, tenant.tenant_id, "wire 7", new_id())

    with pytest.raises(Conflict, match="Close the tenant first"):
        await pay_out()
    async with stage.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE tenant SET status = 'closed'")
    results = await at_once(pay_out, pay_out)
    assert [one for one in results if isinstance(one, Money)] == [Money(3911, USD)]
    assert (await balances(stage))["cash"] == -3911
    await check_books(stage)


steps = st.lists(
    st.tuples(
        st.sampled_from(["bill", "pay", "refund", "fail", "dispute", "win", "return", "credit"]),
        st.integers(1, 20_000),
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
async def test_whatever_happens_the_books_agree_with_the_invoices(
    stage: Stage, played: list[tuple[str, int, int, bool]]
) -> None:
    """Any order of payments, refunds, failures, disputes and credit: the journal is zero, receivable is what is open."""
    tenant = await stage.tenant(f"t-{new_id().hex[:12]}")
    invoices = [await bill(stage, tenant, 10000, cause="0")]
    payments: list[tuple[UUID, Invoice, int]] = []
    refunds: list[PaymentRefunded] = []
    disputes: list[PaymentDisputed] = []
    for kind, minor, index, flag in played:
        one = invoices[index % len(invoices)]
        if kind == "bill":
            invoices.append(await bill(stage, tenant, minor, minor // 3 + 1, cause=str(len(invoices))))
        elif kind == "pay":
            payments.append((await pay(stage, tenant, minor, {one: minor}), one, minor))
        elif kind == "credit":
            async with stage.open_work() as work:
                amount = Money(minor, USD)
                await give_credit(work, tenant.provider_id, tenant.tenant_id, amount, "Outage", new_id())
        elif kind == "fail" and refunds:
            await hear(stage, refund_failed(refunds[index % len(refunds)]))
        elif kind == "win" and disputes:
            await hear(stage, disputes[index % len(disputes)].model_copy(update={"state": "won"}))
        elif kind in ("refund", "dispute", "return") and payments:
            payment_id, paid, most = payments[index % len(payments)]
            part = min(minor, most)
            if kind == "refund":
                event = refunded(tenant, payment_id, part, {paid: part}, to="credit" if flag else "method")
                refunds.append(event)
                await hear(stage, event)
            else:
                state = "returned" if kind == "return" else "opened"
                disputes.append(disputed(tenant, payment_id, part, {paid: part}, state))
                await hear(stage, disputes[-1])
        await check_books(stage)
