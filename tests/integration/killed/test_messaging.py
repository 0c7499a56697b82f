"""Outbox, relay, inbox, retry ladder and dead letters against real PostgreSQL and RabbitMQ."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text

from deploy.local.infra import Servers
from shared.db.unit_of_work import SqlUnitOfWork
from shared.errors import NotFound, Transient
from shared.events.envelope import Envelope
from shared.events.usage import CallsRecorded
from shared.ids import ProviderId
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.progress import progress
from tests.conftest import FreshDatabase, FreshVhost
from tests.support.house import House, count_effect, effects, moved, running_house, until
from tests.support.infrastructure import restart

pytestmark = pytest.mark.integration
PROVIDER = ProviderId(uuid4())


async def _seen(house: House, expected: dict[int, int]) -> None:
    async def holds() -> bool:
        return await effects(house.engine) == expected

    await until(f"effects to be {expected}", holds)


async def test_an_event_is_handled_once_and_a_repeat_changes_nothing(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """State and event commit together; the same event delivered again meets its inbox row."""
    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:
        await house.emit(moved(PROVIDER, 2026))
        await _seen(house, {2026: 1})
        async with house.engine.begin() as connection:
            await connection.execute(text("UPDATE outbox SET published_at = NULL"))
        await house.emit(moved(PROVIDER, 2027))
        await _seen(house, {2026: 1, 2027: 1})


async def test_what_is_rolled_back_is_never_published(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """An event exists only if its transaction committed."""
    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:
        with pytest.raises(ZeroDivisionError):
            async with house.work() as work:
                work.emit(moved(PROVIDER, 1999), time=work.system_now())
                _ = 1 / 0
        await house.emit(moved(PROVIDER, 2026))
        await _seen(house, {2026: 1})


async def test_a_transient_error_is_retried_and_then_handled(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """The retry ladder brings the message back to the queue it came from."""
    tries = 0

    async def handle(work: SqlUnitOfWork, event: Any, envelope: Envelope) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Transient("the tenant is not known yet")
        await count_effect(work, event, envelope)

    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url, handle) as house:
        await house.emit(moved(PROVIDER, 2026))
        await _seen(house, {2026: 1})
        assert tries == 2


async def test_a_bug_goes_to_the_dead_letters_where_it_is_listed_replayed_and_discarded(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """Looking uses nothing up; a replay is handled although the inbox knows the event as dead."""
    broken = True

    async def handle(work: SqlUnitOfWork, event: Any, envelope: Envelope) -> None:
        if broken:
            raise KeyError("a bug")
        await count_effect(work, event, envelope)

    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url, handle) as house:
        await house.emit(moved(PROVIDER, 2026), moved(PROVIDER, 2027))
        letters = DeadLetters(vhost.broker_url, "usage")

        async def both_dead() -> bool:
            return len(await letters.list()) == 2

        await until("two dead letters", both_dead)
        for _ in range(25):
            assert len(await letters.list()) == 2
        first, second = await letters.list()
        assert "KeyError" in first.reason
        assert first.queue == "usage.invoicing.clock.advanced.v1"
        broken = False
        assert await letters.replay(first.message_id) == 1
        await _seen(house, {2026: 1})
        await letters.discard(second.message_id, reason="test")
        assert await letters.list() == []
        with pytest.raises(NotFound):
            await letters.show(second.message_id)


async def test_an_event_that_nobody_hears_leaves_the_outbox(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """Mandatory only where someone subscribes, so that the outbox never clogs."""
    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:
        async with house.work() as work:
            event = CallsRecorded(
                provider_id=PROVIDER, batch_id=uuid4(), tenants=(), recorded_at=work.system_now()
            )
            work.emit(event, time=work.system_now())

        async def published() -> bool:
            async with house.engine.connect() as connection:
                left = await connection.execute(
                    text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
                )
                return bool(left.scalar_one() == 0)

        await until("the outbox to be empty", published)


async def test_broker_and_database_killed_in_between_lose_and_double_nothing(
    servers: Servers, fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """kill -9 of both while events flow; afterwards each took effect once."""
    vhost = await fresh_vhost()
    years = range(2000, 2120)
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:

        async def produce() -> None:
            for year in years:
                while True:
                    try:
                        await house.emit(moved(PROVIDER, year))
                        break
                    except Exception:
                        # The commit may have happened all the same: look before saying it again.
                        await asyncio.sleep(0.3)
                        if await _emitted(house, year):
                            break
                await asyncio.sleep(0.02)

        producing = asyncio.create_task(produce())
        await asyncio.sleep(0.5)
        await restart(servers.kill_broker, servers.start_broker)
        await restart(servers.kill_postgres, servers.start_postgres)
        await producing

        async def all_seen() -> bool:
            try:
                return len(await effects(house.engine)) == len(years)
            except Exception:
                return False

        await until("every event to be handled", all_seen, seconds=60)
        assert await effects(house.engine) == dict.fromkeys(years, 1)


async def _emitted(house: House, year: int) -> bool:
    for _ in range(100):
        try:
            async with house.engine.connect() as connection:
                found = await connection.execute(
                    text("SELECT 1 FROM outbox WHERE position(CAST(:year AS bytea) IN body) > 0"),
                    {"year": f"{year}-01-01".encode()},
                )
                return bool(found.first() is not None)
        except Exception:
            await asyncio.sleep(0.2)
    raise AssertionError("the database did not come back")


async def test_one_trace_runs_from_the_producer_to_the_handler(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """The outbox keeps the trace context, so that a relay in between does not cut the trace."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    traces: list[int] = []

    async def handle(_: SqlUnitOfWork, __: Any, ___: Envelope) -> None:
        traces.append(trace.get_current_span().get_span_context().trace_id)

    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url, handle) as house:
        wanted = []
        for year in (2026, 2027):
            with trace.get_tracer("test").start_as_current_span("a request") as span:
                wanted.append(span.get_span_context().trace_id)
                await house.emit(moved(PROVIDER, year))

        async def both() -> bool:
            return len(traces) == 2

        await until("both events", both)
        assert sorted(wanted) == sorted(traces)


async def test_progress_counts_what_was_sent_and_handled(
    fresh_database: FreshDatabase, fresh_vhost: FreshVhost
) -> None:
    """What a test clock waits for: both counts by type, since an instant."""
    vhost = await fresh_vhost()
    async with running_house(await fresh_database("usage"), vhost.broker_url) as house:
        since = house.work().system_now()
        await house.emit(moved(PROVIDER, 2026), moved(PROVIDER, 2027))
        await _seen(house, {2026: 1, 2027: 1})

        async def own_work(_: ProviderId) -> tuple[int, None]:
            return 3, None

        found = await progress(house.engine, "usage", PROVIDER, since, own_work)
        assert found.sent == {"invoicing.clock.advanced.v1": 2}
        assert found.handled == {"invoicing.clock.advanced.v1": 2}
        assert found.under_way == 3
