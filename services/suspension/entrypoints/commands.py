"""Operator commands beside serve, migrate and dead letters."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from services.suspension.use_cases.foresee_suspensions import MOST_DAYS, Foreseen
from shared.ids import ProviderId
from shared.money import Currency, Money

Foresee = Callable[[SecretStr, ProviderId, int], Awaitable[list[Foreseen]]]


def add_what_if(cli: typer.Typer, database_url: Callable[[], SecretStr], foresee: Foresee) -> None:
    """``what-if --provider P --days 7``: works on the database directly and changes nothing."""

    @cli.command("what-if")
    def what_if(
        provider: Annotated[UUID, typer.Option(help="The provider's id.")],
        days: Annotated[int, typer.Option(min=0, max=MOST_DAYS, help="How far to look.")] = 7,
    ) -> None:
        """Who would be suspended in the next days if nobody pays."""
        url = database_url()

        async def run() -> list[Foreseen]:
            return await foresee(url, ProviderId(provider), days)

        found = asyncio.run(run())
        if not found:
            typer.echo(f"Nobody would be suspended in the next {days} days.")
            return
        table = Table("tenant", "on", "what", "owed", "overdue invoices", "reminders sent")
        for one in found:
            table.add_row(
                f"{one.name} ({one.tenant_id})",
                one.on.isoformat(),
                one.stage.value.replace("_", " "),
                str(Money(one.owed_minor, Currency(one.currency))),
                ", ".join(invoice.number for invoice in one.overdue),
                str(one.reminded),
            )
        Console().print(table)
