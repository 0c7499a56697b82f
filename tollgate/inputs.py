"""What people type: amounts, documents from files. Wrong input is refused before anything is sent."""

import json
import re
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from shared.errors import Refusal
from shared.money import currency, exponent
from tollgate.errors import WrongUse

_AMOUNT = re.compile(r"(-?[0-9][0-9,]*(?:\.[0-9]+)?) ?([A-Za-z]{3})")

Data = Annotated[
    str | None,
    typer.Option("--data", help="JSON of the API's own shape: a text, @FILE, or @- for standard input."),
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many rows.")]
TenantWord = Annotated[str, typer.Argument(metavar="TENANT", help="Slug or id.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would follow; change nothing.")]
Reason = Annotated[str, typer.Option(help="Kept in the record; printed where the tenant sees it.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; - is standard output.")]


def amount(word: str) -> dict[str, Any]:
    """``20.00USD`` or ``"20.00 USD"`` as the API has it. Raises ``WrongUse``."""
    found = _AMOUNT.fullmatch(word.strip())
    if found is None:
        raise WrongUse(f"{word!r} is no amount; write it like 20.00USD.")
    try:
        code = currency(found[2].upper())
        value = Decimal(found[1].replace(",", ""))
    except (Refusal, InvalidOperation) as error:
        raise WrongUse(f"{word!r}: {getattr(error, 'message', 'no amount')}") from error
    minor = value.scaleb(exponent(code))
    if minor != minor.to_integral_value():
        raise WrongUse(f"{word!r} has more places than {code}, which has {exponent(code)}.")
    return {"minor": int(minor), "currency": code}


def data(word: str | None, **said: Any) -> dict[str, Any]:
    """A JSON object, with what options said over it. Raises ``WrongUse``."""
    body = _json(word) if word is not None else {}
    if not isinstance(body, dict):
        raise WrongUse("--data must be a JSON object: {…}")
    return {**body, **{name: value for name, value in said.items() if value is not None}}


def data_list(word: str) -> list[Any]:
    """A JSON array. Raises ``WrongUse``."""
    body = _json(word)
    if not isinstance(body, list):
        raise WrongUse("--data must be a JSON array: […]")
    return body


def needed(body: dict[str, Any]) -> dict[str, Any]:
    """Raises ``WrongUse`` where nothing was said at all."""
    if not body:
        raise WrongUse("Say what to set: by options, or with --data.")
    return body


def request_id() -> str:
    """A new one for each request that is meant."""
    return str(uuid4())


def _json(word: str) -> Any:
    try:
        if word == "@-":
            return json.loads(sys.stdin.read())
        if word.startswith("@"):
            return json.loads(Path(word[1:]).read_text(encoding="utf-8"))
        return json.loads(word)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"{word[1:]} cannot be read: {error}") from error
    except ValueError as error:
        raise WrongUse(f"--data is no JSON: {error}") from error
