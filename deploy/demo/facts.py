"""What was observed: each fact by name, true or false, with its figures beside it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Facts:
    """Collects facts; nothing is true before it was seen."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, name: str, holds: bool, **figures: Any) -> None:
        """Records a fact. One that was seen false stays false."""
        before = self.found.get(name, {"holds": True})
        self.found[name] = {"holds": bool(before["holds"] and holds), **figures}

    def same(self, name: str, *, expected: Any, actual: Any, **figures: Any) -> None:
        """A fact that is true when two independently found figures agree."""
        self.note(name, expected == actual, expected=expected, actual=actual, **figures)

    @property
    def all_hold(self) -> bool:
        return bool(self.found) and all(fact["holds"] for fact in self.found.values())

    def write(self, file: Path, **about: Any) -> None:
        document = {"all_hold": self.all_hold, **about, "facts": self.found}
        unfinished = file.with_suffix(".tmp")
        unfinished.write_text(json.dumps(document, indent=1, default=str) + "\n")
        unfinished.rename(file)

    def show(self, console: Console) -> None:
        table = Table("fact", "seen", "figures", title="The demonstration month")
        for name, fact in self.found.items():
            figures = ", ".join(f"{key} {value}" for key, value in fact.items() if key != "holds")
            short = figures if len(figures) <= 110 else figures[:109] + "…"
            table.add_row(name.replace("_", " "), "yes" if fact["holds"] else "[bold red]NO[/]", short)
        console.print(table)
