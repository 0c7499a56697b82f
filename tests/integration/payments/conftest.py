"""A migrated database for the run, a simulator for the run, a fresh provider and account for each test."""

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.stripe_simulator.application import build
from deploy.stripe_simulator.settings import Settings
from services.payments.adapters.stripe_gateway import StripeGateway
from services.payments.adapters.stripe_keys import Keys, StripeKeys
from services.payments.adapters.tables import metadata
from services.payments.main import MIGRATIONS
from shared.clock import SetClock
from shared.db.engine import make_engine
from shared.db.migration import migrate
from tests.integration.payments.world import World
from tests.support.infrastructure import Databases
from tests.unit.stripe_simulator.conftest import running
from tests.unit.stripe_simulator.simulator import PUBLISHABLE_KEY, SECRET_KEY, Simulator


@pytest.fixture(scope="session")
async def database_url(databases: Databases) -> str:
    """Payments' database, made by its migrations."""
    url = await databases.create("payments")
    await migrate(url, MIGRATIONS)
    return url


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database_url, pool=20)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with running(build(Settings())) as url:
        yield url


@pytest.fixture
def simulator(simulator_url: str) -> Iterator[Simulator]:
    account = f"acct_{uuid.uuid4().hex[:16]}"
    with httpx.Client(base_url=simulator_url, timeout=10) as control:
        control.delete("/_simulator/faults").raise_for_status()
        control.put(f"/_simulator/accounts/{account}", json={}).raise_for_status()
        yield Simulator(simulator_url, account, control)


@pytest.fixture
async def world(engine: AsyncEngine, simulator: Simulator) -> AsyncIterator[World]:
    """Empty tables, a tenant, and the real gateway to the simulator."""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names}"))
    gateway = StripeGateway(
        StripeKeys(Keys(SECRET_KEY, PUBLISHABLE_KEY, "whsec_tests"), simulator.url), api_base=simulator.url
    )
    made = World(engine, gateway, simulator, SetClock(datetime.now(UTC)))
    await made.open_tenant()
    yield made
    await gateway.close()
