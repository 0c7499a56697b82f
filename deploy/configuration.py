"""Every setting of every service as one document, from the settings classes themselves."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from deploy.local.environment import SERVICES
from shared.settings import PREFIX, Settings

FILE = Path("docs/configuration.md")
_UNITS = ("seconds", "minutes", "hours", "days")
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "file"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_HEAD = """# Configuration

Written by `make docs` from the settings classes (`shared/settings.py`, `services/*/settings.py`); change those, not this file.

Every setting is an environment variable, read once when the process starts. A variable that is empty counts as not set.
A process that is misconfigured writes one line to standard error that names each wrong setting and what is wrong with it, never a
value of a secret, and ends with status 78 (EX_CONFIG): starting it again without a change is no use.

`serve` reads everything below; `migrate` and the commands that work on the database alone need only `TOLLGATE_DATABASE_URL` (usage's also
`TOLLGATE_LATE_WINDOW_DAYS`, where it is not the default), `dead …` only `TOLLGATE_BROKER_URL`. In Kubernetes secrets come by reference (deploy/kubernetes).
"""


class Undescribed(ValueError):
    """A setting without a meaning, or a number without a unit."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: what an operator may write into ``variable``. ``default`` None: it has to be set."""

    variable: str
    type: str
    default: str | None
    unit: str
    meaning: str
    secret: bool

    def row(self) -> str:
        cells = (
            f"`{self.variable}`",
            self.type,
            "**must be set**" if self.default is None else self.default,
            self.unit,
            self.meaning,
            "secret" if self.secret else "",
        )
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def settings_class(service: str) -> type[Settings]:
    """The one class that this service reads its environment into."""
    module = importlib.import_module(f"services.{service}.settings")
    (found,) = (
        made
        for _, made in inspect.getmembers(module, inspect.isclass)
        if issubclass(made, Settings) and made.__module__ == module.__name__
    )
    return found


def settings_of(read_into: type[Settings]) -> dict[str, Setting]:
    """By variable, in the order of the class; those of every service first."""
    return {(made := _setting(name, field)).variable: made for name, field in read_into.model_fields.items()}


def _setting(name: str, field: FieldInfo) -> Setting:
    if not field.description:
        raise Undescribed(f"{name}: give it a description, which operators read")
    kinds = list(_kinds(field.annotation))
    return Setting(
        variable=PREFIX + name.upper(),
        type=_type(kinds, field),
        default=_default(field),
        unit=_unit(name, field, kinds),
        meaning=field.description,
        secret=SecretStr in kinds,
    )


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types and literal values that an annotation allows, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    elif origin is Literal:
        yield from get_args(annotation)
    elif annotation is not NoneType:
        yield annotation


def _type(kinds: list[Any], field: FieldInfo) -> str:
    if all(isinstance(kind, str) for kind in kinds):
        return " or ".join(f"`{kind}`" for kind in kinds)
    name = " or ".join("text" if kind is SecretStr else _TYPES[kind] for kind in kinds)
    bounds = [
        f"{words} {getattr(rule, bound):,}"
        for rule in field.metadata
        for bound, words in _BOUNDS.items()
        if getattr(rule, bound, None) is not None
    ]
    return f"{name}, {', '.join(bounds)}" if bounds else name


def _default(field: FieldInfo) -> str | None:
    value = field.default
    if value is PydanticUndefined:
        return None
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _unit(name: str, field: FieldInfo, kinds: list[Any]) -> str:
    given = field.json_schema_extra
    if isinstance(given, dict) and "unit" in given:
        return str(given["unit"])
    last = name.rpartition("_")[2]
    if last in _UNITS:
        return last
    if int in kinds or float in kinds:
        raise Undescribed(f"{name}: say its unit, in the name's last word or with counts(…)")
    return ""


def document() -> str:
    """The whole of docs/configuration.md."""
    common = settings_of(Settings)
    parts = [_HEAD, _section("Every service", common.values())]
    for service in SERVICES:
        # A service that words a common setting anew shows it again.
        own = [
            setting
            for setting in settings_of(settings_class(service)).values()
            if common.get(setting.variable) != setting
        ]
        parts.append(_section(service.capitalize(), own))
    return "\n".join(parts)


def _section(title: str, settings: Any) -> str:
    head = "| variable | type | default | unit | meaning | secret |\n|---|---|---|---|---|---|"
    return f"## {title}\n\n{head}\n" + "\n".join(setting.row() for setting in settings) + "\n"


def main(file: Path = FILE) -> None:
    """Writes the document."""
    file.write_text(document())
