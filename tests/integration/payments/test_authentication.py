"""A bank that wants its customer: auto-pay's PaymentIntent waits, and is confirmed on session."""

import pytest

from services.payments.use_cases.refresh_payment import refresh_payment
from services.payments.use_cases.save_method import begin_setup, save_method
from services.payments.use_cases.start_payment import continue_payment, start_payment
from shared.errors import Conflict
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration
CARD = "pm_card_authenticationRequired"


async def waiting(world: World, amount: int = 4200) -> None:
    """Saved with a challenge that was passed; off session it is asked for again."""
    made, _ = await begin_setup(world.open_work, world.gateway, world.provider_id, world.tenant_id)
    client = world.simulator.client()
    await client.v1.setup_intents.confirm_async(made.intent, {"payment_method": CARD, "use_stripe_sdk": True})
    assert world.simulator.authenticate(made.intent, passed=True) == "succeeded"
    await save_method(world.open_work, world.gateway, world.provider_id, world.tenant_id, made.intent)
    await world.auto_pay()
    await world.issue(amount)
    await world.collect()


async def test_the_same_intent_is_paid_on_session(world: World) -> None:
    """Acceptance row 13: 4200 asks for authentication; the link's page confirms the same PaymentIntent."""
    await waiting(world)
    (told,) = await world.events("payment.failed")
    assert (told["reason"], told["next_retry_at"]) == ("authentication", None)
    await world.drain(world.scheduler().tidy)
    await world.webhooks(times=2)
    (payment,) = await world.payments()
    assert payment.state == "requires_action"
    begun = await continue_payment(
        world.open_work, world.gateway, world.provider_id, world.tenant_id, payment.payment_id
    )
    assert begun.client_secret is not None
    assert payment.method is not None
    assert await world.confirm(begun.client_secret, payment.method.stripe_method) == "requires_action"
    intent = begun.client_secret.split("_secret_")[0]
    assert world.simulator.authenticate(intent, passed=True) == "succeeded"
    await refresh_payment(
        world.open_work, world.gateway, world.provider_id, world.tenant_id, payment.payment_id
    )
    await world.webhooks(times=2)
    assert [one.id for one in await world.intents()] == [intent]
    assert (await world.captured(), await world.booked(), await world.states()) == (4200, 4200, ["succeeded"])
    assert len(await world.events("payment.failed")) == 1
    with pytest.raises(Conflict, match="does not wait"):
        await continue_payment(
            world.open_work, world.gateway, world.provider_id, world.tenant_id, payment.payment_id
        )


async def test_paying_otherwise_cancels_it_first(world: World) -> None:
    """The tenant takes another card: the waiting intent is canceled, collected once, told once."""
    await waiting(world)
    (payment,) = await world.payments()
    other = await world.save_card("pm_card_visa")
    (share,) = payment.shares
    begun = await start_payment(world.open_work, world.gateway, world.pay_now(share.invoice_id, 4200, other))
    assert begun.payment.state == "succeeded"
    assert sorted(one.status for one in await world.intents()) == ["canceled", "succeeded"]
    assert (await world.captured(), await world.booked()) == (4200, 4200)
    assert len(await world.events("payment.failed")) == 1
