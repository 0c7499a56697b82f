"""``python -m services.suspension``: serve, migrate, dead letters."""

from services.suspension.main import MIGRATIONS, build
from services.suspension.settings import SuspensionSettings
from shared.command_line import make_cli

cli = make_cli("suspension", SuspensionSettings, build, MIGRATIONS)

if __name__ == "__main__":
    cli()
