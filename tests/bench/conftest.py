"""One running stack for the measurements, and their table at the end."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deploy.demo.cast import StagedProvider
from deploy.local.environment import SERVICES
from deploy.local.stack import Stack
from tests.bench.cast import BenchStage, staged_provider
from tests.bench.figures import Figures

_FIGURES = pytest.StashKey[Figures]()
MIB = 1024 * 1024
# Imports and first connections are over by then.
SETTLE_SECONDS = 3.0


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = Figures()


def pytest_terminal_summary(config: pytest.Config) -> None:
    figures = config.stash[_FIGURES]
    if figures.rows:
        figures.show()


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[_FIGURES]


def service_process(stack: Stack, service: str) -> psutil.Process:
    """The service's process as it runs now."""
    pid = stack.supervisor.processes()[service].pid
    assert pid is not None, f"{service} does not run"
    return psutil.Process(pid)


def _families(stack: Stack) -> dict[str, list[psutil.Process]]:
    found: dict[str, list[psutil.Process]] = {}
    for service in SERVICES:
        process = service_process(stack, service)
        found[service] = [process, *process.children(recursive=True)]
    return found


def resident_mib(stack: Stack) -> dict[str, float]:
    """Resident memory of each service's process and its children; pages of shared libraries count in each."""
    return {
        service: sum(one.memory_info().rss for one in family) / MIB
        for service, family in _families(stack).items()
    }


def proportional_mib(stack: Stack) -> float:
    """Memory of all services together, each shared page once (PSS)."""
    shares = [int(one.memory_full_info().pss) for family in _families(stack).values() for one in family]
    return sum(shares) / MIB


@dataclass(frozen=True)
class Running:
    """A stack and what its services held when they had just started; MiB."""

    stack: Stack
    mib_at_start: dict[str, float]
    seconds_to_start: float


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Servers, six services, simulator and mail sink, in a folder of their own; gone at the end."""
    state = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    # The servers' own system users pass through it.
    state.chmod(0o711)
    stack = Stack(state)
    try:
        begun = time.monotonic()
        stack.up()
        taken = time.monotonic() - begun
        time.sleep(SETTLE_SECONDS)
        yield Running(stack, resident_mib(stack), taken)
    finally:
        stack.down()
        stack.forget()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
async def staged(running: Running) -> AsyncIterator[BenchStage]:
    """A provider on a test clock whose tenants left their first invoice unpaid until they were suspended."""
    async with staged_provider(running.stack.endpoints_file) as stage:
        yield stage


@pytest.fixture(scope="session")
def provider(staged: BenchStage) -> StagedProvider:
    return staged.provider
