"""Credit notes over a real database: races, books, events."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.settlement import Invoice
from services.invoicing.use_cases.issue_credit_note import cancel_invoice, credit_invoice
from services.invoicing.use_cases.money_ports import CreditNote
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import new_id
from tests.integration.invoicing.conftest import Stage
from tests.integration.invoicing.money import at_once, balances, bill, check_books, now_of, pay, rows, said

pytestmark = pytest.mark.integration


def crediting(
    stage: Stage, invoice: Invoice, lines: dict[int, int] | None, request_id: UUID | None = None
) -> Callable[[], Awaitable[CreditNote]]:
    async def step() -> CreditNote:
        async with stage.open_work() as work:
            return await credit_invoice(
                work,
                invoice.provider_id,
                invoice.tenant_id,
                invoice.invoice_id,
                lines=lines,
                reason="Wrong quantity",
                request_id=request_id or new_id(),
            )

    return step


async def cancel(stage: Stage, tenant: Tenant, invoice: Invoice) -> None:
    async with stage.open_work() as work:
        await cancel_invoice(work, tenant.provider_id, tenant.tenant_id, invoice.invoice_id, "Sent twice")


async def test_a_note_lowers_the_balance_first_and_the_rest_becomes_credit(stage: Stage) -> None:
    """R29, R34: 100.00 and 8.875 % tax, 60.00 paid; 80.00 net is credited; the tax is before minus after."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    await pay(stage, tenant, 6000, {invoice: 6000})
    note = await crediting(stage, invoice, {0: 8000})()
    assert (note.number, note.subtotal_minor, note.tax_minor, note.total_minor) == (
        "KVCN-2026-00001",
        8000,
        888 - 178,
        8710,
    )
    left = await now_of(stage, invoice)
    assert (left.balance_minor, left.paid_minor, left.credited_minor) == (0, 6000, 4888)
    assert (note.open_balance_minor, note.account_credit_minor) == (4888, 3822)
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(3822,)]
    (event,) = await said(stage, "credit_note.issued")
    assert event["used_for"] == {"open_balance": 4888, "account_credit": 3822}
    assert (event["amount_minor"], event["tax_minor"], event["balance_minor"]) == (8710, 710, 0)
    assert [one["balance_minor"] for one in await said(stage, "invoice.paid")] == [0]
    assert await balances(stage) == {
        "cash": 6000,
        "revenue": -2000,
        "tax_payable": -178,
        "account_credit": -3822,
    }
    await check_books(stage)


async def test_new_credit_pays_the_oldest_due_invoice_at_once(stage: Stage) -> None:
    """R32: the note on a paid invoice pays the other one in the same transaction, and the rest waits."""
    tenant = await stage.tenant("fenwick")
    paid = await bill(stage, tenant, 10000, cause="one")
    await pay(stage, tenant, 10888, {paid: 10888})
    open_one = await bill(stage, tenant, 5000, cause="two")
    await crediting(stage, paid, None)()
    left = await now_of(stage, open_one)
    assert (left.balance_minor, left.paid_minor) == (0, 5444)
    assert await rows(stage, "SELECT remaining_minor FROM credit") == [(10888 - 5444,)]
    assert [one["number"] for one in await said(stage, "invoice.paid")] == ["KV-2026-00001", "KV-2026-00002"]
    await check_books(stage)


async def test_the_same_request_is_one_note_also_at_once(stage: Stage) -> None:
    """A repeat answers the first note; a request_id of another invoice is refused."""
    tenant = await stage.tenant("fenwick")
    invoice, other = await bill(stage, tenant, 10000, cause="a"), await bill(stage, tenant, 99, cause="b")
    request_id = new_id()
    made = await at_once(*[crediting(stage, invoice, {0: 100}, request_id)] * 4)
    assert {one.number for one in made if isinstance(one, CreditNote)} == {"KVCN-2026-00001"}
    assert len(made) == sum(isinstance(one, CreditNote) for one in made)
    assert await rows(stage, "SELECT count(*) FROM credit_note") == [(1,)]
    with pytest.raises(Conflict, match="another invoice"):
        await crediting(stage, other, None, request_id)()
    await check_books(stage)


async def test_two_admins_at_once_never_credit_more_than_the_line(stage: Stage) -> None:
    """Eight notes of 30.00 at once on a line of 100.00: three are issued, numbered without a gap."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    made = await at_once(*(crediting(stage, invoice, {0: 3000}) for _ in range(8)))
    assert sum(isinstance(one, CreditNote) for one in made) == 3
    refused = [one for one in made if isinstance(one, BaseException)]
    assert {getattr(one, "slug", None) for one in refused} == {"credit-above-line"}
    assert await rows(stage, "SELECT number FROM credit_note ORDER BY number") == [
        (f"KVCN-2026-{number:05d}",) for number in (1, 2, 3)
    ]
    await check_books(stage)


async def test_a_note_that_was_rolled_back_leaves_no_gap(stage: Stage) -> None:
    """R40: the number goes back with the transaction that took it."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)

    async def failing() -> None:
        async with stage.open_work() as work:
            await credit_invoice(
                work,
                invoice.provider_id,
                invoice.tenant_id,
                invoice.invoice_id,
                lines={0: 1000},
                reason="x",
                request_id=new_id(),
            )
            raise RuntimeError("the process dies")

    results = await at_once(failing, crediting(stage, invoice, {0: 100}), failing)
    assert sum(isinstance(one, RuntimeError) for one in results) == 2
    note = await crediting(stage, invoice, {0: 100})()
    assert note.number == "KVCN-2026-00002"
    await check_books(stage)


async def test_the_database_itself_refuses_to_credit_too_much(stage: Stage) -> None:
    """Without any lock of ours: line and invoice are counted by triggers; notes and books never change."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000, 500)
    note = await crediting(stage, invoice, {0: 9000})()
    keys = {"t": tenant.tenant_id, "n": note.credit_note_id, "i": invoice.invoice_id, "new": new_id()}
    line = (
        "INSERT INTO credit_note_line SELECT tenant_id, :new, line_position, invoice_id, kind, description, {}"
        " FROM credit_note_line WHERE tenant_id = :t AND credit_note_id = :n"
    )
    head = (
        "INSERT INTO credit_note (tenant_id, credit_note_id, provider_id, invoice_id, number, invoice_number,"
        " currency, reason, subtotal_minor, tax_minor, total_minor, open_balance_minor, account_credit_minor,"
        " refund_minor, issued_at, issued_on, parties) SELECT tenant_id, :new, provider_id, invoice_id, 'X',"
        " invoice_number, currency, reason, 0, 0, {}, 0, 0, 0, issued_at, issued_on, parties"
        " FROM credit_note WHERE tenant_id = :t AND credit_note_id = :n"
    )
    left = invoice.total_minor - note.total_minor
    for statement in (
        line.format(1001),
        line.format(-1 - 9000),
        head.format(left + 1),
        head.format(0),
    ):
        with pytest.raises(DBAPIError, match="would"):
            async with stage.engine.begin() as connection:
                await connection.execute(text(statement), keys)
    for statement in (line.format(1000), head.format(left)):
        async with stage.engine.connect() as connection:
            await connection.execute(text(statement), keys)
            await connection.rollback()
    for statement in (
        "UPDATE credit_note SET total_minor = 1",
        "DELETE FROM credit_note_line",
        "UPDATE credit_note_tax SET amount_minor = 1",
        "DELETE FROM journal_posting",
    ):
        with pytest.raises(DBAPIError, match="never change"):
            async with stage.engine.begin() as connection:
                await connection.execute(text(statement))


async def test_a_payment_and_a_full_credit_at_once_leave_the_same_money(stage: Stage) -> None:
    """Whichever comes first: nothing is open, and what was paid is credit or the invoice is cancelled."""
    tenant = await stage.tenant("fenwick")
    for number in range(4):
        invoice = await bill(stage, tenant, 10000, cause=str(number))

        async def paying(one: Invoice = invoice) -> UUID:
            return await pay(stage, tenant, 10888, {one: 10888})

        results = await at_once(paying, crediting(stage, invoice, None))
        assert not [one for one in results if isinstance(one, BaseException)]
        assert (await now_of(stage, invoice)).balance_minor == 0
    ((credit,),) = await rows(stage, "SELECT sum(remaining_minor)::bigint FROM credit")
    assert credit == 4 * 10888
    await check_books(stage)


async def test_an_unpaid_invoice_is_cancelled_once_and_keeps_its_number(stage: Stage) -> None:
    """R40: a full note, the event, no balance; cancelling again changes nothing; it is never overdue."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    await crediting(stage, invoice, {0: 1})()
    for _ in range(2):
        await cancel(stage, tenant, invoice)
    left = await now_of(stage, invoice)
    assert (left.number, left.balance_minor, left.status(left.overdue_at)) == (
        "KV-2026-00001",
        0,
        "Cancelled",
    )
    (event,) = await said(stage, "invoice.cancelled")
    assert (event["balance_minor"], event["number"]) == (0, "KV-2026-00001")
    notes = await rows(
        stage, "SELECT sum(total_minor)::bigint, sum(tax_minor)::bigint, count(*) FROM credit_note"
    )
    assert notes == [(invoice.total_minor, invoice.tax_minor, 2)]
    assert await balances(stage) == {}
    async with stage.open_work() as work:
        open_ones = await work.invoices.open(tenant.tenant_id)
    assert open_ones == []
    with pytest.raises(Conflict, match="left to credit"):
        await crediting(stage, invoice, None)()
    await check_books(stage)


async def test_a_paid_invoice_is_not_cancelled_and_says_what_to_do(stage: Stage) -> None:
    """Issue 4, bad input. Captured money goes back by payments; a note to the card is refused with the way."""
    tenant = await stage.tenant("fenwick")
    invoice = await bill(stage, tenant, 10000)
    await pay(stage, tenant, 100, {invoice: 100})
    with pytest.raises(Conflict, match="Refund its payment") as refused:
        await cancel(stage, tenant, invoice)
    assert refused.value.slug == "invoice-paid"
    with pytest.raises(Conflict, match="refunds"):
        async with stage.open_work() as work:
            await credit_invoice(
                work,
                tenant.provider_id,
                tenant.tenant_id,
                invoice.invoice_id,
                lines=None,
                reason="x",
                request_id=new_id(),
                to="method",
            )
    assert await rows(stage, "SELECT count(*) FROM credit_note") == [(0,)]
    with pytest.raises(Invalid, match="still holds 10000"):
        await crediting(stage, invoice, {0: 10001})()
    with pytest.raises(NotFound):
        async with stage.open_work() as work:
            await cancel_invoice(work, new_id(), tenant.tenant_id, invoice.invoice_id, "x")  # type: ignore[arg-type]
