"""The operator's commands of rating: decks and re-ratings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services.usage.domain.deck_file import BadDeck
from services.usage.entrypoints.http_rating import take_deck
from services.usage.use_cases.ports import OpenWork, UsageWork
from services.usage.use_cases.rating_ports import ReRating
from services.usage.use_cases.re_rate_periods import ask_re_rating, get_re_rating, re_rate_step
from services.usage.use_cases.upload_deck import DeckUpload
from shared.errors import NotFound, Refusal
from shared.ids import ProviderId, TenantId

Provider = Annotated[UUID, typer.Option(help="The provider's id.")]
File = Annotated[Path, typer.Argument(help="CSV with a head line.", exists=True, dir_okay=False)]
Name = Annotated[str, typer.Option(help="Name of the deck, as plans name it.")]
Effective = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
OpenDatabase = Callable[[], AbstractAsyncContextManager[OpenWork]]
R = TypeVar("R")


def run(work: Coroutine[Any, Any, R]) -> R:
    """Runs a coroutine; a refusal is a line or a list of lines, not a traceback."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        typer.echo(refusal.message, err=True)
    except BadDeck as bad:
        for one in bad.problems:
            typer.echo(f"line {one.line}, {one.field}: {one.detail}", err=True)
        typer.echo("Nothing of the deck was taken.", err=True)
    raise typer.Exit(1) from None


def add_rating_commands(cli: typer.Typer, open_database: OpenDatabase) -> None:
    """Adds ``deck`` and ``re-rate``."""
    cli.add_typer(_deck_commands(open_database), name="deck")

    @cli.command("re-rate")
    def re_rate(
        provider: Provider,
        start_date: Day,
        end_date: Day,
        reason: Annotated[str, typer.Option(help="Printed with the difference on the invoice.")],
        tenant: Annotated[UUID | None, typer.Option(help="One tenant; default: all.")] = None,
    ) -> None:
        """Rate days again by decks and plans as they are now; given again, it goes on where it stopped."""
        done = run(
            _re_rate(
                open_database,
                ProviderId(provider),
                TenantId(tenant) if tenant else None,
                start_date.date(),
                end_date.date(),
                reason,
            )
        )
        typer.echo(
            f"{done.calls} calls rated again, {done.changed} changed, {done.unrated} have no rate now and keep theirs."
        )


def _deck_commands(open_database: OpenDatabase) -> typer.Typer:
    commands = typer.Typer(no_args_is_help=True, help="Rate decks: upload, try, list, show.")

    def take(file: Path, provider: UUID, name: str, effective: datetime | None, dry_run: bool) -> None:
        day = effective.date() if effective else None
        upload = run(_take(open_database, ProviderId(provider), name, file.read_bytes(), day, dry_run))
        _show_upload(upload)

    @commands.command("upload")
    def upload(file: File, provider: Provider, name: Name = "standard", effective: Effective = None) -> None:
        """Take a deck as a new version, whole."""
        take(file, provider, name, effective, False)

    @commands.command("dry-run")
    def dry_run(file: File, provider: Provider, name: Name = "standard", effective: Effective = None) -> None:
        """Say what an upload would change, and change nothing."""
        take(file, provider, name, effective, True)

    @commands.command("list")
    def list_decks(provider: Provider) -> None:
        """Every version of every deck."""
        table = Table("deck", "version", "in force from", "rows")
        for one in run(_versions(open_database, ProviderId(provider))):
            table.add_row(one.name, str(one.number), str(one.effective_from), str(one.rows))
        Console().print(table)

    @commands.command("show")
    def show(
        provider: Provider,
        number: Annotated[int, typer.Argument(help="The version.")],
        name: Name = "standard",
        prefix: Annotated[str, typer.Option(help="Rows that begin so.")] = "",
        limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    ) -> None:
        """Rows of a version."""
        table = Table("direction", "prefix", "from", "destination", "class", "terms")
        for row in run(_rows(open_database, ProviderId(provider), name, number, prefix, limit)):
            table.add_row(
                row.direction, row.prefix, str(row.begins), row.destination, row.call_class, row.terms
            )
        Console().print(table)

    return commands


def _show_upload(upload: DeckUpload) -> None:
    changes, version = upload.changes, upload.version
    did = "Taken as" if upload.kept else "Dry run: would be"
    before = f" instead of version {upload.before.number}" if upload.before else ""
    typer.echo(
        f"{did} version {version.number} of {version.name!r} from {version.effective_from} on{before}."
    )
    typer.echo(
        f"{changes.added} added, {changes.removed} removed, {changes.changed} changed ({changes.price_up} dearer,"
        f" {changes.price_down} cheaper), {changes.unchanged} unchanged."
    )
    if upload.replaced_on:
        typer.echo(f"A later version takes over on {upload.replaced_on}.")
    table = Table("direction", "prefix", "before", "after", title="First changes")
    for one in changes.samples:
        table.add_row(
            one.direction,
            one.prefix,
            f"{one.before.destination}: {one.before.terms}" if one.before else "",
            f"{one.after.destination}: {one.after.terms}" if one.after else "",
        )
    if changes.samples:
        Console().print(table)


async def _take(
    open_database: OpenDatabase,
    provider_id: ProviderId,
    name: str,
    content: bytes,
    effective: date | None,
    dry_run: bool,
) -> DeckUpload:
    async with open_database() as open_work:
        return await take_deck(open_work, provider_id, name, content, effective=effective, dry_run=dry_run)


@asynccontextmanager
async def _work(open_database: OpenDatabase) -> AsyncIterator[UsageWork]:
    async with open_database() as open_work, open_work() as work:
        yield work


async def _versions(open_database: OpenDatabase, provider_id: ProviderId) -> list[Any]:
    async with _work(open_database) as work:
        found = await work.decks.versions(provider_id)
    return [one for name in sorted(found) for one in found[name]]


async def _rows(
    open_database: OpenDatabase, provider_id: ProviderId, name: str, number: int, prefix: str, limit: int
) -> list[Any]:
    async with _work(open_database) as work:
        versions = (await work.decks.versions(provider_id)).get(name, [])
        found = [one for one in versions if one.number == number]
        if not found:
            raise NotFound(f"Deck {name!r} has no version {number}; see `deck list`.")
        return await work.decks.some_rows(
            provider_id, found[0].version_id, prefix=prefix, after=None, limit=limit
        )


async def _re_rate(
    open_database: OpenDatabase,
    provider_id: ProviderId,
    tenant_id: TenantId | None,
    start: date,
    end: date,
    reason: str,
) -> ReRating:
    """Does the work itself, step by step; a service that runs takes steps of it as well."""
    async with open_database() as open_work:
        async with open_work() as work:
            asked = await ask_re_rating(
                work, provider_id, tenant_id=tenant_id, start=start, end=end, reason=reason
            )
        with Console().status("Rating again …") as status:
            while True:
                async with open_work() as work:
                    worked = await re_rate_step(work)
                async with open_work() as work:
                    now = await get_re_rating(work, provider_id, asked.re_rating_id)
                status.update(f"{now.calls} calls rated again, {now.changed} changed")
                if now.state == "done":
                    return now
                if not worked:
                    # Somebody else has it in hand.
                    await asyncio.sleep(0.5)
