"""Auto-pay against real PostgreSQL and the Stripe simulator."""

from datetime import timedelta

import pytest

from services.payments.use_cases.change_methods import set_default
from shared.events.invoicing import InvoiceIssued, InvoicePaid
from shared.ids import InvoiceId
from tests.integration.payments.world import World, at_once

pytestmark = pytest.mark.integration


async def test_an_issued_invoice_is_charged_once_and_booked_once(world: World) -> None:
    """Guide: «your default payment method is automatically charged when an invoice is issued»."""
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue(12345)
    await world.collect()
    await world.webhooks(times=2)
    (event,) = await world.events("payment.succeeded")
    assert event["amount_minor"] == 12345
    assert [(str(invoice_id), 12345)] == [
        (one["invoice_id"], one["amount_minor"]) for one in event["allocations"]
    ]
    assert (await world.captured(), await world.booked()) == (12345, 12345)
    journal = await world.journal()
    assert (journal.sums, journal.unbalanced_entries, journal.postings) == ({"USD": 0}, 0, 2)


async def test_without_auto_pay_nothing_is_charged(world: World) -> None:
    """A saved card alone is no consent; turning auto-pay on later charges nothing issued before (R61)."""
    await world.save_card()
    await world.issue()
    await world.auto_pay()
    await world.collect()
    assert await world.intents() == []


async def test_paid_before_issued_is_never_charged(world: World) -> None:
    """Events come in any order; on a test clock both bear the same instant."""
    await world.save_card()
    await world.auto_pay()
    issued = world.invoice(InvoiceIssued, 10000)
    paid = world.invoice(InvoicePaid, 0, invoice_id=issued.invoice_id, number=issued.number)
    await world.hear(paid)
    await world.hear(issued)
    await world.collect()
    assert await world.intents() == []


async def test_two_workers_at_once_make_one_charge(world: World) -> None:
    """Replicas see the same due invoice; the tenant's lock lets one of them charge."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    await at_once(*(world.scheduler().collect() for _ in range(4)))
    await world.collect()
    assert await world.captured() == 10000
    assert len(await world.intents()) == 1


async def test_no_funds_is_retried_on_days_2_7_14_21_with_a_new_key_each(world: World) -> None:
    """Acceptance row 14; the ladder's days count from the first decline, in the provider's time."""
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    begun = world.clock.now()
    await world.issue()
    await world.collect()
    charged_on = [0]
    for _ in range(5):
        under_way, next_due = await world.work_soon()
        assert under_way == 0
        if next_due is None:
            break
        world.clock.at = next_due
        await world.collect()
        charged_on.append((next_due - begun) // timedelta(days=1))
    assert charged_on == [0, 2, 7, 14, 21]
    assert await world.states() == ["failed"] * 5
    intents = await world.intents()
    assert len({intent.metadata["attempt_id"] for intent in intents}) == 5
    events = await world.events("payment.failed")
    assert [event["next_retry_at"] is not None for event in events] == [True] * 4 + [False]


async def test_a_stolen_card_is_never_retried_and_reads_like_any_decline(world: World) -> None:
    """Acceptance row 15; design/ui.md: lost, stolen and fraud get the plain decline."""
    method_id = await world.save_card()
    await world.auto_pay()
    await behave(world, method_id, "stolen_card")
    await world.issue()
    await world.collect()
    (payment,) = await world.payments()
    assert (payment.state, payment.reason, payment.retry_at) == ("failed", "declined", None)
    async with world.open_work() as work:
        (method,) = await work.methods.saved(world.tenant_id, world.simulator.account)
    assert method.blocked
    assert await world.work_soon() == (0, None)


async def behave(world: World, method_id: object, decline_code: str | None) -> None:
    async with world.open_work() as work:
        saved = await work.methods.saved(world.tenant_id, world.simulator.account)
    stripe_method = next(one.facts.stripe_method for one in saved if one.method_id == method_id)
    world.simulator.control.put(
        f"/_simulator/payment_methods/{stripe_method}/behaviour",
        json={"decline_code": decline_code, "account": world.simulator.account},
    ).raise_for_status()


async def test_a_new_default_pays_open_invoices_at_once(world: World) -> None:
    """After a decline the tenant saves a good card and makes it the default: nobody waits for the ladder."""
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    await world.issue()
    await world.collect()
    good = await world.save_card()
    async with world.open_work() as work:
        await set_default(work, world.provider_id, world.tenant_id, good)
    await world.collect()
    assert await world.states() == ["succeeded", "failed"]
    assert await world.captured() == 10000


async def test_retries_stop_when_the_invoice_is_paid_elsewhere(world: World) -> None:
    """The retry's day comes, but invoicing says Paid: nothing is charged."""
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    invoice_id = InvoiceId(await world.issue())
    await world.collect()
    world.clock.forward(timedelta(days=1))
    await world.hear(world.invoice(InvoicePaid, 0, invoice_id=invoice_id))
    assert await world.work_soon() == (0, None)
    world.clock.forward(timedelta(days=30))
    await world.collect()
    assert len(await world.intents()) == 1


async def test_an_invoice_below_the_minimum_is_collected_with_the_next(world: World) -> None:
    """R38: one charge for both, each invoice gets its share."""
    await world.save_card()
    await world.auto_pay()
    await world.issue(30, collectable=False)
    await world.collect()
    assert await world.intents() == []
    await world.issue(5000)
    await world.collect()
    (event,) = await world.events("payment.succeeded")
    assert event["amount_minor"] == 5030
    assert sorted(one["amount_minor"] for one in event["allocations"]) == [30, 5000]


async def test_a_rest_below_the_minimum_is_not_charged_alone(world: World) -> None:
    """R38, also where invoicing's word that it cannot be collected alone is still on its way."""
    await world.save_card()
    await world.auto_pay()
    await world.issue(47)
    await world.collect()
    assert (await world.intents(), await world.states()) == ([], [])
