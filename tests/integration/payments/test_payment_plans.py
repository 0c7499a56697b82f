"""Payment plans (R51, R48): each instalment on its day, by auto-pay or Pay Now; kept, broken, cancelled."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.payments.use_cases.agree_plan import AskedPlan, PlanShown, agree_plan, cancel_plan, list_plans
from services.payments.use_cases.change_methods import set_default
from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import InvoiceId
from tests.integration.payments.test_outside_money import record
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration
# Noon in New York.
START = datetime(2026, 11, 2, 17, tzinfo=UTC)
DAYS = (date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16))


async def agree(world: World, *invoice_ids: InvoiceId, **more: Any) -> PlanShown:
    values: dict[str, Any] = {
        "provider_id": world.provider_id,
        "tenant_id": world.tenant_id,
        "invoice_ids": invoice_ids,
        "days": DAYS,
        "by": "provider@example.com",
        "request_id": f"plan-{uuid4()}",
    }
    async with world.open_work() as work:
        return await agree_plan(work, AskedPlan(**(values | more)))


async def on(world: World, day: int, hour: int = 17) -> None:
    """Time goes on to a day of November, and what is due is done."""
    world.clock.at = datetime(2026, 11, day, hour, tzinfo=UTC)
    await world.drain(world.scheduler().plans)
    await world.collect()


async def newest(world: World) -> PlanShown:
    async with world.open_work() as work:
        return (await list_plans(work, world.provider_id, world.tenant_id))[0]


async def test_auto_pay_collects_each_instalment_and_never_the_whole(world: World) -> None:
    """10000 in three: 3334, 3333, 3333, each on its day; the plan is kept and told."""
    world.clock.at = START
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue(10000)
    shown = await agree(world, invoice_id)
    assert [part.amount_minor for part in shown.plan.parts] == [3334, 3333, 3333]
    await world.collect()
    collected = []
    for day in (2, 3, 8, 9, 15, 16):
        await on(world, day)
        collected.append(await world.captured())
    assert collected == [3334, 3334, 3334, 6667, 6667, 10000]
    assert {payment.trigger for payment in await world.payments()} == {"payment_plan"}
    (ended,) = await world.events("payment_plan.ended")
    assert (ended["why"], [one["paid_minor"] for one in ended["instalments"]]) == ("kept", [3334, 3333, 3333])
    assert (await newest(world)).plan.state == "kept"


async def test_a_missed_instalment_breaks_the_plan_a_day_later(world: World) -> None:
    """Nobody pays the second: broken at midnight in New York, told once with what was paid."""
    world.clock.at = START
    invoice_id = await world.issue(9000)
    await agree(world, invoice_id)
    method = await world.save_card()
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 3000, method))
    await on(world, 9, 23)
    assert (await newest(world)).plan.state == "agreed"
    await on(world, 10, 4)
    assert (await newest(world)).plan.state == "agreed"
    await on(world, 10, 5)
    assert (await newest(world)).plan.state == "broken"
    (broken,) = await world.events("payment_plan.broken")
    assert [one["paid_minor"] for one in broken["instalments"]] == [3000, 0, 0]
    await world.collect()
    assert await world.captured() == 3000


async def test_pay_now_pays_the_next_instalment_and_may_pay_ahead(world: World) -> None:
    """What is paid by hand, by cheque or ahead of time counts, and is not collected again."""
    world.clock.at = START
    method = await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue(9000)
    await agree(world, invoice_id, days=(date(2026, 11, 5), date(2026, 11, 12), date(2026, 11, 19)))
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 3000, method))
    await on(world, 5)
    await on(world, 6)
    assert await world.captured() == 3000
    await record(world, 2000)
    assert (await newest(world)).paid == (3000, 2000, 0)
    await on(world, 12)
    assert await world.captured() == 4000
    await record(world, 3000)
    assert (await newest(world)).plan.state == "kept"


async def test_a_declined_instalment_is_tried_again_with_a_new_default_at_once(world: World) -> None:
    """The card has no funds on the day; a new default pays on the same day and the plan is kept going."""
    world.clock.at = START
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    invoice_id = await world.issue(9000)
    await agree(world, invoice_id)
    await on(world, 2)
    assert await world.captured() == 0
    good = await world.save_card()
    async with world.open_work() as work:
        await set_default(work, world.provider_id, world.tenant_id, good)
    await on(world, 2, 18)
    await on(world, 3, 6)
    assert (await world.captured(), (await newest(world)).plan.state) == (3000, "agreed")


async def test_a_bank_debit_in_process_is_waited_for(world: World) -> None:
    """Four bank days between the instalment's day and the money: not broken meanwhile."""
    world.clock.at = START
    await world.save_card("pm_usBankAccount_success")
    await world.auto_pay()
    invoice_id = await world.issue(9000)
    await agree(world, invoice_id)
    await on(world, 2)
    await on(world, 4)
    assert (await newest(world)).plan.state == "agreed"
    world.simulator.pass_bank_days(5)
    await world.webhooks()
    await on(world, 5)
    assert ((await newest(world)).paid, (await newest(world)).plan.state) == ((3000, 0, 0), "agreed")


async def test_a_cancelled_plan_lets_its_invoices_go(world: World) -> None:
    """Told as cancelled; the invoice may be in a new plan; cancelling twice changes nothing."""
    world.clock.at = START
    invoice_id = await world.issue(9000)
    plan_id = (await agree(world, invoice_id)).plan.plan_id
    with pytest.raises(Conflict, match="already"):
        await agree(world, invoice_id)
    for _ in range(2):
        async with world.open_work() as work:
            shown = await cancel_plan(work, world.provider_id, world.tenant_id, plan_id)
        assert shown.plan.state == "cancelled"
    assert [one["why"] for one in await world.events("payment_plan.ended")] == ["cancelled"]
    await agree(world, invoice_id)
    async with world.open_work() as work:
        with pytest.raises(NotFound):
            await cancel_plan(work, world.provider_id, world.tenant_id, UUID(int=1))


async def test_bad_plans_are_refused(world: World) -> None:
    """The past, one day twice, too many for the smallest card payment, an invoice that is paid or nobody's."""
    world.clock.at = START
    invoice_id = await world.issue(120)
    for days, said in (
        ((date(2026, 11, 1), date(2026, 11, 9)), "in the past"),
        ((date(2026, 11, 9), date(2026, 11, 9)), "a day of its own"),
        ((date(2026, 11, 9),), "2 to 36"),
        (DAYS, "at least 0.50 USD"),
        ((date(2026, 11, 9), date(9999, 12, 31)), "over three years away"),
    ):
        with pytest.raises(Invalid, match=said):
            await agree(world, invoice_id, days=days)
    with pytest.raises(NotFound):
        await agree(world, InvoiceId(uuid4()))
    await record(world, 120)
    with pytest.raises(Conflict, match="nothing left"):
        await agree(world, invoice_id, days=DAYS[:2])
    assert await world.events("payment_plan.agreed") == []


async def test_a_plan_in_dinars_is_kept_although_a_card_leaves_a_rest(world: World) -> None:
    """5.124 KWD in three: 1.720, 1.700 and 1.700 by card; 0.004 is below the step and goes with the next invoice (R39)."""
    world.clock.at = START
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue(5124, currency="KWD")
    made = await agree(world, invoice_id)
    assert [part.amount_minor for part in made.plan.parts] == [1720, 1700, 1700]
    await on(world, 2, 18)
    await on(world, 3)
    assert ((await newest(world)).plan.state, (await newest(world)).paid) == ("agreed", (1720, 0, 0))
    await on(world, 9)
    await on(world, 16)
    assert (await world.booked(), (await newest(world)).plan.state) == (5120, "kept")
    assert await world.events("payment_plan.broken") == []
