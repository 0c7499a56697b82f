"""The process manager of a stack, with small programs in the services' place."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import LocalError
from deploy.local.process import Program
from deploy.local.supervision import Supervisor, leftovers

pytestmark = pytest.mark.integration


def eventually(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Return when the condition holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """A manager with one program that runs and one that fails at its start."""
    state = tmp_path / ("deep" * 20)
    state.mkdir()
    manager = Supervisor(state)
    patient = "import os, time; print(os.environ['WORD'], flush=True); time.sleep(600)"
    programs = [
        Program(
            "patient", [sys.executable, "-c", patient], {"WORD": "100 % sure"}, state, state / "patient.log"
        ),
        Program("broken", [sys.executable, "-c", "raise SystemExit('no')"], {}, state, state / "broken.log"),
    ]
    manager.launch([], programs)
    manager.start_services()
    eventually(lambda: manager.processes()["patient"].state == "RUNNING")
    yield manager
    manager.stop()


def test_killed_process_comes_back(supervisor: Supervisor) -> None:
    """kill -9 of one process is answered with a new one within a few seconds."""
    old = supervisor.kill("patient")
    eventually(lambda: supervisor.processes()["patient"].pid not in (None, old), seconds=4)
    assert not psutil.pid_exists(old) or psutil.Process(old).status() == psutil.STATUS_ZOMBIE


def test_stopped_process_stays_stopped_until_it_is_started(supervisor: Supervisor) -> None:
    """A test may hold one service down for a while."""
    supervisor.stop_process("patient")
    assert supervisor.processes()["patient"].state == "STOPPED"
    supervisor.start_process("patient")
    eventually(lambda: supervisor.processes()["patient"].state == "RUNNING")


def test_settings_reach_the_process_and_its_words_the_log(supervisor: Supervisor) -> None:
    """Characters that mean something to the manager's configuration arrive as they are."""
    log = supervisor.processes()["patient"].log
    eventually(lambda: log.exists() and "100 % sure" in log.read_text())


def test_failing_process_is_told_apart(supervisor: Supervisor) -> None:
    """What cannot start is tried again, and is never called running."""
    eventually(lambda: supervisor.processes()["broken"].state in ("BACKOFF", "STARTING"))
    eventually(lambda: "no" in supervisor.processes()["broken"].log.read_text())


def test_unknown_process_is_named(supervisor: Supervisor) -> None:
    """The message lists the ones there are."""
    with pytest.raises(LocalError, match="there are broken, patient"):
        supervisor.kill("patent")


def test_stop_ends_what_outlived_its_manager(supervisor: Supervisor) -> None:
    """After kill -9 of the manager itself nothing is left running."""
    patient = supervisor.processes()["patient"].pid
    assert patient is not None
    manager = int((supervisor.state / "supervisord.pid").read_text())
    os.kill(manager, signal.SIGKILL)
    eventually(lambda: not supervisor.is_up())
    assert patient in leftovers(supervisor.state)
    supervisor.stop()
    assert leftovers(supervisor.state) == []


def test_setting_that_would_break_the_configuration_is_refused(tmp_path: Path) -> None:
    """Nobody can add a line to the manager's configuration by a setting."""
    program = Program("p", ["true"], {"WORD": 'a"\ncommand=evil'}, tmp_path, tmp_path / "p.log")
    with pytest.raises(LocalError, match="double quotes"):
        Supervisor(tmp_path).launch([], [program])
