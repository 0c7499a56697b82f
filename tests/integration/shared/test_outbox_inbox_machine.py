"""Outbox and inbox under repeats, reordering and crashes between any two steps (Hypothesis, real PostgreSQL)."""

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import make_engine
from shared.db.unit_of_work import SqlUnitOfWork
from shared.events.envelope import Envelope
from shared.events.invoicing import ClockAdvanced
from shared.ids import ProviderId
from shared.messaging.broker import make_broker
from shared.messaging.consumers import Consumers
from shared.messaging.relay import Relay
from tests.support.house import count_effect, effects, make_tables, moved
from tests.support.infrastructure import Databases

pytestmark = pytest.mark.integration
PROVIDER = ProviderId(uuid4())
T = TypeVar("T")


class Crash(Exception):
    """The process dies here."""


class CrashingBroker:
    """Takes messages into a list; may die before or after it took one."""

    def __init__(self) -> None:
        self.queue: list[bytes] = []
        self.crash_after: int | None = None

    async def publish(self, body: bytes, **_: Any) -> None:
        if self.crash_after is not None:
            if self.crash_after == 0:
                raise Crash
            self.crash_after -= 1
        self.queue.append(body)


class Machine(RuleBasedStateMachine):
    """A producer, a relay and a consumer; every rule may end in a crash."""

    runner: asyncio.Runner
    engine: AsyncEngine

    def __init__(self) -> None:
        super().__init__()
        self.broker = CrashingBroker()
        self.committed: set[int] = set()
        self.year = 2000
        self.die_in_handler: str | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def work(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self.engine, source="tollgate/test")

    @initialize()
    def empty_tables(self) -> None:
        async def empty() -> None:
            async with self.engine.begin() as connection:
                await connection.execute(text("TRUNCATE outbox, inbox, effect"))

        self.run(empty())

    @rule(events=st.integers(1, 3), commits=st.booleans())
    def produce(self, events: int, commits: bool) -> None:
        """A transaction that emits, and commits or dies."""
        years = [self.year + n for n in range(events)]
        self.year += events

        async def transaction() -> None:
            async with self.work() as work:
                for year in years:
                    work.emit(moved(PROVIDER, year), time=work.system_now())
                if not commits:
                    raise Crash

        with contextlib.suppress(Crash):
            self.run(transaction())
            self.committed.update(years)

    @rule(crash_after=st.none() | st.integers(0, 3))
    def relay(self, crash_after: int | None) -> None:
        """A relay's round; it may die with some messages out and none marked."""
        self.broker.crash_after = crash_after
        relay = Relay(self.engine, self.broker, database_url="")  # type: ignore[arg-type]
        with contextlib.suppress(Crash):
            self.run(relay.publish_batch())
        self.broker.crash_after = None

    @rule(seed=st.integers(0, 1000), times=st.integers(1, 3), dies=st.sampled_from([None, "before", "after"]))
    def deliver(self, seed: int, times: int, dies: str | None) -> None:
        """Any waiting message, one or more times; the consumer may die before its commit or before its ack."""
        if not self.broker.queue:
            return
        body = random.Random(seed).choice(self.broker.queue)
        for _ in range(times):
            self.die_in_handler = "before" if dies == "before" else None
            try:
                self.run(self.consumer().handle(ClockAdvanced, body))
            except Crash:
                continue
        # Dying after the commit means that the message stays in the queue.
        if dies is None:
            self.broker.queue.remove(body)

    def consumer(self) -> Consumers[SqlUnitOfWork]:
        async def handle(work: SqlUnitOfWork, event: ClockAdvanced, envelope: Envelope) -> None:
            await count_effect(work, event, envelope)
            if self.die_in_handler == "before":
                raise Crash

        return Consumers(
            "usage", make_broker("amqp://nowhere/", prefetch=1), self.work, {ClockAdvanced: handle}
        )

    @invariant()
    def nothing_took_effect_twice_or_from_nothing(self) -> None:
        """At no moment is an effect doubled, or there without its committed cause."""
        found = self.run(effects(self.engine))
        assert set(found.values()) <= {1}
        assert set(found) <= self.committed

    def teardown(self) -> None:
        """When everybody works again, every committed event took effect exactly once."""
        self.die_in_handler = None
        relay = Relay(self.engine, self.broker, database_url="")  # type: ignore[arg-type]
        while self.run(relay.publish_batch()):
            pass
        for body in list(self.broker.queue):
            self.run(self.consumer().handle(ClockAdvanced, body))
        assert self.run(effects(self.engine)) == dict.fromkeys(self.committed, 1)


def test_outbox_and_inbox_handle_every_event_exactly_once(databases: Databases) -> None:
    """Whatever dies between any two steps, each committed event takes effect once and no other does."""
    with asyncio.Runner() as runner:
        url = runner.run(databases.create("usage"))
        engine = make_engine(url, pool=2)
        runner.run(make_tables(engine))
        Machine.runner, Machine.engine = runner, engine
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=30,
                    stateful_step_count=20,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(engine.dispose())
            runner.run(databases.drop(url))
