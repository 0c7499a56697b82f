"""What a database cannot keep is the sender's business, and garbage on a queue is a dead letter."""

import aio_pika
import pytest
from sqlalchemy import text

from shared.db.engine import is_away, is_unstorable, make_engine
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.topology import EVENTS
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.house import effects, moved, running_house, until
from tests.support.people import SOME_PROVIDER

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "statement", ["SELECT CAST(:v AS text)", "SELECT CAST(to_json(CAST(:v AS text)) AS jsonb)"]
)
async def test_a_nul_in_a_text_is_unstorable_and_no_outage(
    fresh_database: FreshDatabase, statement: str
) -> None:
    """It becomes a 422 and is never tried again."""
    engine = make_engine(await fresh_database("usage"), pool=2)
    try:
        with pytest.raises(Exception) as refused:
            async with engine.connect() as connection:
                await connection.execute(text(statement), {"v": "a\x00b"})
        assert is_unstorable(refused.value)
        assert not is_away(refused.value)
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/cloudevents+json", "text/plain", None]
)
async def test_garbage_of_any_content_type_is_a_dead_letter_and_the_queue_goes_on(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost, content_type: str | None
) -> None:
    """More of it than the prefetch window holds: none may stay unacknowledged."""
    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:
        connection = await aio_pika.connect(vhost.broker_url)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EVENTS)
            for _ in range(20):
                garbage = aio_pika.Message(b"{bad", content_type=content_type, headers={"x-attempt": "abc"})
                await exchange.publish(garbage, routing_key="invoicing.clock.advanced.v1")
        await house.emit(moved(SOME_PROVIDER, 2026))

        async def handled() -> bool:
            return await effects(house.engine) == {2026: 1}

        async def all_dead() -> bool:
            return len(await DeadLetters(vhost.broker_url, "usage").list()) == 20

        await until("the good event to be handled", handled)
        await until("the garbage to be dead", all_dead)
