"""Amounts as cards take them (R38, R39): yen, dinars in steps of ten fils, crowns and shillings in hundredths."""

import pytest

from services.payments.use_cases.start_payment import start_payment
from shared.errors import Conflict, Invalid
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


async def collected(world: World, currency: str, balance: int) -> list[tuple[int, int]]:
    """What auto-pay charges at Stripe, and what our books say, each in the unit of its side."""
    await world.save_card()
    await world.auto_pay()
    await world.issue(balance, currency=currency)
    await world.collect()
    return [(intent.amount_received, await world.booked()) for intent in await world.intents()]


async def test_yen_have_no_hundredths(world: World) -> None:
    """Acceptance row 25: 500 yen are 500."""
    assert await collected(world, "JPY", 500) == [(500, 500)]


async def test_dinars_are_charged_down_to_their_step(world: World) -> None:
    """Acceptance row 25: 5.124 KWD are charged as 5120; 0.004 is carried to the next invoice (R39)."""
    assert await collected(world, "KWD", 5124) == [(5120, 5120)]


@pytest.mark.parametrize("currency", ["ISK", "UGX"])
async def test_crowns_and_shillings_are_counted_in_hundredths_at_stripe(world: World, currency: str) -> None:
    """Whole units here, hundredths that are 00 there."""
    assert await collected(world, currency, 12345) == [(1234500, 12345)]


async def test_less_than_a_card_takes_is_carried(world: World) -> None:
    """Acceptance row 25: 0.30 is not charged alone, and goes with the next invoice."""
    await world.save_card()
    await world.auto_pay()
    await world.issue(30, collectable=False)
    await world.collect()
    assert await world.intents() == []
    await world.issue(1000)
    await world.collect()
    assert [intent.amount_received for intent in await world.intents()] == [1030]


async def test_pay_now_takes_whole_steps_only(world: World) -> None:
    """5.124 KWD: the refusal says how much can be paid; 5.120 then goes through."""
    method = await world.save_card()
    invoice_id = await world.issue(5124, currency="KWD")
    for amount in (5124, 5001):
        with pytest.raises(Invalid, match=r"steps of 0\.010 KWD. Pay at most 5\.120 KWD"):
            await start_payment(
                world.open_work, world.gateway, world.pay_now(invoice_id, amount, method, currency="KWD")
            )
    begun = await start_payment(
        world.open_work, world.gateway, world.pay_now(invoice_id, 5120, method, currency="KWD")
    )
    assert begun.payment.state == "succeeded"
    with pytest.raises(Conflict, match="below the smallest card payment"):
        await start_payment(
            world.open_work, world.gateway, world.pay_now(invoice_id, 10, method, currency="KWD")
        )
