"""What a command has at hand: the API, who is meant by a name, and how to show an answer."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx
import typer
from rich.console import Console

from tollgate import shown
from tollgate.api import Api
from tollgate.errors import WrongUse
from tollgate.settings import ClientSettings

WIDTH = 4000


class Session:
    """``transport`` and ``rest`` stand in for the network and for waiting in tests."""

    transport: httpx.BaseTransport | None = None
    rest: Callable[[float], None] | None = None

    def __init__(self, settings: ClientSettings, *, as_json: bool) -> None:
        self.settings = settings
        self.as_json = as_json
        # As wide as what is shown: a line that the terminal wraps can be copied, a figure cut in two cannot be read.
        self.console = Console(highlight=False, width=WIDTH)

    @cached_property
    def api(self) -> Api:
        """Made when a command first asks: help needs no token."""
        if self.rest is None:
            return Api(self.settings, transport=self.transport)
        return Api(self.settings, transport=self.transport, rest=self.rest)

    def tenant(self, word: str) -> str:
        """The id of a tenant by id or slug. Raises ``WrongUse``."""
        return self._found(word, "tenant", "/tenants", "tenants", "slug", "tenant_id")

    def plan(self, word: str) -> str:
        """The id of a plan by id or name. Raises ``WrongUse``."""
        return self._found(word, "plan", "/plans", "plans", "name", "plan_id")

    def _found(self, word: str, what: str, path: str, rows: str, name: str, key: str) -> str:
        if _is_id(word):
            return word
        listed = self.api.pages(path, rows=rows)[rows]
        ids = {str(row[key]) for row in listed if row.get(name) == word}
        if len(ids) == 1:
            return ids.pop()
        if ids:
            raise WrongUse(f"More than one {what} is called {word!r}; give its id.")
        raise WrongUse(f"There is no {what} {word!r}; `tollgate {what}s list` shows them.")

    def show(self, answer: Any, *, rows: str | None = None, columns: str = "") -> None:
        """As JSON if that is wanted; else ``rows`` of the answer as a table of ``columns``, or all of it by name."""
        if self.as_json:
            typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        elif rows is not None:
            shown.table(self.console, answer.get(rows) or [], columns.split())
            if answer.get("next"):
                typer.echo("There are more: raise --limit.", err=True)
        elif answer is None:
            typer.echo("Done.")
        else:
            shown.document(self.console, answer)


def _is_id(word: str) -> bool:
    try:
        UUID(word)
    except ValueError:
        return False
    return True
