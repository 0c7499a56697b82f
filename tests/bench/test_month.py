"""The demonstration month at its full size. Long, so only on demand."""

import asyncio
import os
import time
import uuid

import pytest
from rich.console import Console

from deploy.demo.play import play
from tests.bench.conftest import Running
from tests.bench.figures import Figures

CALLS = 20_000
LONGEST_STEPS = 3


@pytest.mark.skipif(os.environ.get("BENCH_MONTH") != "1", reason="long; BENCH_MONTH=1 measures it")
async def test_the_demonstration_month(running: Running, figures: Figures) -> None:
    """What `make demo` plays, on a stack that is up; every fact is seen."""
    begun = time.monotonic()
    played = await asyncio.to_thread(
        play, running.stack.endpoints_file, CALLS, Console(quiet=True), suffix=f"-{uuid.uuid4().hex[:8]}"
    )
    taken = time.monotonic() - begun
    assert {name: fact for name, fact in played.facts.found.items() if not fact["holds"]} == {}
    longest = sorted(played.seconds.items(), key=lambda step: -step[1])[:LONGEST_STEPS]
    figures.add(
        f"the demonstration month of {CALLS:,} calls",
        f"{taken:.1f} s",
        goal="< 60 s",
        beside="; ".join(f"{what.split(':')[0]} {seconds:.1f} s" for what, seconds in longest),
    )
