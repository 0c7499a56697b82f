"""What the operator's commands work with, and how they end."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import typer

from services.usage.use_cases.ports import Numbering, OpenWork
from shared.errors import Refusal

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a command works with."""

    open_work: OpenWork
    numbering: Numbering
    late_window: timedelta


OpenTools = Callable[[], AbstractAsyncContextManager[Tools]]


def run_tool(work: Coroutine[Any, Any, R]) -> R:
    """Runs a coroutine; a refusal is one line, not a traceback."""
    try:
        return asyncio.run(work)
    except Refusal as refusal:
        typer.echo(refusal.message, err=True)
        raise typer.Exit(1) from None
