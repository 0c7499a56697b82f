"""``python -m services.suspension``: serve, migrate, what-if, dead letters."""

from services.suspension.adapters.foresight import foresee
from services.suspension.entrypoints.commands import add_what_if
from services.suspension.main import MIGRATIONS, build
from services.suspension.settings import SuspensionSettings
from shared.command_line import DatabaseSettings, make_cli

cli = make_cli("suspension", SuspensionSettings, build, MIGRATIONS)
add_what_if(cli, lambda: DatabaseSettings().database_url, foresee)

if __name__ == "__main__":
    cli()
