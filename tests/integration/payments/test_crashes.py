"""kill -9 between commit and call, lost answers, faults of Stripe: never twice, never lost."""

from datetime import timedelta
from typing import Any

import pytest

from services.payments.use_cases.ports import Gateway
from services.payments.use_cases.start_payment import start_payment
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Dying:
    """A gateway whose process dies right before or right after a call."""

    def __init__(self, gateway: Gateway, call: str, *, after: bool) -> None:
        self._gateway, self._call, self._after = gateway, call, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._gateway, name)
        if name != self._call:
            return real

        async def dying(*args: Any, **kwargs: Any) -> Any:
            if self._after:
                await real(*args, **kwargs)
            raise Killed(name)

        return dying


@pytest.mark.parametrize("after", [False, True])
async def test_auto_pay_survives_a_kill_around_the_call(world: World, after: bool) -> None:
    """Acceptance row 5: the next process sends the same key; one charge, booked once."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    with pytest.raises(Killed):
        await world.scheduler(Dying(world.gateway, "charge", after=after)).collect()
    assert await world.states() == ["submitted"]
    assert await world.work_soon() == (1, None)
    await world.drain(world.scheduler().janitor)
    await world.webhooks(times=2)
    await world.collect()
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert (len(await world.intents()), await world.states()) == (1, ["succeeded"])


@pytest.mark.parametrize("after", [False, True])
async def test_pay_now_survives_a_kill_around_the_call(world: World, after: bool) -> None:
    """The person pressed Pay: the payment is neither lost nor made twice, though they press again."""
    method = await world.save_card()
    invoice_id = await world.issue()
    asked = world.pay_now(invoice_id, 10000, method)
    with pytest.raises(Killed):
        await start_payment(world.open_work, Dying(world.gateway, "charge", after=after), asked)
    again = await start_payment(world.open_work, world.gateway, asked)
    assert again.payment.state == "submitted"
    await world.drain(world.scheduler().janitor)
    assert (await start_payment(world.open_work, world.gateway, asked)).payment.state == "succeeded"
    assert (await world.captured(), await world.booked()) == (10000, 10000)


async def test_the_webhook_may_come_before_the_lost_answer(world: World) -> None:
    """Killed after the call; the webhook names an intent we never saw, and settles it by its metadata."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    with pytest.raises(Killed):
        await world.scheduler(Dying(world.gateway, "charge", after=True)).collect()
    await world.webhooks()
    assert await world.states() == ["succeeded"]
    await world.drain(world.scheduler().janitor)
    assert (await world.captured(), await world.booked()) == (10000, 10000)


@pytest.mark.parametrize("kind", ["drop_response", "error_after", "error_before", "rate_limit"])
async def test_an_unsettled_answer_is_unknown_until_it_is_known(world: World, kind: str) -> None:
    """Lost answer, 500 with and without the work done, 429: one charge in the end."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    world.simulator.fault(kind=kind, method="POST", path="/v1/payment_intents", keep_result=False)
    await world.collect()
    assert await world.states() == ["unknown"]
    world.clock.forward(timedelta(minutes=1))
    await world.drain(world.scheduler().janitor)
    assert await world.states() == ["succeeded"]
    assert (await world.captured(), await world.booked()) == (10000, 10000)


async def test_a_stored_500_is_resolved_by_listing(world: World) -> None:
    """Stripe replays a stored fault for the key although it took the money; the list tells."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    world.simulator.fault(kind="error_after", method="POST", path="/v1/payment_intents", keep_result=True)
    await world.collect()
    world.clock.forward(timedelta(minutes=1))
    await world.drain(world.scheduler().janitor)
    assert await world.states() == ["succeeded"]
    assert (await world.captured(), await world.booked()) == (10000, 10000)


async def test_a_key_older_than_a_day_is_never_sent_again(world: World) -> None:
    """Acceptance row 6: reconciled by list. Nothing there: the payment failed, said so, and moved no money."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    with pytest.raises(Killed):
        await world.scheduler(Dying(world.gateway, "charge", after=False)).collect()
    world.clock.forward(timedelta(hours=24))
    await world.drain(world.scheduler().janitor)
    (payment,) = await world.payments()
    assert (payment.state, payment.reason) == ("failed", "other")
    assert (await world.intents(), await world.booked()) == ([], 0)


async def test_a_kill_between_answer_and_cancel_leaves_nothing_open(world: World) -> None:
    """Auto-pay dies while it cancels an open Pay Now: the next process finishes, one charge."""
    await world.save_card()
    await world.auto_pay()
    invoice_id = await world.issue()
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000))
    with pytest.raises(Killed):
        await world.scheduler(Dying(world.gateway, "cancel_intent", after=True)).collect()
    await world.collect()
    assert (await world.captured(), await world.booked()) == (10000, 10000)


async def test_nothing_but_faults_begins_anew_and_tells_nobody(world: World) -> None:
    """Stripe stores a 500 for the key and made nothing: looked for, given up after 8 s of silence, a new key pays once."""
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    world.simulator.fault(kind="error_before", method="POST", path="/v1/payment_intents", keep_result=True)
    await world.collect()
    world.clock.forward(timedelta(seconds=5))
    await world.drain(world.scheduler().janitor)
    assert await world.states() == ["unknown"]
    world.clock.forward(timedelta(seconds=7))
    await world.drain(world.scheduler().janitor)
    assert await world.states() == ["unknown"]
    world.clock.forward(timedelta(seconds=1))
    await world.drain(world.scheduler().janitor)
    await world.collect()
    assert await world.states() == ["succeeded"]
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    keys = {line["idempotency_key"] for line in world.simulator.requests("/v1/payment_intents")} - {None}
    assert len(keys) == 2
    assert await world.events("payment.failed") == []


async def test_a_fault_that_is_not_replayed_proves_nothing(world: World) -> None:
    """The process died an hour ago before its call; the janitor's is answered by a 500 that Stripe did not keep. That
    very request may still do its work: the attempt stays unknown, its key is sent again, and pays once.
    """
    await world.save_card()
    await world.auto_pay()
    await world.issue()
    with pytest.raises(Killed):
        await world.scheduler(Dying(world.gateway, "charge", after=False)).collect()
    world.clock.forward(timedelta(hours=1))
    world.simulator.fault(kind="error_before", method="POST", path="/v1/payment_intents", keep_result=False)
    await world.drain(world.scheduler().janitor)
    assert await world.states() == ["submitted"]
    world.clock.forward(timedelta(seconds=30))
    await world.drain(world.scheduler().janitor)
    assert (await world.states(), len(await world.intents())) == (["succeeded"], 1)
    assert (await world.captured(), await world.booked()) == (10000, 10000)
    assert (
        len({line["idempotency_key"] for line in world.simulator.requests("/v1/payment_intents")} - {None})
        == 1
    )


async def test_nothing_but_faults_tells_a_person_that_no_money_moved(world: World) -> None:
    """Pay Now is not begun anew behind the person's back: failed, with a sentence, and payable again."""
    method = await world.save_card()
    invoice_id = await world.issue()
    world.simulator.fault(kind="error_before", method="POST", path="/v1/payment_intents", keep_result=True)
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000, method))
    for seconds in (1, 8):
        world.clock.forward(timedelta(seconds=seconds))
        await world.drain(world.scheduler().janitor)
    assert await world.states() == ["failed"]
    await start_payment(world.open_work, world.gateway, world.pay_now(invoice_id, 10000, method))
    assert (await world.captured(), await world.booked()) == (10000, 10000)
