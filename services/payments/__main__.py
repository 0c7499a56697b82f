"""``python -m services.payments``."""

from services.payments.entrypoints.commands import webhook_commands
from services.payments.main import MIGRATIONS, NAME, build
from services.payments.settings import PaymentsSettings
from shared.command_line import make_cli

cli = make_cli(NAME, PaymentsSettings, build, MIGRATIONS)
cli.add_typer(webhook_commands(), name="webhooks")

if __name__ == "__main__":
    cli()
