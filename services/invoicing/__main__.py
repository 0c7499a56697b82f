"""``python -m services.invoicing serve | migrate | dead | run``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.invoicing.adapters.work import work_opener
from services.invoicing.entrypoints.run_command import OpenWork, add_run_command
from services.invoicing.main import MIGRATIONS, build
from services.invoicing.settings import InvoicingSettings
from shared.command_line import DatabaseSettings, make_cli
from shared.db.engine import make_engine


@asynccontextmanager
async def _database() -> AsyncIterator[OpenWork]:
    engine = make_engine(DatabaseSettings().database_url.get_secret_value(), pool=1)
    try:
        yield work_opener(engine)
    finally:
        await engine.dispose()


cli = make_cli("invoicing", InvoicingSettings, build, MIGRATIONS)
add_run_command(cli, _database)

if __name__ == "__main__":
    cli()
