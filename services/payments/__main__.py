"""``python -m services.payments``: what every service has, and the operator's commands for Stripe's events."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.payments.adapters.work import PaymentsWork
from services.payments.main import MIGRATIONS, NAME, build
from services.payments.settings import PaymentsSettings
from shared.command_line import DatabaseSettings, make_cli
from shared.db.engine import make_engine
from shared.settings import describe
from shared.telemetry import redact

T = TypeVar("T")


def _with_work(step: Callable[[PaymentsWork], Awaitable[T]]) -> T:
    try:
        settings = DatabaseSettings()
    except ValidationError as error:
        typer.echo(describe(error), err=True)
        raise typer.Exit(78) from None

    async def run() -> T:
        engine = make_engine(settings.database_url.get_secret_value(), pool=2)
        try:
            async with PaymentsWork(engine) as work:
                return await step(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def webhook_commands() -> typer.Typer:
    webhooks = typer.Typer(no_args_is_help=True, help="Events that Stripe sent us.")

    @webhooks.command("list")
    def list_events(
        waiting: Annotated[bool, typer.Option("--waiting", help="Only those not dealt with yet.")] = False,
        limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    ) -> None:
        """Newest first, with what became of each."""
        found = _with_work(lambda work: work.webhooks.newest(limit, unfinished=waiting))
        table = Table("received", "account", "event", "type", "tries", "state", "reason")
        for row in found:
            table.add_row(
                f"{row['received_at']:%Y-%m-%d %H:%M:%S}",
                str(row["account"] or "platform"),
                str(row["event_id"]),
                str(row["type"]),
                str(row["tries"]),
                str(row["state"]),
                redact(str(row["reason"] or "")),
            )
        Console().print(table if found else "No events.")

    @webhooks.command("replay")
    def replay_events(
        event_id: Annotated[str | None, typer.Argument(help="One event; or use --all.")] = None,
        every: Annotated[
            bool, typer.Option("--all", help="All that were ignored, failed or wait after an error.")
        ] = False,
    ) -> None:
        """Have events processed again by the running service; doing it twice changes nothing."""
        if (event_id is None) != every:
            typer.echo("Name one event, or say --all.", err=True)
            raise typer.Exit(2)
        count = _with_work(lambda work: work.webhooks.replay(event_id))
        if event_id is not None and count == 0:
            typer.echo(f"There is no event {event_id}. `webhooks list` shows what came.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{count} will be processed again.")

    return webhooks


cli = make_cli(NAME, PaymentsSettings, build, MIGRATIONS)
cli.add_typer(webhook_commands(), name="webhooks")

if __name__ == "__main__":
    cli()
