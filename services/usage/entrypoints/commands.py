"""The operator's commands of usage: import files, look after the quarantine."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from services.usage.domain.records import Outcome
from services.usage.entrypoints.advice import ON_THE_COMMAND_LINE, advice
from services.usage.entrypoints.archiving import add_archive
from services.usage.entrypoints.flagged_calls import add_flagged
from services.usage.entrypoints.formats.reading import DEFAULT_ASTERISK, read_record
from services.usage.entrypoints.importing import FileFormat, ImportOptions, import_file
from services.usage.entrypoints.rating_commands import add_rating_commands
from services.usage.entrypoints.tools import OpenTools, Tools, run_tool
from services.usage.use_cases.ports import ImportedSoFar, OpenWork, QuarantinedRecord
from services.usage.use_cases.replay_quarantine import MOST_REPLAYED, replay_chosen
from shared.errors import NotFound, Refusal
from shared.ids import ProviderId
from shared.settings import describe

Provider = Annotated[UUID, typer.Option(help="The provider's id.")]
S = TypeVar("S")


def add_commands(
    cli: typer.Typer,
    settings_class: Callable[[], S],
    open_with: Callable[[S], AbstractAsyncContextManager[Tools]],
) -> None:
    """Adds ``import`` and ``quarantine`` to the command line that every service has."""

    def open_tools() -> AbstractAsyncContextManager[Tools]:
        try:
            return open_with(settings_class())
        except ValidationError as error:
            typer.echo(describe(error), err=True)
            raise typer.Exit(78) from None

    _add_import(cli, open_tools)
    add_archive(cli, open_tools)
    add_flagged(cli, open_tools)
    cli.add_typer(_quarantine_commands(open_tools), name="quarantine")

    @asynccontextmanager
    async def open_database() -> AsyncIterator[OpenWork]:
        async with open_tools() as tools:
            yield tools.open_work

    add_rating_commands(cli, open_database)


# -- import -----------------------------------------------------------------------------------------------------------


def _add_import(cli: typer.Typer, open_tools: OpenTools) -> None:
    @cli.command("import")
    def import_command(
        files: Annotated[
            list[Path],
            typer.Argument(help="Files of call records.", exists=True, dir_okay=False, readable=True),
        ],
        provider: Provider,
        file_format: Annotated[
            FileFormat, typer.Option("--format", help="auto looks at the beginning of each file.")
        ] = "auto",
        switch: Annotated[
            str, typer.Option(help="Asterisk: name of the machine; keeps calls of two apart.")
        ] = DEFAULT_ASTERISK,
        time_zone: Annotated[
            str, typer.Option(help="Asterisk: zone of the times (usegmtime=yes: UTC).")
        ] = "UTC",
    ) -> None:
        """Take files of call records; the same file given again goes on where it stopped."""
        context = {"switch": switch, "time_zone": time_zone}
        run_tool(_import(open_tools, files, ProviderId(provider), file_format, context))


async def _import(
    open_tools: OpenTools,
    files: list[Path],
    provider_id: ProviderId,
    file_format: FileFormat,
    context: dict[str, str],
) -> None:
    console = Console()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    results: list[tuple[Path, ImportedSoFar]] = []
    refused: list[tuple[Path, Refusal]] = []
    async with open_tools() as tools:
        options = ImportOptions(provider_id, file_format, context, tools.late_window)
        with bar:
            for path in files:
                task = bar.add_task(path.name, total=path.stat().st_size)

                def advance(done_bytes: int, all_bytes: int, task: Any = task) -> None:
                    # Of a gzip, what is in it.
                    bar.update(task, completed=done_bytes, total=all_bytes)

                try:
                    done = await import_file(tools.open_work, tools.numbering, path, options, advance)
                except Refusal as refusal:
                    # One wrong file among many: the others are taken all the same.
                    refused.append((path, refusal))
                else:
                    results.append((path, done))
    if results:
        console.print(_summary(results))
    if any(done.quarantined for _, done in results):
        console.print(f"See `quarantine list --provider {provider_id}` for what could not be taken.")
    for path, why in refused:
        typer.echo(f"{path.name}: {why.message}", err=True)
    if refused:
        raise typer.Exit(1)


def _summary(results: list[tuple[Path, ImportedSoFar]]) -> Table:
    table = Table("file", "taken", "repeated", "quarantined", title="Since each file's first import")
    for path, done in results:
        table.add_row(path.name, str(done.taken), str(done.repeated), str(done.quarantined))
    if len(results) > 1:
        columns = zip(*((done.taken, done.repeated, done.quarantined) for _, done in results), strict=True)
        table.add_row("all", *(str(sum(column)) for column in columns))
    return table


# -- quarantine -------------------------------------------------------------------------------------------------------


def _quarantine_commands(open_tools: OpenTools) -> typer.Typer:
    commands = typer.Typer(no_args_is_help=True, help="Records that could not be read or placed.")

    @commands.command("list")
    def list_records(
        provider: Provider, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100
    ) -> None:
        """Each with the reason."""
        found = run_tool(_listed(open_tools, ProviderId(provider), limit))
        table = Table(
            Column("id", no_wrap=True, min_width=36), "received", "from", "reason", "field", "detail"
        )
        for one in found:
            received = one.received_at.isoformat(timespec="seconds")
            table.add_row(
                str(one.quarantine_id), received, one.source, one.reason, one.field or "", _advice(one)
            )
        Console().print(table if found else "Nothing is in quarantine.")

    @commands.command("show")
    def show_record(quarantine_id: UUID, provider: Provider) -> None:
        """The whole record as it came."""
        one = run_tool(_get(open_tools, ProviderId(provider), quarantine_id))
        typer.echo(f"received: {one.received_at.isoformat()}\nfrom:     {one.source} {dict(one.context)}")
        typer.echo(f"state:    {one.state}\nreason:   {one.reason}\nfield:    {one.field or ''}")
        typer.echo(f"detail:   {_advice(one)}\n\n{one.raw.decode('utf-8', 'backslashreplace')}")

    @commands.command("replay")
    def replay_records(
        provider: Provider,
        quarantine_ids: Annotated[
            list[UUID] | None, typer.Argument(help="Some records; or use --all.")
        ] = None,
        every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
        accept: Annotated[
            bool, typer.Option(help="Bill calls over 24 h too: you have looked at them.")
        ] = False,
    ) -> None:
        """Try again: what can be placed now is taken, the rest stays with its newest reason."""
        if bool(quarantine_ids) == every:
            typer.echo("Name records, or say --all.", err=True)
            raise typer.Exit(2)
        outcomes = run_tool(_replay(open_tools, ProviderId(provider), quarantine_ids or None, accept))
        counts = {kind: sum(one.status == kind for one in outcomes) for kind in ("taken", "repeated")}
        rest = len(outcomes) - sum(counts.values())
        typer.echo(f"{counts['taken']} taken, {counts['repeated']} repeated, {rest} stay in quarantine.")

    return commands


def _advice(one: QuarantinedRecord) -> str:
    return advice(one.reason, one.detail, ON_THE_COMMAND_LINE)


async def _listed(open_tools: OpenTools, provider_id: ProviderId, limit: int) -> list[QuarantinedRecord]:
    async with open_tools() as tools, tools.open_work() as work:
        return await work.quarantine.listed(provider_id, state="waiting", after=None, limit=limit)


async def _get(open_tools: OpenTools, provider_id: ProviderId, quarantine_id: UUID) -> QuarantinedRecord:
    async with open_tools() as tools, tools.open_work() as work:
        found = await work.quarantine.get(provider_id, quarantine_id)
    if found is None:
        raise NotFound("There is no such record in quarantine.")
    return found


async def _replay(
    open_tools: OpenTools, provider_id: ProviderId, chosen: list[UUID] | None, accept: bool
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    async with open_tools() as tools:
        waiting = chosen
        if waiting is None:
            async with tools.open_work() as work:
                every = await work.quarantine.listed(
                    provider_id, state="waiting", after=None, limit=1_000_000
                )
            waiting = [one.quarantine_id for one in every]
        for start in range(0, len(waiting), MOST_REPLAYED):
            async with tools.open_work() as work:
                outcomes += await replay_chosen(
                    work,
                    tools.numbering,
                    read_record,
                    provider_id,
                    waiting[start : start + MOST_REPLAYED],
                    late_window=tools.late_window,
                    accepted=accept,
                )
    return outcomes
