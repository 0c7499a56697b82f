"""One database and one role for each service, in whichever PostgreSQL answers the superuser's address."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import asyncpg

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def database_name(service: str) -> str:
    """The database and the role of a service bear the same name."""
    return f"tollgate_{service}"


def service_url(admin_url: str, service: str, password: str) -> str:
    """The address a service gets: its own role, its own database, the same server."""
    parts = urlsplit(admin_url)
    name = database_name(service)
    return f"postgresql://{name}:{quote(password, safe='')}@{parts.hostname}:{parts.port}/{name}"


async def ensure_databases(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make what is missing of the databases and roles of `passwords` (service to password); set the passwords.

    No other role may connect to a service's database.
    """
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        for service, password in passwords.items():
            name = database_name(service)
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot name a database: use lower-case letters, digits and underscores"
                )
            quoted = await connection.fetchval("select quote_literal($1::text)", password)
            if not await connection.fetchval("select true from pg_roles where rolname = $1", name):
                await connection.execute(f"create role {name} login")
            await connection.execute(f"alter role {name} password {quoted}")
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                await connection.execute(f"create database {name} owner {name}")
            await connection.execute(f"revoke all on database {name} from public")
    finally:
        await connection.close()
