"""PostgreSQL and RabbitMQ for tests from testcontainers (INFRA=docker)."""

import subprocess
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.rabbitmq import RabbitMqContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config

from deploy.local.ports import pick
from deploy.local.probes import broker_answers, postgres_answers
from deploy.local.process import wait_until

POSTGRES_IMAGE, RABBITMQ_IMAGE = "postgres:17-trixie", "rabbitmq:4.0-management"
START_SECONDS = 120.0
_PASSWORD = "for-tests-only"


class ContainerServers:
    """Both servers as containers on host ports of their own, which a killed container keeps when started again."""

    kind = "docker"

    def __init__(self) -> None:
        inspected = subprocess.run(
            ["docker", "image", "inspect", testcontainers_config.ryuk_image], capture_output=True, check=False
        )
        if inspected.returncode != 0:
            # Without the reaper image a run that ends normally still removes its containers itself.
            testcontainers_config.ryuk_disabled = True
        # The ports are published on this machine's loopback address alone.
        testcontainers_config.tc_host_override = "127.0.0.1"
        testcontainers_config.connection_mode_override = ConnectionMode.docker_host
        self._ports = {name: pick() for name in ("postgres", "broker", "management")}
        self.postgres_admin_url = (
            f"postgresql://postgres:{_PASSWORD}@127.0.0.1:{self._ports['postgres']}/postgres"
        )
        self.broker_url = f"amqp://tollgate:{_PASSWORD}@127.0.0.1:{self._ports['broker']}/"
        self.management_url = f"http://tollgate:{_PASSWORD}@127.0.0.1:{self._ports['management']}"
        self._postgres: Any = None
        self._broker: Any = None

    def _publish(self, container: Any, inside: int, name: str) -> None:
        """On the loopback address alone, which `with_bind_ports` cannot say."""
        container.ports[str(inside)] = ("127.0.0.1", self._ports[name])

    def start(self) -> None:
        """Start what does not run, and return when both answer."""
        self.start_postgres()
        self.start_broker()

    def start_postgres(self) -> None:
        """Start PostgreSQL; a killed one comes back with its data."""
        if self._postgres is None:
            self._postgres = PostgresContainer(
                POSTGRES_IMAGE, username="postgres", password=_PASSWORD, dbname="postgres", driver=None
            ).with_command("postgres -c max_connections=200")
            self._publish(self._postgres, 5432, "postgres")
            self._postgres.start()
        else:
            self._postgres.get_wrapped_container().start()
        wait_until(
            lambda: postgres_answers(self.postgres_admin_url),
            START_SECONDS,
            lambda: f"PostgreSQL's container did not come up:\n{_last_words(self._postgres)}",
        )

    def start_broker(self) -> None:
        """Start RabbitMQ; a killed one comes back with its data."""
        if self._broker is None:
            self._broker = (
                RabbitMqContainer(RABBITMQ_IMAGE, username="tollgate", password=_PASSWORD)
                .with_env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-rabbit collect_statistics_interval 1000")
                # A node's data is filed under its host name.
                .with_kwargs(hostname="rabbitmq")
            )
            self._publish(self._broker, 5672, "broker")
            self._publish(self._broker, 15672, "management")
            self._broker.start()
        else:
            self._broker.get_wrapped_container().start()
        wait_until(
            lambda: broker_answers(self.broker_url, self.management_url),
            START_SECONDS,
            lambda: f"RabbitMQ's container did not come up:\n{_last_words(self._broker)}",
        )

    def kill_postgres(self) -> None:
        """kill -9."""
        self._postgres.get_wrapped_container().kill()

    def kill_broker(self) -> None:
        """kill -9."""
        self._broker.get_wrapped_container().kill()

    def stop(self) -> None:
        """Remove both containers with their data."""
        for container in (self._broker, self._postgres):
            if container is not None:
                container.stop()
        self._broker = self._postgres = None


def _last_words(container: Any) -> str:
    out, err = container.get_logs()
    return "\n".join((out + err).decode(errors="replace").splitlines()[-12:])
