"""Chargebacks and returned debits (R49): the invoice is open again, the books follow the bank."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict, Invalid
from shared.events.invoicing import InvoiceIssued, InvoicePaid, InvoiceReopened
from shared.ids import InvoiceId
from tests.integration.payments.test_refunds import paid, refund, shown_status
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


async def charge_of(world: World) -> str:
    (intent,) = await world.intents()
    return str(intent.latest_charge)


async def open_dispute(world: World) -> str:
    made = world.simulator.told("POST", f"/_simulator/charges/{await charge_of(world)}/dispute")
    await world.webhooks(times=2)
    return str(made["id"])


async def test_a_lost_dispute_costs_the_amount_and_the_fee(world: World) -> None:
    """Acceptance row 22: charge 2500; ledger -2500 and -1500 fee; no refund while it is open, or after it is lost."""
    payment_id = await paid(world, 2500)
    dispute = await open_dispute(world)
    with pytest.raises(Conflict, match="dispute of this payment is open"):
        await refund(world, payment_id, 100)
    assert await world.balances() == {"stripe_clearing": -1500, "stripe_fees": 1500}
    assert await shown_status(world, payment_id) == "Disputed"
    world.simulator.told("POST", f"/_simulator/disputes/{dispute}/decide", won=False)
    await world.webhooks(times=2)
    assert [one["state"] for one in await world.events("payment.disputed")] == ["opened", "lost"]
    assert await world.balances() == {"stripe_clearing": -1500, "stripe_fees": 1500}
    with pytest.raises(Exception, match=r"0\.00 USD can still"):
        await refund(world, payment_id, 100)


async def test_a_won_dispute_gives_the_amount_back(world: World) -> None:
    """Acceptance row 22: reinstated 2500, the fee stays; a refund is possible again."""
    payment_id = await paid(world, 2500)
    dispute = await open_dispute(world)
    world.simulator.told("POST", f"/_simulator/disputes/{dispute}/decide", won=True)
    await world.webhooks(times=2)
    told = await world.events("payment.disputed")
    assert [(one["state"], one["amount_minor"], one["fee_minor"]) for one in told] == [
        ("opened", 2500, 1500),
        ("won", 2500, 1500),
    ]
    assert await world.balances() == {"stripe_clearing": 1000, "stripe_fees": 1500, "tenant_funds": -2500}
    assert await shown_status(world, payment_id) == "Succeeded"


async def test_its_end_may_be_heard_before_its_beginning(world: World) -> None:
    """Acceptance row 23: reversed, each twice: the same books and each fact once."""
    await paid(world, 2500)
    made = world.simulator.told("POST", f"/_simulator/charges/{await charge_of(world)}/dispute")
    world.simulator.told("POST", f"/_simulator/disputes/{made['id']}/decide", won=True)
    await world.webhooks(times=2, newest_first=True)
    await world.webhooks(times=2, newest_first=False)
    assert [one["state"] for one in await world.events("payment.disputed")] == ["opened", "won"]
    assert await world.balances() == {"stripe_clearing": 1000, "stripe_fees": 1500, "tenant_funds": -2500}


async def test_a_disputed_invoice_is_not_charged_again_by_itself_but_may_be_paid(world: World) -> None:
    """It is open again once invoicing says so; auto-pay leaves it, Pay Now pays it once."""
    method = await world.save_card()
    await world.auto_pay()
    issued = world.invoice(InvoiceIssued, 10000)
    await world.hear(issued)
    await world.collect()
    same: dict[str, Any] = {"invoice_id": InvoiceId(issued.invoice_id), "number": issued.number}
    await world.hear(world.invoice(InvoicePaid, 0, **same))
    await open_dispute(world)
    world.clock.forward(timedelta(seconds=1))
    await world.hear(world.invoice(InvoiceReopened, 10000, why="disputed", **same))
    await world.collect()
    assert len(await world.intents()) == 1
    begun = await start_payment(
        world.open_work, world.gateway, world.pay_now(issued.invoice_id, 10000, method)
    )
    assert begun.payment.state == "succeeded"
    with pytest.raises(Conflict, match="already paid"):
        await start_payment(world.open_work, world.gateway, world.pay_now(issued.invoice_id, 100, method))


async def test_a_dispute_of_anothers_account_changes_nothing(world: World) -> None:
    """An event from a stranger's account that names our dispute cannot be read there."""
    await paid(world, 2500)
    made = world.simulator.told("POST", f"/_simulator/charges/{await charge_of(world)}/dispute")
    await world.deliver(
        {
            "id": f"evt_{uuid4().hex}",
            "type": "charge.dispute.created",
            "account": "acct_stranger",
            "data": {"object": made},
        }
    )
    await world.scheduler().webhooks()
    assert await world.events("payment.disputed") == []
    async with world.open_work() as work:
        assert await work.webhooks.waiting(world.clock.now() + timedelta(days=1), 10) == []


async def test_a_dispute_that_is_heard_of_before_its_charge_is_not_lost(world: World) -> None:
    """The answer of the charge is lost, the card disputed at once, and the dispute's event the first to come: it waits
    until the janitor has found the charge."""
    await world.save_card("pm_card_createDispute")
    await world.auto_pay()
    await world.issue(2500)
    world.simulator.fault(kind="drop_response", method="POST", path="/v1/payment_intents")
    await world.collect()
    (made,) = (await world.simulator.client().v1.disputes.list_async({"limit": 1})).data
    await world.deliver(
        {"id": "evt_early", "type": "charge.dispute.created", "data": {"object": made.to_dict()}}
    )
    await world.drain(world.scheduler().webhooks)
    assert (await world.states(), await world.events("payment.disputed")) == (["unknown"], [])
    world.clock.forward(timedelta(minutes=1))
    await world.drain(world.scheduler().janitor)
    await world.drain(world.scheduler().webhooks)
    assert [one["state"] for one in await world.events("payment.disputed")] == ["opened"]
    assert await world.balances() == {"stripe_clearing": -1500, "stripe_fees": 1500}


async def test_a_dispute_won_after_a_refund_gives_back_what_it_took(world: World) -> None:
    """10000 paid, 3000 refunded, the rest disputed and won: 7000 are the tenant's again, and no more can be refunded."""
    payment_id = await paid(world, 10000)
    await refund(world, payment_id, 3000)
    made = world.simulator.told("POST", f"/_simulator/charges/{await charge_of(world)}/dispute")
    await world.webhooks(times=2)
    assert made["amount"] == 7000
    assert await world.balances() == {"stripe_clearing": -1500, "stripe_fees": 1500}
    world.simulator.told("POST", f"/_simulator/disputes/{made['id']}/decide", won=True)
    await world.webhooks(times=2)
    assert await world.balances() == {
        "stripe_clearing": 7000 - 1500,
        "stripe_fees": 1500,
        "tenant_funds": -7000,
    }
    with pytest.raises(Invalid, match=r"70\.00 USD can still"):
        await refund(world, payment_id, 7001)
    # Whether a charge that was disputed may still be refunded is the bank's affair; credit is ours to give.
    assert (await refund(world, payment_id, 7000, to="credit")).state == "succeeded"
    assert [one["state"] for one in await world.events("payment.disputed")] == ["opened", "won"]
