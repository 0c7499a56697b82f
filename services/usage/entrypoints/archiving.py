"""The operator's command that moves a month's calls into Parquet files."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from services.usage.entrypoints.tools import OpenTools, run_tool
from services.usage.use_cases.archive_month import MONTHS_KEPT, archive_month
from shared.errors import Invalid


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise Invalid(f"{text[:20]!r} is no month; write it like 2024-03.", field="month") from None


def add_archive(cli: typer.Typer, open_tools: OpenTools) -> None:
    """Adds ``archive``."""

    @cli.command("archive")
    def archive_command(
        month: Annotated[str, typer.Argument(help="Like 2024-03, a month of UTC.")],
        to: Annotated[Path, typer.Option("--to", exists=True, file_okay=False, writable=True)],
        keep_months: Annotated[
            int, typer.Option(min=1, help="How long tenants read their call history (R64).")
        ] = MONTHS_KEPT,
    ) -> None:
        """Move a month's calls into one Parquet file a provider; totals and invoices stay as they are."""
        run_tool(_archive(open_tools, month, to, keep_months))


async def _archive(open_tools: OpenTools, month: str, folder: Path, keep_months: int) -> None:
    console = Console()
    wanted = _month(month)
    bar = Progress(TextColumn("{task.description}"), MofNCompleteColumn(), console=console)
    async with open_tools() as tools:
        with bar:
            task = bar.add_task(f"calls of {wanted:%Y-%m}", total=None)
            async with tools.open_work() as work:
                files = await archive_month(
                    work,
                    wanted,
                    folder,
                    now=datetime.now(UTC),
                    months_kept=keep_months,
                    late_window=tools.late_window,
                    progress=lambda calls: bar.advance(task, calls),
                )
    for one in files:
        console.print(f"{one.path}: {one.calls} calls, {one.billed_seconds} billed seconds", soft_wrap=True)
    console.print(
        "Checked against the table, which is gone now. Read a file back with any Parquet reader, for example"
        f" pyarrow.parquet.read_table({str(files[0].path if files else folder)!r}).",
        soft_wrap=True,
    )
