"""``python -m services.gateway``: serve | migrate | dead."""

from services.gateway.main import MIGRATIONS, build
from services.gateway.settings import GatewaySettings
from shared.command_line import make_cli

cli = make_cli("gateway", GatewaySettings, build, MIGRATIONS)

if __name__ == "__main__":
    cli()
