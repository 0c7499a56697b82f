"""One running stack for all journeys."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.support.trace_collector import TraceCollector


@pytest.fixture(scope="session")
def traces() -> Iterator[TraceCollector]:
    """Where the services of the journeys export their spans."""
    with TraceCollector() as collector:
        yield collector


@pytest.fixture(scope="session")
def stack(traces: TraceCollector) -> Iterator[Stack]:
    """Servers, six services, simulator and mail sink, in a folder of their own; gone at the end."""
    state = Path(tempfile.mkdtemp(prefix="tollgate-journey-"))
    # The servers' own system users pass through it.
    state.chmod(0o711)
    running = Stack(state)
    os.environ["TOLLGATE_OTLP_ENDPOINT"] = traces.endpoint
    try:
        running.up()
        yield running
    finally:
        os.environ.pop("TOLLGATE_OTLP_ENDPOINT", None)
        running.down()
        running.forget()
        shutil.rmtree(state, ignore_errors=True)
