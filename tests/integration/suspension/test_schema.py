"""The migrations make what the tables say."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.suspension.adapters.tables import metadata
from tests.integration.suspension.conftest import Desk

pytestmark = pytest.mark.integration


def _differences(connection: Connection) -> list[Any]:
    return list(
        compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    )


async def test_migrated_schema_equals_the_metadata(desk: Desk) -> None:
    """Nothing would be generated for a next migration."""
    async with desk.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
