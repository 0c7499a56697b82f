"""PostgreSQL and RabbitMQ as private processes of one state folder (INFRA=native)."""

import json
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local import native_broker, native_postgres, packages
from deploy.local.native_broker import BrokerHome
from deploy.local.native_postgres import PostgresHome
from deploy.local.ports import PortBook
from deploy.local.process import Program, RunningProgram

START_SECONDS = 90.0


@dataclass(frozen=True)
class NativeHomes:
    """Both servers' homes in one state folder."""

    postgres: PostgresHome
    broker: BrokerHome

    def programs(self) -> list[Program]:
        """What a process manager has to run."""
        return [native_postgres.program(self.postgres), native_broker.program(self.broker)]

    def is_ready(self) -> bool:
        """Whether both servers answer."""
        return native_postgres.is_ready(self.postgres) and native_broker.is_ready(self.broker)


def prepare(state: Path, *, running: bool = False) -> NativeHomes:
    """Make (once) and describe the servers of a state folder; install the packages when missing.

    `running` says that the servers may be up already, so that their ports in use are not a stranger's.
    Raises LocalError with what to do.
    """
    state = state.resolve()
    log = state / "log"
    log.mkdir(parents=True, exist_ok=True)
    postgres_programs, rabbitmq_script = packages.ensure_servers()
    packages.ensure_fonts()
    known = _remembered(state)
    data = _data_folder(state, known)
    book = PortBook(state)
    homes = NativeHomes(
        PostgresHome(
            postgres_programs,
            data / "postgres",
            log / "postgres.log",
            book.port("postgres", in_use_is_ours=running),
            known["postgres_password"],
        ),
        BrokerHome(
            rabbitmq_script,
            data / "rabbitmq",
            log / "rabbitmq.log",
            book.port("broker", in_use_is_ours=running),
            book.port("broker_management", in_use_is_ours=running),
            book.port("broker_distribution", in_use_is_ours=running),
            book.port("broker_epmd", in_use_is_ours=True),
            known["broker_password"],
            known["broker_cookie"],
        ),
    )
    native_postgres.create(homes.postgres)
    native_broker.create(homes.broker)
    return homes


def _remembered(state: Path) -> dict[str, str]:
    """The secrets of this state folder's servers, made at the first call. Readable by the owner alone."""
    file = state / "servers.json"
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text())
        return known
    known = {
        "postgres_password": native_postgres.new_password(),
        "broker_password": native_postgres.new_password(),
        "broker_cookie": native_broker.new_cookie(),
    }
    _remember(state, known)
    return known


def _remember(state: Path, known: dict[str, str]) -> None:
    file = state / "servers.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(known, indent=1) + "\n")


def _data_folder(state: Path, known: dict[str, str]) -> Path:
    """Where the servers' data is: in the state folder, unless their system users cannot go there.

    Root's checkout may lie under a folder that only root may enter, and PostgreSQL refuses to be root.
    """
    if "data_folder" in known:
        return Path(known["data_folder"])
    users = [
        user for user in (native_postgres.service_user(), native_broker.service_user()) if user is not None
    ]
    folder = state / "data"
    folder.mkdir(exist_ok=True)
    if not all(_can_enter(user, folder) for user in users):
        folder = Path(tempfile.mkdtemp(prefix="tollgate-", dir="/var/tmp"))
        folder.chmod(0o711)
    known["data_folder"] = str(folder)
    _remember(state, known)
    return folder


def _can_enter(user: str, folder: Path) -> bool:
    entry = pwd.getpwnam(user)
    probe = ["test", "-x", str(folder)]
    done = subprocess.run(
        probe,
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def forget(state: Path) -> None:
    """Remove the servers' data of a state folder. They must be stopped."""
    file = state / "servers.json"
    if file.exists():
        shutil.rmtree(json.loads(file.read_text()).get("data_folder", state / "data"), ignore_errors=True)
        file.unlink()


class NativeServers:
    """Both servers as children of this process, for tests and scripts."""

    kind = "native"

    def __init__(self, state: Path) -> None:
        self._homes = prepare(state)
        postgres, broker = self._homes.programs()
        self._postgres, self._broker = RunningProgram(postgres), RunningProgram(broker)
        self.postgres_admin_url = self._homes.postgres.admin_url
        self.broker_url = self._homes.broker.url
        self.management_url = self._homes.broker.management_url

    def start(self) -> None:
        """Start what does not run, and return when both answer. Raises LocalError naming the log."""
        self._postgres.start()
        self._broker.start()
        self._postgres.await_ready(lambda: native_postgres.is_ready(self._homes.postgres), START_SECONDS)
        self._broker.await_ready(lambda: native_broker.is_ready(self._homes.broker), START_SECONDS)

    def start_postgres(self) -> None:
        """Start PostgreSQL and wait until it answers."""
        self._postgres.start()
        self._postgres.await_ready(lambda: native_postgres.is_ready(self._homes.postgres), START_SECONDS)

    def start_broker(self) -> None:
        """Start RabbitMQ and wait until it answers."""
        self._broker.start()
        self._broker.await_ready(lambda: native_broker.is_ready(self._homes.broker), START_SECONDS)

    def kill_postgres(self) -> None:
        """kill -9 PostgreSQL; its backends end when they notice."""
        self._postgres.kill()

    def kill_broker(self) -> None:
        """kill -9 the RabbitMQ node."""
        self._broker.kill()

    def stop(self) -> None:
        """Close both cleanly. The data stays; `start` brings them back at the same addresses."""
        self._broker.stop()
        native_broker.end_port_mapper(self._homes.broker)
        self._postgres.stop()
