"""One running stack for all journeys."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Servers, six services, simulator and mail sink, in a folder of their own; gone at the end."""
    state = Path(tempfile.mkdtemp(prefix="tollgate-journey-"))
    # The servers' own system users pass through it.
    state.chmod(0o711)
    running = Stack(state)
    try:
        running.up()
        yield running
    finally:
        running.down()
        running.forget()
        shutil.rmtree(state, ignore_errors=True)
