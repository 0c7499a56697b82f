"""Documents and exports on this machine, and things that people call by their number."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import typer

from tollgate.errors import WrongUse
from tollgate.session import Session

ENDING = {"facturx": "pdf", "cii": "xml", "ubl": "xml"}


@contextmanager
def writing(out: Path | None, otherwise: str) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all; ``-`` is standard output. Says where it is."""
    if out is not None and str(out) == "-":
        yield sys.stdout.buffer
        return
    path = out or Path(otherwise.replace("/", "-"))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tollgate-")
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    typer.echo(f"Wrote {path}.", err=True)


def named(session: Session, template: str, rows: str, key: str, tenant_id: str, word: str) -> str:
    """The id of one of a tenant's things by id or number. Raises ``WrongUse``."""
    try:
        UUID(word)
        return word
    except ValueError:
        pass
    listed = session.api.pages(template, rows=rows, query={"limit": 100}, tenant_id=tenant_id)[rows]
    for row in listed:
        if row.get("number") == word:
            return str(row[key])
    raise WrongUse(f"This tenant has none numbered {word!r}; `tollgate {rows} list` shows those there are.")
