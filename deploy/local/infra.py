"""The servers under Tollgate: PostgreSQL and RabbitMQ, native or in containers, behind one interface."""

import os
from pathlib import Path
from typing import Literal, Protocol

from deploy.local import native
from deploy.local.docker import DockerServers, engine_answers
from deploy.local.errors import LocalError
from deploy.local.native import NativeServers

Kind = Literal["native", "docker"]


class Servers(Protocol):
    """PostgreSQL and RabbitMQ of one state folder. All calls block; in a coroutine use `asyncio.to_thread`."""

    kind: str
    # postgresql://postgres:password@127.0.0.1:port/postgres, a superuser
    postgres_admin_url: str
    # amqp://user:password@127.0.0.1:port/ (vhost `/`), an administrator
    broker_url: str
    # http://user:password@127.0.0.1:port, the management API without its `/api`
    management_url: str

    def start(self) -> None:
        """Start both; return when both answer."""

    def start_postgres(self) -> None:
        """Start PostgreSQL again; return when it answers."""

    def start_broker(self) -> None:
        """Start RabbitMQ again; return when it answers."""

    def kill_postgres(self) -> None:
        """kill -9."""

    def kill_broker(self) -> None:
        """kill -9."""

    def stop(self) -> None:
        """Stop both cleanly, keep the data."""


def choose(wanted: str | None = None) -> Kind:
    """What INFRA asks for: auto is docker where an engine answers, else native. Raises LocalError on another word."""
    wanted = wanted if wanted is not None else os.environ.get("INFRA") or "auto"
    if wanted == "native":
        return "native"
    if wanted == "docker":
        if not engine_answers():
            raise LocalError(
                "INFRA=docker, but no Docker engine answers `docker info`: start it, or use INFRA=native"
            )
        return "docker"
    if wanted == "auto":
        return "docker" if engine_answers() else "native"
    raise LocalError(f"INFRA is {wanted!r}; it must be auto, native or docker")


def start(state: Path, wanted: str | None = None) -> Servers:
    """Bring both servers up for a state folder and return them. Raises LocalError with what to do."""
    servers: Servers = DockerServers(state) if choose(wanted) == "docker" else NativeServers(state)
    servers.start()
    return servers


def forget(state: Path) -> None:
    """Remove the servers' data of a state folder, whichever kind it used. They must be stopped."""
    native.forget(state)
    if (state / "docker.json").exists() and engine_answers():
        DockerServers(state).forget()
