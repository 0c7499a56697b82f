"""One private server process: how it is started, watched and ended, with or without a process manager."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import LocalError


@dataclass(frozen=True)
class Program:
    """What to run. `user` is set only when the caller is root and the program must not be."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    user: str | None = None
    # Lower starts earlier and stops later.
    priority: int = 500


def log_tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return "(no log was written)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    """Poll `ready` until true; after `seconds` raise LocalError with the complaint."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LocalError(complaint())
        time.sleep(0.05)


@dataclass
class RunningProgram:
    """A program started as a child of this process, in a process group of its own."""

    program: Program
    _child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Its process id, or None when it does not run."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self) -> None:
        """Start it; nothing happens when it runs already."""
        if self.pid is not None:
            return
        program = self.program
        entry = pwd.getpwnam(program.user) if program.user is not None else None
        with program.log.open("ab") as log:
            self._child = subprocess.Popen(
                list(program.argv),
                env=dict(program.environment),
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=entry.pw_uid if entry else None,
                group=entry.pw_gid if entry else None,
                extra_groups=[] if entry else None,
            )

    def stop(self) -> None:
        """Ask it to end, and kill its group when it does not within its time."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.send_signal(signal.Signals[f"SIG{self.program.stop_signal}"])
            try:
                self._child.wait(self.program.stop_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._child = None

    def kill(self) -> None:
        """kill -9, the whole group at once, as a machine's failure would."""
        if self._child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._child = None

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready`; when it ends or takes too long, raise with the log's last lines.

        A program that ends early is started again: after kill -9 the new server may meet the
        dying children of the old one and refuse.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{self.program.name} did not come up in {seconds:.0f} s; see {self.program.log}:\n"
                    + log_tail(self.program.log)
                )
            if self.pid is None:
                time.sleep(0.5)
                self.start()
            time.sleep(0.05)
