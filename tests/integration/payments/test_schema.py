"""The migrated schema is the one that the code describes."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.tables import metadata

pytestmark = pytest.mark.integration


async def test_migrations_make_the_described_tables(engine: AsyncEngine) -> None:
    """Autogenerate finds nothing left to do."""

    def difference(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(difference) == []


def test_every_key_starts_with_tenant_or_provider_or_account() -> None:
    """So that tables can be distributed by tenant without a rewrite (design/architecture.md)."""
    firsts = {table.primary_key.columns.values()[0].name for table in metadata.sorted_tables}
    firsts |= {
        index.columns.values()[0].name
        for table in metadata.sorted_tables
        for index in table.indexes
        if index.unique
    }
    firsts |= {
        constraint.columns.values()[0].name
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    assert firsts == {"tenant_id", "provider_id", "account"}
