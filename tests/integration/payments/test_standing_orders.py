"""What holds over time: the consent, a provider's own ladder, the schemes' limit, cards that expire."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.payments.adapters.work import own_work
from services.payments.use_cases.announce_expiring import announce_expiring
from services.payments.use_cases.change_methods import set_auto_pay
from tests.integration.payments.world import World

pytestmark = pytest.mark.integration


async def test_the_consent_is_recorded_with_its_text_and_address(world: World) -> None:
    """Who, when, which text, from where; the withdrawal is a row of its own."""
    await world.save_card()
    async with world.open_work() as work:
        await set_auto_pay(
            work,
            world.provider_id,
            world.tenant_id,
            enabled=True,
            by="ann@example.com",
            text_version="2026-11",
            ip="192.0.2.7",
        )
    await world.auto_pay(enabled=False)
    async with world.engine.connect() as connection:
        found = await connection.execute(
            text(
                'SELECT enabled, "by", text_version, ip FROM auto_pay WHERE tenant_id = :t ORDER BY position'
            ),
            {"t": world.tenant_id},
        )
        assert [tuple(row) for row in found] == [
            (True, "ann@example.com", "2026-11", "192.0.2.7"),
            (False, "admin@example.com", None, None),
        ]


async def test_a_provider_sets_its_own_retry_days(world: World) -> None:
    """3 and 10 instead of 2, 7, 14, 21: two retries on those days, then none."""
    async with world.open_work() as work:
        await work.accounts.put_retry_days(world.provider_id, (3, 10))
    start = world.clock.now()
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    await world.issue()
    tried = []
    for day in range(30):
        world.clock.at = start + timedelta(days=day, minutes=1)
        before = len(await world.payments())
        await world.collect()
        if len(await world.payments()) > before:
            tried.append(day)
    assert tried == [0, 3, 10]


async def test_a_card_is_tried_at_most_fifteen_times_in_thirty_days(world: World) -> None:
    """Twenty invoices in ten days, all declined: the schemes' limit stops us, not the card's bank."""
    async with world.open_work() as work:
        await work.accounts.put_retry_days(world.provider_id, (1, 2, 3, 4, 5))
    start = world.clock.now()
    await world.save_card("pm_card_chargeCustomerFail")
    await world.auto_pay()
    for day in range(10):
        world.clock.at = start + timedelta(days=day, minutes=1)
        await world.issue()
        await world.issue()
        await world.collect()
    assert len(await world.intents()) == 15


async def test_an_expiring_card_is_told_of_once_a_month_ahead(world: World) -> None:
    """Test cards expire in this month of next year: silent eleven months before, told in the month before."""
    await world.save_card()
    async with world.open_work() as work:
        (card,) = await work.methods.saved(world.tenant_id, world.simulator.account)
    assert card.facts.expires is not None
    month, year = (int(part) for part in card.facts.expires.split("/"))
    expiry = datetime(year, month, 1, 12, tzinfo=UTC)
    told = []
    for moment in (expiry - timedelta(days=45), expiry - timedelta(days=20), expiry):
        world.clock.at = moment
        told.append(await announce_expiring(world.open_work))
    assert told == [0, 1, 0]
    (event,) = await world.events("method.expiring")
    assert (event["method"]["last4"], event["is_default"]) == ("4242", True)


async def test_an_expiring_card_is_told_of_on_its_day_of_a_test_clock(world: World) -> None:
    """The clock stops at the first of the month before, is held up until the card was told of, and then goes on."""
    await world.save_card()
    async with world.open_work() as work:
        (card,) = await work.methods.saved(world.tenant_id, world.simulator.account)
    assert card.facts.expires is not None
    month, year = (int(part) for part in card.facts.expires.split("/"))
    told_from = datetime(year, month, 1, tzinfo=UTC) - timedelta(days=1)
    told_from = told_from.replace(day=1)

    async def under_way() -> tuple[int, datetime | None]:
        return await own_work(world.engine, world.provider_id, clock=world.clock)

    async with world.open_work() as work:
        await work.advance_clock(world.provider_id, told_from - timedelta(seconds=1))
    assert (await announce_expiring(world.open_work), await under_way()) == (0, (0, told_from))
    async with world.open_work() as work:
        await work.advance_clock(world.provider_id, told_from)
    assert await under_way() == (1, None)
    assert await announce_expiring(world.open_work) == 1
    assert await under_way() == (0, None)
    assert len(await world.events("method.expiring")) == 1
