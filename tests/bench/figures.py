"""What was measured, as one table. Nothing here judges a figure: machines differ, and a busy one is no defect."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile. Raises ValueError when nothing was measured."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


@dataclass(frozen=True)
class Row:
    """One measurement. ``load`` is the machine's one-minute load average while it was taken."""

    measured: str
    figure: str
    goal: str
    beside: str
    load: str


@dataclass
class Figures:
    """Collects rows in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)

    def add(self, measured: str, figure: str, *, goal: str = "", beside: str = "") -> None:
        self.rows.append(Row(measured, figure, goal, beside, f"{os.getloadavg()[0]:.1f}"))

    def show(self) -> None:
        table = Table("measured", "figure", "goal", "beside it", "load", title=_machine())
        for row in self.rows:
            table.add_row(row.measured, row.figure, row.goal, row.beside, row.load)
        # A pipe has no width of its own; 80 columns would break every cell.
        console = Console()
        Console(width=max(console.width, 150)).print(table)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    infra = os.environ.get("INFRA") or "auto"
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, INFRA={infra}"
