"""The operator's command that lists suspicious calls."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from services.usage.entrypoints.advice import ON_THE_COMMAND_LINE, advice
from services.usage.entrypoints.tools import OpenTools, run_tool
from services.usage.use_cases.ports import FlaggedCall, QuarantinedRecord
from shared.ids import ProviderId


def add_flagged(cli: typer.Typer, open_tools: OpenTools) -> None:
    """Adds ``flagged``."""

    @cli.command("flagged")
    def flagged_command(
        provider: Annotated[UUID, typer.Option(help="The provider's id.")],
        flag: Annotated[str | None, typer.Option(help="Only these, like hold_over_90_percent.")] = None,
        limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    ) -> None:
        """Suspicious calls, newest first. They are billed, except those over 24 h, which wait (R14)."""
        found, waiting = run_tool(_flagged(open_tools, ProviderId(provider), flag, limit))
        # Ids are there to be copied: folded where the terminal is narrow, never cut.
        ids = (Column("call", overflow="fold"), Column("tenant", overflow="fold"))
        table = Table(*ids, "answered", "direction", "from", "to", "billed s", "flags")
        for one in found:
            call = one.call
            answered = call.answered_at.isoformat(timespec="seconds") if call.answered_at else ""
            table.add_row(
                str(call.call_id),
                str(one.tenant_id),
                answered,
                call.direction,
                call.from_number,
                call.to_number,
                str(call.billed_seconds),
                ", ".join(call.flags),
            )
        console = Console()
        console.print(table if found else "No call is flagged.")
        for record in waiting:
            detail = advice(record.reason, record.detail, ON_THE_COMMAND_LINE)
            console.print(f"waits: {record.quarantine_id}: {detail}", soft_wrap=True)


async def _flagged(
    open_tools: OpenTools, provider_id: ProviderId, flag: str | None, limit: int
) -> tuple[list[FlaggedCall], list[QuarantinedRecord]]:
    async with open_tools() as tools, tools.open_work() as work:
        found = await work.calls.flagged(provider_id, flag, None, limit)
        waiting = await work.quarantine.listed(
            provider_id, state="waiting", after=None, limit=limit, reason="over_24_hours"
        )
        return found, waiting
