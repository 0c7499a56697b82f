"""The process manager of one state folder: supervisor, spoken to over its own unix socket."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.errors import LocalError
from deploy.local.process import Program, log_tail, wait_until

# Every process of a stack carries its state folder under this name; what a crash left over is found by it.
STACK_VARIABLE = "TOLLGATE_STACK"
SERVERS, SERVICES = "servers", "services"
# A unix socket's address has 107 usable bytes, and supervisor binds a temporary name with its pid added.
_SOCKET_BYTES_MAX = 95


@dataclass(frozen=True)
class ProcessInfo:
    """What the process manager knows of one process. `state` is supervisor's word: RUNNING, BACKOFF, FATAL…"""

    name: str
    group: str
    state: str
    pid: int | None
    log: Path


class Supervisor:
    """Starts, watches and stops the programs of one state folder; restarts what dies."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.configuration = self.state / "supervisord.conf"
        self.log = self.state / "log" / "supervisord.log"
        self._socket = _socket_path(self.state)

    def launch(self, servers: Sequence[Program], services: Sequence[Program]) -> None:
        """Write the configuration and start the manager with the servers; services wait for `start_services`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._socket.parent.stat().st_uid != os.geteuid():
            raise LocalError(
                f"{self._socket.parent} belongs to another user: use a checkout with a shorter path"
            )
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(self._render(servers, services))
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "PG", "TOLLGATE_", "ERL_"))
        }
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self.configuration)],
                cwd=self.state,
                env={**inherited, STACK_VARIABLE: str(self.state)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(
            lambda: self.is_up() or child.poll() is not None,
            20,
            lambda: f"the process manager did not come up; see {self.log}:\n{log_tail(self.log)}",
        )
        if child.poll() is not None:
            raise LocalError(f"the process manager ended at once; see {self.log}:\n{log_tail(self.log)}")

    def is_up(self) -> bool:
        """Whether the manager answers on its socket."""
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def start_services(self) -> None:
        """Start every service process, without waiting for any."""
        self._call("startProcessGroup", SERVICES, False)

    def processes(self) -> dict[str, ProcessInfo]:
        """Every process by name."""
        rows: list[Mapping[str, Any]] = self._call("getAllProcessInfo")
        return {
            row["name"]: ProcessInfo(
                row["name"], row["group"], row["statename"], row["pid"] or None, Path(row["stdout_logfile"])
            )
            for row in rows
        }

    def kill(self, name: str) -> int:
        """kill -9 one process; returns the pid it had. The manager starts it again within about a second."""
        info = self._known(name)
        if info.pid is None:
            raise LocalError(f"{name} does not run ({info.state}); its log is {info.log}")
        os.kill(info.pid, signal.SIGKILL)
        return info.pid

    def stop_process(self, name: str) -> None:
        """Stop one process and keep it stopped until `start_process`."""
        info = self._known(name)
        self._call("stopProcess", f"{info.group}:{name}", True)

    def start_process(self, name: str) -> None:
        """Start one process again."""
        info = self._known(name)
        self._call("startProcess", f"{info.group}:{name}", False)

    def stop(self) -> None:
        """Stop everything in order, services before servers, then the manager; then what a crash left over."""
        if self.is_up():
            with contextlib.suppress(OSError, xmlrpc.client.Error):
                self._call("shutdown")
            with contextlib.suppress(LocalError):
                wait_until(lambda: not self._socket.exists() and not self.is_up(), 90, lambda: "")
        end_leftovers(self.state)
        self._socket.unlink(missing_ok=True)

    def _known(self, name: str) -> ProcessInfo:
        known = self.processes()
        if name not in known:
            raise LocalError(f"no process {name!r} in {self.state}; there are {', '.join(sorted(known))}")
        return known[name]

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _render(self, servers: Sequence[Program], services: Sequence[Program]) -> str:
        sections = [
            f"[unix_http_server]\nfile = {_ini(str(self._socket))}\nchmod = 0600",
            "[supervisord]\n"
            f"logfile = {_ini(str(self.log))}\nlogfile_maxbytes = 5MB\nlogfile_backups = 1\nnodaemon = true\n"
            f"pidfile = {_ini(str(self.state / 'supervisord.pid'))}\n"
            # The host's limits are often lower than what a server of hundreds of connections may open.
            "minfds = 1024\n" + ("user = root\n" if os.geteuid() == 0 else ""),
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        ]
        for group, programs, autostart, priority in (
            (SERVERS, servers, True, 10),
            (SERVICES, services, False, 500),
        ):
            if not programs:
                continue
            names = ",".join(program.name for program in programs)
            sections.append(f"[group:{group}]\nprograms = {names}\npriority = {priority}")
            sections += [_section(program, self.state, autostart) for program in programs]
        return "\n\n".join(sections) + "\n"


def _ini(value: str) -> str:
    """A value of supervisor's configuration: it expands %, and quotes cannot be escaped in it."""
    if any(character in value for character in '"\n\r'):
        raise LocalError(f"a setting may hold neither double quotes nor line breaks: {value[:40]!r}")
    return value.replace("%", "%%")


def _section(program: Program, state: Path, autostart: bool) -> str:
    # Two arenas: glibc's default of eight a core keeps memory of threads that rendered a PDF once.
    surroundings = {STACK_VARIABLE: str(state), "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    environment = {**program.environment, **surroundings}
    pairs = ",".join(f'{name}="{_ini(value)}"' for name, value in environment.items())
    command = " ".join(f'"{_ini(word)}"' for word in program.argv)
    lines = [
        f"[program:{program.name}]",
        f"command = {command}",
        f"directory = {_ini(str(program.folder))}",
        f"environment = {pairs}",
        f"autostart = {str(autostart).lower()}",
        "autorestart = true",
        # What ran for a second is started again at once; what dies sooner, after a wait that grows by a second.
        "startsecs = 1",
        "startretries = 1000",
        f"stopsignal = {program.stop_signal}",
        f"stopwaitsecs = {program.stop_seconds}",
        "stopasgroup = true",
        "killasgroup = true",
        "redirect_stderr = true",
        f"stdout_logfile = {_ini(str(program.log))}",
        "stdout_logfile_maxbytes = 20MB",
        "stdout_logfile_backups = 1",
    ]
    if program.user is not None:
        lines.append(f"user = {program.user}")
    return "\n".join(lines)


def _socket_path(state: Path) -> Path:
    inside = state / "supervisor.sock"
    if len(os.fsencode(inside)) <= _SOCKET_BYTES_MAX:
        return inside
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    # In the shared folder only below a folder of one's own: `launch` makes it 0700 and refuses another user's.
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/tollgate-{os.geteuid()}")  # noqa: S108
    return runtime / f"tollgate-{name}.sock"


def leftovers(state: Path) -> list[int]:
    """The processes of a stack that live on although their manager is gone."""
    mark = os.fsencode(f"{STACK_VARIABLE}={state.resolve()}")
    found = {
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if mark in _environment_of(entry).split(b"\0")
    }
    found |= _postmasters(state)
    return sorted(found - {os.getpid()})


def _environment_of(entry: Path) -> bytes:
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""


def _postmasters(state: Path) -> set[int]:
    """PostgreSQL overwrites its environment with its process title: found by its pid file instead."""
    known = state / "servers.json"
    if not known.exists():
        return set()
    data = Path(json.loads(known.read_text()).get("data_folder", state / "data")) / "postgres"
    try:
        pid = (data / "postmaster.pid").read_text().split("\n", 1)[0].strip()
        command = (Path("/proc") / pid / "cmdline").read_bytes()
    except OSError:
        return set()
    return {int(pid)} if os.fsencode(data) in command else set()


def end_leftovers(state: Path, seconds: float = 15) -> None:
    """Ask what is left of a stack to end, and kill what does not in time. PostgreSQL takes INT as a fast shutdown."""
    postmasters = _postmasters(state)
    for pid in leftovers(state):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if pid in postmasters else signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while left := leftovers(state):
        if time.monotonic() > deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
        time.sleep(0.1)
