"""Refunds (R36, R58): never above what was captured, told when sure, owed as credit when they fail later."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.payments.domain.history import status
from services.payments.domain.refunds import Refund, RefundState
from services.payments.use_cases.collect_invoice import collect_invoice
from services.payments.use_cases.refund_payment import AskedRefund, refund_payment
from services.payments.use_cases.show_payments import show_payment
from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import PaymentId, TenantId
from tests.integration.payments.test_crashes import Dying, Killed
from tests.integration.payments.world import World, at_once

pytestmark = pytest.mark.integration


async def paid(world: World, amount: int = 10000, card: str = "pm_card_visa") -> PaymentId:
    method = await world.save_card(card)
    invoice_id = await world.issue(amount)
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, amount, method))
    assert begun.payment.state == "succeeded"
    return begun.payment.payment_id


def asked(world: World, payment_id: PaymentId, amount: int, **more: Any) -> AskedRefund:
    values: dict[str, Any] = {
        "provider_id": world.provider_id,
        "tenant_id": world.tenant_id,
        "payment_id": payment_id,
        "amount_minor": amount,
        "currency": "USD",
        "to": "method",
        "reason": "billed twice",
        "by": "admin@example.com",
        "request_id": f"refund-{uuid4()}",
    }
    return AskedRefund(**(values | more))


async def refund(world: World, payment_id: PaymentId, amount: int, **more: Any) -> Refund:
    return await refund_payment(world.open_work, world.gateway, asked(world, payment_id, amount, **more))


async def shown_status(world: World, payment_id: PaymentId) -> str:
    async with world.open_work() as work:
        payment = await work.payments.get(world.tenant_id, payment_id)
        assert payment is not None
        return status(await show_payment(work, payment))[1]


async def test_partly_then_wholly_refunded(world: World) -> None:
    """Acceptance row 19: paid 10000, refunds 3000 ok, 7001 refused, 7000 ok; net 0, here and at Stripe."""
    payment_id = await paid(world)
    assert (await refund(world, payment_id, 3000)).state == "succeeded"
    assert await shown_status(world, payment_id) == "Succeeded"
    with pytest.raises(Invalid, match=r"70\.00 USD can still"):
        await refund(world, payment_id, 7001)
    assert (await refund(world, payment_id, 7000)).state == "succeeded"
    assert await shown_status(world, payment_id) == "Refunded"
    assert (await world.booked(), await world.balances()) == (0, {})
    assert world.simulator.ledger()["refunded"] == 10000
    told = await world.events("payment.refunded")
    assert [(one["amount_minor"], one["payment_fully_refunded"]) for one in told] == [
        (3000, False),
        (7000, True),
    ]
    assert sum(part["amount_minor"] for one in told for part in one["allocations"]) == 10000
    assert (await world.journal()).unbalanced_entries == 0


async def test_two_admins_at_once_cannot_refund_more_than_there_is(world: World) -> None:
    """Acceptance row 20: each asks for 6000 of 10000; one succeeds."""
    payment_id = await paid(world)
    answers = await at_once(refund(world, payment_id, 6000), refund(world, payment_id, 6000))
    assert sorted(type(one).__name__ for one in answers) == ["Invalid", "Refund"]
    assert world.simulator.ledger()["refunded"] == 6000


async def test_a_request_twice_is_one_refund(world: World) -> None:
    """A double click; the same request_id with another amount is refused."""
    payment_id = await paid(world)
    again = asked(world, payment_id, 4000)
    answers = await at_once(*(refund_payment(world.open_work, world.gateway, again) for _ in range(5)))
    assert {one.refund_id for one in answers} == {answers[0].refund_id}
    assert world.simulator.ledger()["refunded"] == 4000
    with pytest.raises(Conflict, match="already used"):
        await refund(world, payment_id, 4001, request_id=again.request_id)


async def test_a_refund_that_fails_days_later_is_owed_to_the_tenant(world: World) -> None:
    """Acceptance row 21: reversed in the books, told once, and not refundable a second time."""
    payment_id = await paid(world, card="pm_card_pendingRefund")
    made = await refund(world, payment_id, 3000)
    assert made.state == "pending"
    world.simulator.told("POST", f"/_simulator/refunds/{made.stripe_refund}/settle", failed=True)
    await world.webhooks(times=2)
    assert len(await world.events("refund.failed")) == 1
    assert await world.booked() == 10000
    assert await world.balances() == {
        "stripe_clearing": 10000,
        "tenant_credit": -3000,
        "tenant_funds": -7000,
    }
    with pytest.raises(Invalid, match=r"70\.00 USD"):
        await refund(world, payment_id, 7001)
    assert await shown_status(world, payment_id) == "Succeeded"


async def test_a_refund_to_credit_never_meets_stripe(world: World) -> None:
    """The money stays with the provider and becomes the tenant's credit."""
    payment_id = await paid(world)
    assert (await refund(world, payment_id, 2500, to="credit")).state == "succeeded"
    assert world.simulator.requests("/v1/refunds") == []
    assert (await world.balances())["tenant_credit"] == -2500
    assert (await world.events("payment.refunded"))[0]["to"] == "credit"


@pytest.mark.parametrize("kind", ["drop_response", "error_after", "error_before", "rate_limit"])
async def test_an_unsettled_answer_is_found_out(world: World, kind: str) -> None:
    """Lost answer, 500 with and without the work, 429: one refund in the end."""
    payment_id = await paid(world)
    world.simulator.fault(kind=kind, method="POST", path="/v1/refunds", keep_result=False)
    assert (await refund(world, payment_id, 3000)).state == "unknown"
    world.clock.forward(timedelta(minutes=1))
    await world.drain(world.scheduler().janitor)
    async with world.open_work() as work:
        (held,) = await work.refunds.of_payment(world.tenant_id, payment_id)
    assert held.state is RefundState.SUCCEEDED
    assert (world.simulator.ledger()["refunded"], await world.booked()) == (3000, 7000)
    assert len(await world.events("payment.refunded")) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_a_kill_around_the_call_makes_one_refund(world: World, after: bool) -> None:
    """The next process, and the webhook beside it, finish what the dead one began."""
    payment_id = await paid(world)
    gateway: Any = Dying(world.gateway, "refund", after=after)
    with pytest.raises(Killed):
        await refund_payment(world.open_work, gateway, asked(world, payment_id, 3000))
    await world.webhooks(times=2)
    await world.drain(world.scheduler().janitor)
    assert (world.simulator.ledger()["refunded"], await world.booked()) == (3000, 7000)
    assert len(await world.events("payment.refunded")) == 1


async def test_bad_refunds_are_refused_and_change_nothing(world: World) -> None:
    """Zero, negative, other currency, another tenant's payment, one that has not succeeded."""
    payment_id = await paid(world)
    for amount in (0, -1):
        with pytest.raises(Invalid, match="more than zero"):
            await refund(world, payment_id, amount)
    with pytest.raises(Invalid, match="in USD"):
        await refund(world, payment_id, 100, currency="EUR")
    with pytest.raises(NotFound):
        await refund(world, payment_id, 100, tenant_id=TenantId(uuid4()))
    with pytest.raises(NotFound):
        await refund(world, PaymentId(uuid4()), 100)
    await world.auto_pay()
    poor = await world.save_card("pm_card_chargeCustomerFail")
    invoice_id = await world.issue()
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000, poor))
    with pytest.raises(Conflict, match="succeeded"):
        await refund(world, begun.payment.payment_id, 100)
    assert await world.events("payment.refunded") == []


async def test_a_refund_reopens_nothing(world: World) -> None:
    """R36: it carries a credit note; auto-pay does not charge the invoice again."""
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue()
    await world.collect()
    (payment,) = await world.payments()
    await refund(world, payment.payment_id, 10000)
    await collect_invoice(world.open_work, world.gateway, world.tenant_id, invoice_id)
    assert len(await world.intents()) == 1
