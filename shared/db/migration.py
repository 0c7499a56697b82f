"""Alembic for one service's database: run it, check it, and the operations that every first migration shares."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, text

from shared.db.engine import make_engine
from shared.db.revisions import is_migrated, newest_revision
from shared.db.tables import NAMING, add_house_tables, add_journal_table

# One migration at a time per database, whatever the number of replicas that start.
_LOCK = 7_016_470_001


def create_house_tables_v1(op: Operations, *, journal: bool = False) -> None:
    """Creates outbox, inbox, provider_clock and trace_memory (and the journal).

    Part of released migrations: a later change to these tables is a migration of its own in every service, and
    this function then spells out the columns of today.
    """
    metadata = MetaData(naming_convention=NAMING)
    add_house_tables(metadata)
    if journal:
        add_journal_table(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def run_environment(metadata: MetaData) -> None:
    """The whole of a service's ``migrations/env.py``."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def _config(folder: Path, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, folder: Path) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    command.upgrade(_config(folder, connection), "head")


async def migrate(url: str, folder: Path) -> None:
    """Brings the database at ``url`` to the newest version of the scripts in ``folder``."""
    engine = make_engine(url, pool=2)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, folder)
    finally:
        await engine.dispose()


def main(url: str, folder: Path, arguments: Sequence[str]) -> None:
    """``python -m services.<name> migrate [--check]``: migrate, or say whether there is something to migrate."""
    parser = argparse.ArgumentParser(prog="migrate")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; status 1 while a migration is missing"
    )
    options = parser.parse_args(arguments)
    if not options.check:
        asyncio.run(migrate(url, folder))
        return

    async def check() -> bool:
        engine = make_engine(url, pool=2)
        try:
            return await is_migrated(engine, newest_revision(folder))
        finally:
            await engine.dispose()

    if not asyncio.run(check()):
        raise SystemExit(1)
