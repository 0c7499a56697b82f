"""``python -m services.usage``: serve, migrate, dead letters, import files, quarantine."""

from services.usage.entrypoints.commands import add_commands
from services.usage.main import MIGRATIONS, build, open_tools
from services.usage.settings import ToolSettings, UsageSettings
from shared.command_line import make_cli

cli = make_cli("usage", UsageSettings, build, MIGRATIONS)
add_commands(cli, ToolSettings, open_tools)

if __name__ == "__main__":
    cli()
