"""``python -m services.invoicing run PROVIDER``: how far the close of a month is, as a table or a bar that follows it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.invoicing.use_cases.ports import RunProgress, Work
from shared.errors import Refusal
from shared.ids import ProviderId

OpenWork = Callable[[], Work]
# Gives what opens a unit of work, and closes the database behind it.
Opener = Callable[[], AbstractAsyncContextManager[OpenWork]]
LOOK_SECONDS = 1.0


def add_run_command(cli: typer.Typer, opener: Opener) -> None:
    @cli.command("run")
    def run_command(
        provider: UUID,
        month: Annotated[
            str, typer.Option(help="Of the periods' ends, as YYYY-MM; this month by default.")
        ] = "",
        watch: Annotated[
            bool, typer.Option("--watch", help="Follow it until nothing is left to do.")
        ] = False,
    ) -> None:
        """How far a month's close is: due, waiting for usage, drafted, issued, parked.

        The run needs no help: loops do what is due, and go on where they were after a stop.
        """
        try:
            asyncio.run(_show(opener, ProviderId(provider), _bounds(month), watch))
        except Refusal as refusal:
            typer.echo(refusal.message, err=True)
            raise typer.Exit(1) from None


def _bounds(month: str) -> tuple[date, date]:
    today = datetime.now(UTC).date()
    try:
        first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    except ValueError:
        raise typer.BadParameter("Write the month as YYYY-MM, like 2026-11.") from None
    return first, (first + timedelta(days=31)).replace(day=1)


async def _show(opener: Opener, provider_id: ProviderId, ends: tuple[date, date], watch: bool) -> None:
    async with opener() as open_work:

        async def look() -> RunProgress:
            async with open_work() as work:
                await work.providers.get(provider_id)
                return await work.periods.progress(provider_id, ends, work.system_now())

        found = await look()
        if watch:
            found = await _follow(look, found)
    Console().print(_table(found, ends))


async def _follow(look: Callable[[], Awaitable[RunProgress]], found: RunProgress) -> RunProgress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rest]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("issued", total=_total(found), rest="")
        while True:
            rest = f"due {found.due}, usage {found.waiting_for_usage}, drafted {found.drafted}, parked {found.parked}"
            bar.update(task, completed=found.issued, total=_total(found), rest=rest)
            if not found.due + found.waiting_for_usage + found.drafted:
                return found
            await asyncio.sleep(LOOK_SECONDS)
            found = await look()


def _total(found: RunProgress) -> int:
    return found.total - found.running - found.closed_without_invoice


def _table(found: RunProgress, ends: tuple[date, date]) -> Table:
    table = Table("periods", "how many", title=f"ending from {ends[0]} to before {ends[1]}")
    for words, count in (
        ("still running", found.running),
        ("due to end", found.due),
        ("waiting for usage", found.waiting_for_usage),
        ("drafted, waiting for their time", found.drafted),
        ("issued", found.issued),
        ("closed without an invoice (trials)", found.closed_without_invoice),
        ("parked", found.parked),
    ):
        table.add_row(words, f"{count:,}")
    for reason, count in found.reasons.items():
        table.add_row(f"  {reason}", f"{count:,}")
    return table
