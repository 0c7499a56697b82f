"""The record of changes on PostgreSQL, and the schema that the migration makes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from services.gateway.adapters.tables import metadata
from services.gateway.adapters.work import GatewayWork
from services.gateway.domain.change import Change
from services.gateway.main import MIGRATIONS
from services.gateway.use_cases.list_changes import list_changes
from services.gateway.use_cases.record_change import Asked, record_change
from shared.db.engine import make_engine
from shared.db.migration import migrate
from shared.ids import ProviderId, TenantId
from tests.conftest import FreshDatabase
from tests.support.fake_audit import FakeAuditLog, FakeWork

pytestmark = pytest.mark.integration
PROVIDER = ProviderId(UUID(int=1))
OTHER = ProviderId(UUID(int=2))


@pytest.fixture
async def engine(fresh_database: FreshDatabase) -> AsyncIterator[AsyncEngine]:
    url = await fresh_database("gateway")
    await migrate(url, MIGRATIONS)
    made = make_engine(url, pool=3)
    yield made
    await made.dispose()


@pytest.fixture(params=["fake", "postgresql"])
def open_work(request: pytest.FixtureRequest) -> Any:
    """Opens a unit of work: the fake and the real one must behave alike."""
    if request.param == "fake":
        log = FakeAuditLog()
        return lambda: FakeWork(log)
    engine: AsyncEngine = request.getfixturevalue("engine")
    return lambda: GatewayWork(engine)


def a_change(number: int, provider: ProviderId = PROVIDER) -> Change:
    return Change(
        change_id=UUID(int=number),
        provider_id=provider,
        tenant_id=TenantId(uuid4()),
        subject="dana",
        name="Dana Ruiz",
        roles=("tenant_admin",),
        method="POST",
        route="/api/v1/billing/payments",
        targets={"amount": "100 USD"},
        asked_at=datetime(2026, 11, 18, tzinfo=UTC),
    )


async def test_the_migration_makes_the_metadata(engine: AsyncEngine) -> None:
    """Tables in code and in the database are the same."""
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_type": True}), metadata
            )
        )
    assert differences == []


async def test_a_change_keeps_everything_and_is_closed_once(open_work: Any) -> None:
    """The outcome is written once and never over."""
    change = a_change(1)
    at = datetime(2026, 11, 18, 0, 1, tzinfo=UTC)
    async with open_work() as work:
        await work.audit.add(change)
    for outcome in (200, 500):
        async with open_work() as work:
            await work.audit.close(change, outcome=outcome, finished_at=at)
    async with open_work() as work:
        [row] = await work.audit.page(PROVIDER, before=None, limit=10)
    assert (change, 200, at) == (row.change, row.outcome, row.finished_at)


async def test_pages_are_newest_first_within_one_provider(open_work: Any) -> None:
    """Another provider's changes are never among them."""
    async with open_work() as work:
        for number in (3, 1, 2):
            await work.audit.add(a_change(number))
        await work.audit.add(a_change(9, OTHER))
    first = await list_changes(open_work, PROVIDER, before=None, limit=2)
    assert [row.change_id.int for row in first.changes] == [3, 2]
    rest = await list_changes(open_work, PROVIDER, before=UUID(str(first.next)), limit=2)
    assert ([row.change_id.int for row in rest.changes], rest.next) == ([1], None)


async def test_a_crash_of_the_change_leaves_a_closed_row(open_work: Any) -> None:
    """A bug while the service is asked is written down as 500, and stays an error."""
    asked = Asked(
        provider_id=PROVIDER,
        tenant_id=None,
        subject="op",
        name="op",
        roles=("operator",),
        method="POST",
        route="/api/v1/provider/plans",
        targets={},
    )

    async def crash() -> Any:
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        await record_change(open_work, asked, crash)
    async with open_work() as work:
        [row] = await work.audit.page(PROVIDER, before=None, limit=10)
    assert row.outcome == 500
    assert row.finished_at is not None
