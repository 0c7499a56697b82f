"""A private PostgreSQL of one state folder, from the system's packages."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.probes import postgres_answers
from deploy.local.process import Program

ADMIN = "postgres"
# Room for six services' pools on a small machine; durability stays at PostgreSQL's safe defaults (fsync on).
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "max_wal_size": "2GB",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_min_duration_statement": "1000",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
    "cluster_name": "tollgate",
}


@dataclass(frozen=True)
class PostgresHome:
    """Where the cluster lives and how it is reached."""

    programs: Path
    data: Path
    log: Path
    port: int
    password: str

    @property
    def admin_url(self) -> str:
        """The superuser's address: postgresql://user:password@host:port/database."""
        return f"postgresql://{ADMIN}:{self.password}@127.0.0.1:{self.port}/postgres"


def service_user() -> str | None:
    """The system user to run as: PostgreSQL refuses root; anyone else runs it as themselves."""
    return "postgres" if os.geteuid() == 0 else None


def new_password() -> str:
    """A password that needs no quoting in a URL or a configuration file."""
    return secrets.token_hex(16)


def create(home: PostgresHome) -> None:
    """Make the cluster when there is none. A half-made one is removed first."""
    if (home.data / "PG_VERSION").exists() and (home.data / "tollgate.ready").exists():
        _refuse_other_version(home)
        _drop_stale_pid_file(home)
        return
    if home.data.exists():
        shutil.rmtree(home.data)
    user = service_user()
    home.data.parent.mkdir(parents=True, exist_ok=True)
    home.data.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=home.data.parent, prefix=".password-") as secret:
        secret.write(home.password + "\n")
        secret.flush()
        if user is not None:
            entry = pwd.getpwnam(user)
            for path in (str(home.data), secret.name):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        command = [
            str(home.programs / "initdb"),
            "-D",
            str(home.data),
            "-U",
            ADMIN,
            f"--pwfile={secret.name}",
        ]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(command, capture_output=True, text=True, user=user, cwd=home.data, check=False)
    if done.returncode != 0:
        raise LocalError(f"initdb failed in {home.data}:\n{done.stdout}{done.stderr}")
    (home.data / "tollgate.ready").touch()


def _refuse_other_version(home: PostgresHome) -> None:
    made_by = (home.data / "PG_VERSION").read_text().strip()
    installed = home.programs.parent.name
    if made_by != installed:
        raise LocalError(
            f"{home.data} was made by PostgreSQL {made_by}, installed is {installed}: run `make clean` to start afresh"
        )


def _drop_stale_pid_file(home: PostgresHome) -> None:
    """After a reboot another process may carry the number in postmaster.pid, and PostgreSQL would refuse to start."""
    pid_file = home.data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = pid_file.read_text().split("\n", 1)[0].strip()
    command = Path("/proc") / pid / "cmdline"
    if not command.exists() or str(home.data).encode() not in command.read_bytes():
        pid_file.unlink()


def program(home: PostgresHome) -> Program:
    """The server as a foreground process. INT is PostgreSQL's fast shutdown."""
    argv = [str(home.programs / "postgres"), "-D", str(home.data), "-p", str(home.port)]
    for name, value in _SETTINGS.items():
        argv += ["-c", f"{name}={value}"]
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TZ": "UTC"}
    return Program(
        "postgres",
        argv,
        environment,
        home.data,
        home.log,
        stop_signal="INT",
        user=service_user(),
        priority=10,
    )


def is_ready(home: PostgresHome) -> bool:
    """Whether the server takes connections."""
    return postgres_answers(home.admin_url)
