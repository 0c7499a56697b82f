"""The connection pool, and which database errors mean «away» rather than «wrong»."""

import asyncpg
import orjson
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# Classes of SQLSTATE after which the same work may simply be done again: connection trouble (08), rollback by
# serialization or deadlock (40), no resources (53), operator intervention such as a restart (57), and a plan
# that went stale when a migration ran (0A000 with asyncpg's cached statement).
_AGAIN = ("08", "40", "53", "57")

_UNSTORABLE = frozenset({"22001", "22003", "22021", "22P05"})

CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_SECONDS = 30


def make_engine(url: str, *, pool: int = 10) -> AsyncEngine:
    """An engine over asyncpg. ``url`` may be a plain ``postgresql://`` address."""
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        pool_recycle=1800,
        # Bound values hold names, numbers and addresses: none of them belongs in an error text.
        hide_parameters=True,
        # Totals and settings are read more often than written, and orjson reads them in a quarter of the time.
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": STATEMENT_TIMEOUT_SECONDS,
            "server_settings": {"timezone": "UTC", "jit": "off"},
        },
    )


def is_away(error: BaseException) -> bool:
    """Whether the database was away or asked for another try: the work itself is not at fault."""
    if isinstance(error, OSError | TimeoutError | exc.TimeoutError | exc.InterfaceError):
        return True
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated:
            return True
        cause = error.orig.__cause__ if error.orig is not None else None
        return is_away(cause) if cause is not None else False
    if isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.InterfaceError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_AGAIN)
    return False


def is_unstorable(error: BaseException) -> bool:
    """Whether the database refused a value as such: NUL in a text or JSON, a text too long, a number out of range."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, asyncpg.PostgresError):
            return cause.sqlstate in _UNSTORABLE
        cause = (cause.orig if isinstance(cause, exc.DBAPIError) else None) or cause.__cause__
    return False
