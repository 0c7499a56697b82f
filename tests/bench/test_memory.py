"""What the six services hold in memory when they do nothing."""

import asyncio
import uuid

from rich.console import Console

from deploy.demo.play import play
from deploy.local.environment import SERVICES
from tests.bench.conftest import SETTLE_SECONDS, Running, proportional_mib, resident_mib
from tests.bench.figures import Figures

CALLS = 600


async def test_idle_memory(running: Running, figures: Figures) -> None:
    """Resident memory after start, and again after a month whose every fact was seen."""
    played = await asyncio.to_thread(
        play,
        running.stack.endpoints_file,
        CALLS,
        Console(quiet=True),
        suffix=f"-{uuid.uuid4().hex[:8]}",
    )
    assert {name: fact for name, fact in played.facts.found.items() if not fact["holds"]} == {}
    await asyncio.sleep(SETTLE_SECONDS)
    later = resident_mib(running.stack)
    for service in SERVICES:
        figures.add(
            f"idle memory of {service}",
            f"{running.mib_at_start[service]:.0f} MiB, then {later[service]:.0f} MiB",
            goal="< 150 MiB",
            beside=f"after start, then after a month of {CALLS} calls",
        )
    figures.add(
        "idle memory of the six",
        f"{sum(running.mib_at_start.values()):.0f} MiB, then {sum(later.values()):.0f} MiB",
        goal="< 700 MiB",
        beside=f"then {proportional_mib(running.stack):.0f} MiB with each shared page counted once",
    )
