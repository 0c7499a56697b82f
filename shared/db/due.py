"""«What is due as of T» in SQL: T is the test clock of the row's provider, else real time (rules of time)."""

from datetime import datetime

from sqlalchemy import ColumnElement, DateTime, literal, text
from sqlalchemy.ext.asyncio import AsyncConnection

# For text queries: compare a column with this; bind :system_now.
DUE_NOW = (
    "COALESCE((SELECT pc.now_at FROM provider_clock pc WHERE pc.provider_id = {table}.provider_id),"
    " CAST(:system_now AS timestamptz))"
)


def due_now(table: str) -> str:
    """SQL text for the present instant of the provider of a row of ``table`` (its name or alias)."""
    return DUE_NOW.format(table=table)


def instant(at: datetime) -> ColumnElement[datetime]:
    """A bound timestamp with time zone."""
    return literal(at, DateTime(timezone=True))


async def clocked_providers(connection: AsyncConnection) -> list[tuple[str, datetime]]:
    """Providers on a test clock, with where it stands."""
    rows = await connection.execute(text("SELECT provider_id, now_at FROM provider_clock"))
    return [(str(row.provider_id), row.now_at) for row in rows]
