"""Tables and migrations say the same."""

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncEngine

from services.usage.adapters.tables import metadata

pytestmark = pytest.mark.integration


async def test_the_migrated_schema_is_the_one_in_the_code(engine: AsyncEngine) -> None:
    """A change of tables.py without a migration fails here."""

    def is_no_month(name: str | None, kind: str, _: object) -> bool:
        return not (kind == "table" and re.fullmatch(r"call_\d{4}_\d{2}", name or ""))

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_no_month}
        )
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []


def test_every_key_starts_with_the_tenant_or_the_provider() -> None:
    """So that tables can be distributed by tenant without a rewrite (architecture.md)."""
    first = {
        (table.name, next(iter(key.columns)).name)
        for table in metadata.tables.values()
        for key in table.constraints
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)
    }
    assert {key for key in first if key[1] not in ("tenant_id", "provider_id")} == set()
