"""What a killed test leaves behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sip.leashed import leashed

# Starts a program as the tests do, says its number, and hangs.
_STARTS = """
import subprocess, sys, time
print(subprocess.Popen(sys.argv[1:]).pid, flush=True)
time.sleep(60)
"""


def _runs(pid: int) -> bool:
    try:
        with Path(f"/proc/{pid}/stat").open() as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(leashed(["x"]) == ["x"], reason="this system has no setpriv")
def test_a_killed_test_takes_its_programs_along() -> None:
    """Killed outright, so that no clean-up of its own can run."""
    command = [sys.executable, "-c", _STARTS, *leashed(["sleep", "60"])]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        try:
            time.sleep(0.3)
            assert _runs(pid)
            starter.kill()
            starter.wait(10)
            give_up = time.monotonic() + 5
            while _runs(pid):
                assert time.monotonic() < give_up, "the program outlived its test"
                time.sleep(0.02)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
