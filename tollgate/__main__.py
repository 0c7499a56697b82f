"""``tollgate`` and ``python -m tollgate``: options for every command, then the commands by part."""

from pathlib import Path
from typing import Annotated

import typer

from tollgate.commands import (
    billing,
    calls,
    catalogue,
    collecting,
    decks,
    invoices,
    provider,
    reports,
    service,
    switches,
    tenants,
    webhooks,
)
from tollgate.errors import ClientError
from tollgate.session import Session
from tollgate.settings import read_settings

cli = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bill your tenants with Tollgate: everything of the provider API, from the command line.",
    epilog="Address, token and provider come from options, TOLLGATE_ADDRESS, TOLLGATE_TOKEN, TOLLGATE_PROVIDER, or a"
    " file of them (TOML). Ids may be given as a tenant's slug and a plan's name.",
)
for part in (
    provider,
    catalogue,
    tenants,
    billing,
    invoices,
    collecting,
    service,
    switches,
    calls,
    decks,
    reports,
    webhooks,
):
    part.add_to(cli)


@cli.callback()
def options(
    ctx: typer.Context,
    address: Annotated[str | None, typer.Option(help="The gateway, like https://billing.example")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="A file that holds the token; - reads it from standard input.")
    ] = None,
    provider_id: Annotated[
        str | None, typer.Option("--provider", help="For operators: the provider's id.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="By default ~/.config/tollgate.toml")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answered.")] = False,
) -> None:
    """A token is never an option of its own: other users of a machine can read those."""
    settings = read_settings(address=address, token_file=token_file, provider=provider_id, config=config)
    ctx.obj = Session(settings, as_json=as_json)


def main() -> None:
    """Status 0: done; 1: refused or failed, with a sentence on standard error; 2: wrong use."""
    try:
        cli()
    except ClientError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(error.status) from None


if __name__ == "__main__":
    main()
