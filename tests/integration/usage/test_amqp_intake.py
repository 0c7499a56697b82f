"""Call records that a platform publishes, through the real broker."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aio_pika
import pytest
from pydantic import SecretStr

from deploy.local.tokens import ISSUER, TokenIssuer
from services.usage.main import build
from services.usage.settings import UsageSettings
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.topology import CDR_QUEUE, CDRS
from tests.integration.usage.conftest import INTERNAL, World, make_world
from tests.integration.usage.test_legs import state
from tests.unit.usage.records import leg, posted
from tests.unit.usage.switch_legs import outbound

pytestmark = pytest.mark.integration
Publish = Callable[..., Awaitable[None]]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.05)


@pytest.fixture
async def broker_url(fresh_vhost: Callable[[], Awaitable[object]]) -> str:
    return (await fresh_vhost()).broker_url  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
async def publish(world: World, database_url: str, broker_url: str, tmp_path: Path) -> AsyncIterator[Publish]:
    """The service is running; publishes one persistent message with a routing key."""
    settings = UsageSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr(broker_url),
        http_port=0,
        internal_token=SecretStr(INTERNAL),
        auth_issuer=ISSUER,
        auth_jwks=str(TokenIssuer(tmp_path / "tokens").jwks_file),
    )
    app = build(settings)
    async with app.router.lifespan_context(app), await aio_pika.connect_robust(broker_url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)

        async def send(key: str, body: bytes, **properties: str) -> None:
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **properties)  # type: ignore[arg-type]
            await (await channel.get_exchange(CDRS, ensure=False)).publish(
                message, routing_key=key, mandatory=True
            )

        async def there() -> bool:
            """Exchange, queue and binding: before that a message has nowhere to go."""
            try:
                probe = await connection.channel()
                await probe.get_exchange(CDRS)
                await (await probe.get_queue(CDR_QUEUE)).bind(CDRS, routing_key="#")
            except aio_pika.exceptions.AMQPException:
                return False
            return True

        await until(there)
        yield send


async def test_batches_in_every_format_are_taken_once(publish: Publish, world: World) -> None:
    """Our own as an array in gzip, FreeSWITCH legs as lines and alone, an Asterisk row, a Kazoo record; all twice."""
    key = str(world.provider_id)
    own = [
        {
            "id": f"q{at}",
            "tenant": world.domain,
            "from": "1001",
            "to": "+12125550147",
            "start_time": 1773154800.5,
            "end_time": 1773154806.5,
        }
        for at in range(300)
    ]
    kazoo = {
        "call_id": "kz1",
        "Account-ID": f"acct-{world.domain}",
        "Call-Direction": "inbound",
        "Billing-Seconds": 7,
        "Duration-Seconds": 9,
        "Timestamp": 62167219200 + 1773154800,
        "Request": "+12125550147@x.example",
    }
    row = (
        f'"acct-{world.domain}","1001","12125550147","internal","","PJSIP/1","PJSIP/t","Dial","",'
        '"2026-03-05 10:00:00","2026-03-05 10:00:05","2026-03-05 10:01:00",60,55,"ANSWERED","DOC","1.1",""'
    )
    pair = b"\n".join(posted(one.document()) for one in outbound("p", world.domain))
    for _ in range(2):
        await publish(f"{key}.own", gzip.compress(json.dumps(own).encode()), content_encoding="gzip")
        await publish(f"{key}.freeswitch", pair)
        await publish(f"{key}.freeswitch", posted(leg(domain=world.domain, uuid="alone")))
        await publish(f"{key}.asterisk.pbx1", row.encode())
        await publish(f"{key}.kazoo", json.dumps(kazoo).encode())

    async def all_there() -> bool:
        return len((await state(world))["calls"]) >= 304

    await until(all_there)
    found = await state(world)
    assert len(found["calls"]) == 304
    assert sum(total.billed_seconds for total in found["totals"]) == 300 * 6 + 60 + 30 + 60 + 12
    assert found["waiting"] == []


async def test_poison_goes_to_the_dead_letters_and_is_replayed(
    publish: Publish, world: World, broker_url: str
) -> None:
    """A wrong key or format is a dead letter with its reason; a record that cannot be read waits in quarantine."""
    await publish("nobody.own", b"{}")
    await publish(f"{world.provider_id}.fax", b"{}")
    await publish(f"{world.provider_id}.own", b"\x1f\x8bnonsense", content_encoding="gzip")
    letters = DeadLetters(broker_url, "usage")

    async def three_dead() -> bool:
        return len(await letters.list()) == 3

    await until(three_dead)
    reasons = sorted(one.reason for one in await letters.list())
    assert [reason.split(":")[0] for reason in reasons] == ["Permanent"] * 3
    assert "no format" in reasons[0]
    await publish(f"{world.provider_id}.own", b'{"id": "x"}')

    async def waits() -> bool:
        async with world.work() as work:
            return bool(
                await work.quarantine.listed(world.provider_id, state="waiting", after=None, limit=10)
            )

    await until(waits)
    assert await letters.replay() == 3
    await until(three_dead)


async def test_a_record_waits_for_its_provider_to_be_known(publish: Publish, world: World) -> None:
    """Published before usage has heard of the provider: retried, not lost and not kept for nobody."""
    other = make_world(world.engine)
    record = {
        "id": "early",
        "tenant": "x.example",
        "from": "1",
        "to": "2",
        "start_time": 1773154800,
        "end_time": 1773154806,
    }
    await publish(f"{other.provider_id}.own", json.dumps(record).encode())
    await other.hear(other.provider())

    async def waits() -> bool:
        async with other.work() as work:
            return bool(
                await work.quarantine.listed(other.provider_id, state="waiting", after=None, limit=10)
            )

    await until(waits)
