"""``python -m services.invoicing serve | migrate | dead``."""

from services.invoicing.main import MIGRATIONS, build
from services.invoicing.settings import InvoicingSettings
from shared.command_line import make_cli

cli = make_cli("invoicing", InvoicingSettings, build, MIGRATIONS)

if __name__ == "__main__":
    cli()
