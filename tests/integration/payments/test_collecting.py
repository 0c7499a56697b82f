"""What suspension is told of money that is on its way: debits, disputes, plans, and what was captured already."""

from datetime import date

import httpx
import pytest

from services.payments.use_cases.show_collecting import Collecting, show_collecting
from services.payments.use_cases.start_payment import start_payment
from shared.ids import InvoiceId, ProviderId, new_id
from tests.integration.payments.test_bank_debits import auto_pay_with
from tests.integration.payments.test_disputes import open_dispute
from tests.integration.payments.test_http import at, http, told
from tests.integration.payments.test_payment_plans import agree
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration
__all__ = ["http"]


async def collecting(world: World, *invoice_ids: InvoiceId) -> Collecting:
    async with world.open_work() as work:
        return await show_collecting(work, world.provider_id, world.tenant_id, invoice_ids)


async def test_a_bank_debit_is_on_its_way_until_the_banks_word(world: World) -> None:
    """Known by payments from the first moment, whatever becomes of its events; then it is collected."""
    await auto_pay_with(world, "pm_usBankAccount_success")
    invoice_id = await world.issue(5000)
    await world.collect()
    (debit,) = (await collecting(world, invoice_id)).on_its_way
    (payment,) = await world.payments()
    assert (debit.kind, debit.source_id, debit.since) == ("debit", payment.payment_id, payment.at)
    assert debit.invoice_ids == (invoice_id,)
    world.simulator.pass_bank_days(5)
    await world.webhooks()
    after = await collecting(world, invoice_id)
    assert (after.on_its_way, after.collected_minor) == ((), {invoice_id: 5000})


async def test_a_payment_that_waits_for_its_payer_is_not_on_its_way(world: World) -> None:
    """Else whoever begins a payment and never confirms it would never be suspended."""
    invoice_id = await world.issue(5000)
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 5000))
    assert begun.payment.state == "requires_action"
    assert (await collecting(world, invoice_id)).on_its_way == ()


async def test_an_open_dispute_is_and_its_money_is_not_collected(world: World) -> None:
    """The bank took it back; nobody has decided."""
    invoice_id = await world.issue(2500)
    card = await world.save_card()
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 2500, card))
    dispute = await open_dispute(world)
    found = await collecting(world, invoice_id)
    assert [(one.kind, one.invoice_ids) for one in found.on_its_way] == [("dispute", (invoice_id,))]
    assert found.collected_minor == {invoice_id: 0}
    world.simulator.told("POST", f"/_simulator/disputes/{dispute}/decide", won=True)
    await world.webhooks(times=2)
    found = await collecting(world, invoice_id)
    assert (found.on_its_way, found.collected_minor) == ((), {invoice_id: 2500})


async def test_an_agreed_plan_is_and_another_provider_sees_nothing(world: World) -> None:
    """By the tenant and its provider, both."""
    invoice_id = await world.issue(9000)
    days = (date(2026, 12, 2), date(2026, 12, 9))
    plan = (await agree(world, invoice_id, days=days)).plan
    found = await collecting(world, invoice_id)
    assert [(one.kind, one.source_id, one.since) for one in found.on_its_way] == [
        ("plan", plan.plan_id, plan.agreed_at)
    ]
    async with world.open_work() as work:
        other = ProviderId(new_id())
        assert await show_collecting(work, other, world.tenant_id, [invoice_id]) == Collecting((), {})


async def test_over_http(world: World, http: httpx.AsyncClient) -> None:
    """As suspension asks: several invoices by repeating the name; nothing is no error; a wrong id is."""
    await auto_pay_with(world, "pm_usBankAccount_success")
    invoice_id, other_id = await world.issue(5000), await world.issue(100)
    await world.collect()
    found = await told(
        await http.get(at(world, "/collecting"), params={"invoice_id": [str(invoice_id), str(other_id)]}), 200
    )
    assert {one["kind"] for one in found["on_its_way"]} == {"debit"}
    assert [str(invoice_id)] in [one["invoice_ids"] for one in found["on_its_way"]]
    assert found["collected"] == []
    assert await told(await http.get(at(world, "/collecting")), 200) == {"on_its_way": [], "collected": []}
    await told(await http.get(at(world, "/collecting"), params={"invoice_id": "x"}), 422)
