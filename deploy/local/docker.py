"""PostgreSQL and RabbitMQ as containers of the root docker-compose.yml (INFRA=docker)."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.native_postgres import new_password
from deploy.local.ports import PortBook
from deploy.local.probes import broker_answers, postgres_answers
from deploy.local.process import wait_until

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
START_SECONDS = 180.0
_SERVERS = ("postgres", "rabbitmq")


def engine_answers() -> bool:
    """Whether a Docker engine answers this user."""
    if shutil.which("docker") is None:
        return False
    try:
        return (
            subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
        )
    except subprocess.TimeoutExpired:
        return False


def compose_command() -> list[str]:
    """`docker compose` (version 2) or `docker-compose` (version 1), whichever is here."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is not None:
        return ["docker-compose"]
    raise LocalError(
        "Docker is here but compose is not: install docker-compose-v2 (or docker-compose), or use INFRA=native"
    )


class ComposeProject:
    """One compose project of this checkout: a name of its own, so that several may run at once."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self.name = name
        self._environment = environment
        self._command = compose_command()

    def run(self, arguments: Sequence[str], *, seconds: float = 600, show: bool = False) -> str:
        """Run compose with these arguments; raise LocalError with its last lines when it fails."""
        command = [*self._command, "-p", self.name, "-f", str(COMPOSE_FILE), *arguments]
        try:
            done = subprocess.run(
                command,
                env={
                    **os.environ,
                    "DOCKER_BUILDKIT": "0",
                    "COMPOSE_DOCKER_CLI_BUILD": "0",
                    **self._environment,
                },
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=None if show else subprocess.PIPE,
                stderr=None if show else subprocess.PIPE,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise LocalError(f"`{' '.join(command)}` took more than {seconds:.0f} s") from late
        if done.returncode != 0:
            last = "" if show else "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
            raise LocalError(f"`{' '.join(command)}` failed:\n{last}")
        return done.stdout or ""


def project_name(state: Path) -> str:
    """The compose project of a state folder."""
    return f"tollgate-{hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:10]}"


class DockerServers:
    """Both servers as containers. Addresses are remembered in the state folder, data in the project's volumes."""

    kind = "docker"

    def __init__(self, state: Path) -> None:
        state = state.resolve()
        state.mkdir(parents=True, exist_ok=True)
        running = _is_up(project_name(state))
        book = PortBook(state)
        ports = {
            name: book.port(name, in_use_is_ours=running)
            for name in ("postgres", "broker", "broker_management")
        }
        password = _remembered_password(state)
        self.postgres_admin_url = f"postgresql://postgres:{password}@127.0.0.1:{ports['postgres']}/postgres"
        self.broker_url = f"amqp://tollgate:{password}@127.0.0.1:{ports['broker']}/"
        self.management_url = f"http://tollgate:{password}@127.0.0.1:{ports['broker_management']}"
        self._project = ComposeProject(
            project_name(state),
            {
                "TOLLGATE_POSTGRES_PORT": str(ports["postgres"]),
                "TOLLGATE_BROKER_PORT": str(ports["broker"]),
                "TOLLGATE_BROKER_MANAGEMENT_PORT": str(ports["broker_management"]),
                "TOLLGATE_POSTGRES_PASSWORD": password,
                "TOLLGATE_BROKER_PASSWORD": password,
            },
        )

    def start(self) -> None:
        """Start both and return when both answer. Raises LocalError with compose's own words."""
        self._project.run(["up", "-d", *_SERVERS])
        self._await_postgres()
        self._await_broker()

    def start_postgres(self) -> None:
        """Start PostgreSQL and wait until it answers."""
        self._project.run(["up", "-d", "--no-deps", "postgres"])
        self._await_postgres()

    def start_broker(self) -> None:
        """Start RabbitMQ and wait until it answers."""
        self._project.run(["up", "-d", "--no-deps", "rabbitmq"])
        self._await_broker()

    def kill_postgres(self) -> None:
        """kill -9 the PostgreSQL container's processes."""
        self._project.run(["kill", "-s", "SIGKILL", "postgres"])

    def kill_broker(self) -> None:
        """kill -9 the RabbitMQ container's processes."""
        self._project.run(["kill", "-s", "SIGKILL", "rabbitmq"])

    def stop(self) -> None:
        """Stop both cleanly; data and addresses stay."""
        self._project.run(["stop", *_SERVERS])

    def forget(self) -> None:
        """Remove the containers, their network and their data."""
        self._project.run(["down", "-v", "--remove-orphans"])

    def _await_postgres(self) -> None:
        wait_until(
            lambda: postgres_answers(self.postgres_admin_url),
            START_SECONDS,
            lambda: self._complaint("postgres"),
        )

    def _await_broker(self) -> None:
        wait_until(
            lambda: broker_answers(self.broker_url, self.management_url),
            START_SECONDS,
            lambda: self._complaint("rabbitmq"),
        )

    def _complaint(self, service: str) -> str:
        log = self._project.run(["logs", "--tail=12", service])
        return f"the {service} container did not come up in {START_SECONDS:.0f} s:\n{log}"


def _is_up(project: str) -> bool:
    command = ["docker", "ps", "-q", "--filter", f"label=com.docker.compose.project={project}"]
    return bool(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip())


def _remembered_password(state: Path) -> str:
    file = state / "docker.json"
    if file.exists():
        return str(json.loads(file.read_text())["password"])
    password = new_password()
    file.touch(mode=0o600)
    file.write_text(json.dumps({"password": password}) + "\n")
    return password
