"""Rate decks with their versions, and time bands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from tollgate import inputs
from tollgate.inputs import DryRun
from tollgate.session import Session

decks = typer.Typer(no_args_is_help=True, help="Rate decks: prices by destination.")
bands = typer.Typer(no_args_is_help=True, help="Time bands and holidays.")


def add_to(cli: typer.Typer) -> None:
    cli.add_typer(decks, name="decks")
    cli.add_typer(bands, name="time-bands")


@decks.command("list")
def list_decks(ctx: typer.Context) -> None:
    """Every deck with its versions."""
    session: Session = ctx.obj
    session.show(session.api.get("/decks"))


@decks.command("upload")
def upload(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Like standard.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV.")],
    effective: Annotated[str | None, typer.Option(help="The day it holds from, like 2026-02-01.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Upload a version of a deck, or see what it would change."""
    session: Session = ctx.obj
    columns = (
        "[progress.description]{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    size = file.stat().st_size
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Uploading", total=size)

        def told(gone: int) -> None:
            judging = gone >= size
            progress.update(task, completed=gone, description="Judging" if judging else "Uploading")

        answer = session.api.upload(
            "/decks/{name}",
            file,
            "text/csv",
            told,
            query={"effective": effective, "dry_run": dry_run},
            name=name,
        )
    session.show(answer)


@decks.command("show")
def show_deck(
    ctx: typer.Context,
    name: str,
    number: Annotated[int, typer.Argument(help="The version's number.")],
    prefix: Annotated[str | None, typer.Option(help="Only destinations that begin so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
) -> None:
    """Rows of a version."""
    session: Session = ctx.obj
    query = {"prefix": prefix, "limit": limit, "after": after}
    session.show(session.api.get("/decks/{name}/{number}", query=query, name=name, number=number))


@bands.command("show")
def show_bands(ctx: typer.Context) -> None:
    """Time bands and holidays, by the day they hold from."""
    session: Session = ctx.obj
    session.show(session.api.get("/time-bands"))


@bands.command("set")
def set_bands(
    ctx: typer.Context, data: Annotated[str, typer.Option("--data", help="JSON or @FILE.")]
) -> None:
    """Set them from a day on: effective_from, bands, holidays."""
    session: Session = ctx.obj
    session.show(session.api.put("/time-bands", inputs.data(data)))
