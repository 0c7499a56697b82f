"""A migrated database of suspension and a desk from which tests send it events and move its clocks."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.adapters.rows import fact_of_row, kept_of_row
from services.suspension.adapters.work import SqlSuspensionWork, take_doubtful, tenants_due
from services.suspension.domain.account import Fact, Invoice
from services.suspension.entrypoints.consumers import HANDLERS
from services.suspension.entrypoints.scheduler import Confirmer, make_sweep
from services.suspension.main import MIGRATIONS
from services.suspension.use_cases.ports import Said
from shared.clock import SetClock
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.errors import Unavailable
from shared.events.envelope import Envelope, Event
from shared.events.invoicing import ClockAdvanced
from shared.ids import EventId, ProviderId, TenantId, new_id
from shared.messaging.broker import make_broker
from shared.messaging.consumers import Consumers
from tests.conftest import FreshDatabase
from tests.unit.suspension.builders import PROVIDER
from tests.unit.suspension.fakes import begun


class EchoTruth:
    """Invoicing and payments that say what suspension knows anyway, or ``says`` and ``on_its_way``; or are ``away``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.says: list[Invoice] | None = None
        self.on_its_way: list[Fact] | None = None
        self.away = False
        self.asked = 0

    async def ask(self, _: ProviderId, tenant_id: TenantId) -> Said:
        self.asked += 1
        if self.away:
            raise Unavailable("invoicing is away")
        values = {"tenant_id": tenant_id}
        try:
            async with self._engine.connect() as connection:
                rows = await connection.execute(
                    text("SELECT * FROM open_invoice WHERE tenant_id = :tenant_id"), values
                )
                known = [kept_of_row(dict(row)).invoice for row in rows.mappings()]
                rows = await connection.execute(
                    text("SELECT * FROM fact WHERE tenant_id = :tenant_id"), values
                )
                facts = [fact_of_row(dict(row)) for row in rows.mappings()]
        except DBAPIError as error:
            # Its pool's connections were cut by a test; invoicing has a database of its own.
            await self._engine.dispose()
            raise Unavailable("invoicing is away") from error
        owed = [one for one in known if one.is_open] if self.says is None else self.says
        return Said(owed, begun(facts) if self.on_its_way is None else self.on_its_way)


class Desk:
    """Handles events exactly as the service does, without a broker in between. ``clock`` is real time."""

    def __init__(self, url: str, engine: AsyncEngine) -> None:
        self.url = url
        self.engine = engine
        self.clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
        broker = make_broker("amqp://nobody@127.0.0.1:1/", prefetch=1)
        self._consumers = Consumers("suspension", broker, self.work, HANDLERS)
        self.sweep = make_sweep(self._tenants_due, self.work)
        self.truth = EchoTruth(engine)
        self.confirm = Confirmer(self._doubtful, self.work, self.truth).step

    async def _tenants_due(self, limit: int) -> list[TenantId]:
        return await tenants_due(self.engine, self.clock.now(), limit)

    async def _doubtful(self, limit: int) -> list[TenantId]:
        now = self.clock.now()
        return await take_doubtful(self.engine, now, limit, now + timedelta(seconds=30))

    def work(self) -> SqlSuspensionWork:
        return SqlSuspensionWork(self.engine, clock=self.clock)

    def envelope(self, event: Event, at: datetime | None = None) -> bytes:
        now = at or self.clock.now()
        return Envelope.of(event, event_id=EventId(new_id()), source="test", time=now, sent_at=now).to_bytes()

    async def send(self, event: Event, at: datetime | None = None) -> None:
        """``at``: the event's time where it differs from now."""
        await self._consumers.handle(type(event), self.envelope(event, at))

    async def handle(self, event_class: type[Event], body: bytes) -> bool:
        return await self._consumers.handle(event_class, body)

    async def move_to(self, at: datetime) -> None:
        """Moves the provider's test clock and sweeps, as the service does when the clock's event comes."""
        await self.send(ClockAdvanced(provider_id=PROVIDER, now=at))
        await self.settle()

    async def settle(self) -> None:
        """Everything that is due is done."""
        while await self.sweep() + await self.confirm():
            pass

    async def emitted(self) -> list[dict[str, Any]]:
        """Events in the outbox, in order, as ``{"type", **data}``."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(text("SELECT type, body FROM outbox ORDER BY sequence"))
            return [{"type": row.type, **orjson.loads(row.body)["data"]} for row in rows]

    async def rows(self, query: str) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(query))).mappings()]


@pytest.fixture(scope="package", autouse=True)
def _quiet_logs() -> Iterator[None]:
    """Servers go away on purpose here; the default log would draw a picture of every traceback, for seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
async def desk(fresh_database: FreshDatabase) -> AsyncIterator[Desk]:
    url = await fresh_database("suspension")
    await migrate(url, MIGRATIONS)
    engine = make_engine(url, pool=8)
    yield Desk(url, engine)
    await engine.dispose()
