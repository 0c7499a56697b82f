"""Real PostgreSQL and RabbitMQ for tests: private processes or containers, the same tests on either.

INFRA=auto|native|docker chooses. Nothing starts before the first test that asks for it.
"""

import asyncio
import itertools
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx

from deploy.local import infra, native
from deploy.local.databases import ensure_databases, service_url


@contextmanager
def running_servers(wanted: str | None = None) -> Iterator[infra.Servers]:
    """Both servers, started; gone with their data at the end."""
    if infra.choose(wanted) == "docker":
        # Only where it is used: the import asks the Docker engine things.
        from tests.support.containers import ContainerServers

        containers = ContainerServers()
        try:
            containers.start()
            yield containers
        finally:
            containers.stop()
        return
    state = Path(tempfile.mkdtemp(prefix="tollgate-test-"))
    # The servers' own system users pass through it.
    state.chmod(0o711)
    try:
        servers = native.NativeServers(state)
        try:
            servers.start()
            yield servers
        finally:
            servers.stop()
    finally:
        native.forget(state)
        shutil.rmtree(state, ignore_errors=True)


class Databases:
    """Makes empty databases, each owned by the role its service has in production."""

    _password = uuid.uuid4().hex

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._numbers = itertools.count(1)
        self._roles: set[str] = set()

    async def create(self, service: str) -> str:
        """postgresql://role:password@host:port/database of a new empty database."""
        if service not in self._roles:
            await ensure_databases(self._admin_url, {service: self._password})
            self._roles.add(service)
        url = service_url(self._admin_url, service, self._password)
        role = urlsplit(url).path.strip("/")
        name = f"{role}_{next(self._numbers)}"
        connection = await asyncpg.connect(self._admin_url, timeout=10)
        try:
            await connection.execute(f"create database {name} owner {role}")
        finally:
            await connection.close()
        return url.removesuffix(role) + name

    async def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        connection = await asyncpg.connect(self._admin_url, timeout=10)
        try:
            await connection.execute(f"drop database if exists {urlsplit(url).path.strip('/')} with (force)")
        finally:
            await connection.close()


@dataclass(frozen=True)
class Vhost:
    """A part of the broker that no other test sees."""

    name: str
    broker_url: str
    management_url: str

    async def queue_depths(self) -> dict[str, int]:
        """Messages per queue, ready and unacknowledged; what the broker tells is at most about a second old."""
        async with _management(self.management_url) as client:
            answer = await client.get(f"/api/queues/{self.name}")
            answer.raise_for_status()
            return {row["name"]: row.get("messages", 0) for row in answer.json()}


class Vhosts:
    """Makes and removes vhosts through the management API."""

    def __init__(self, servers: infra.Servers) -> None:
        self._servers = servers

    async def create(self) -> Vhost:
        """A new vhost with all rights for the servers' user, once its connections are taken."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        user = urlsplit(self._servers.broker_url).username
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        async with _management(self._servers.management_url) as client:
            (await client.put(f"/api/vhosts/{name}")).raise_for_status()
            (await client.put(f"/api/permissions/{name}/{user}", json=rights)).raise_for_status()
        return Vhost(
            name, self._servers.broker_url.removesuffix("/") + f"/{name}", self._servers.management_url
        )

    async def delete(self, vhost: Vhost) -> None:
        """Remove a vhost with everything in it."""
        async with _management(self._servers.management_url) as client:
            answer = await client.delete(f"/api/vhosts/{vhost.name}")
            if answer.status_code != 404:
                answer.raise_for_status()


def _management(url: str) -> httpx.AsyncClient:
    parts = urlsplit(url)
    return httpx.AsyncClient(
        base_url=f"http://{parts.hostname}:{parts.port}",
        auth=(parts.username or "", parts.password or ""),
        timeout=30,
        trust_env=False,
    )


async def restart(kill: Callable[[], None], start: Callable[[], None]) -> None:
    """Run a blocking kill and a blocking start of `Servers` without stopping the event loop."""
    await asyncio.to_thread(kill)
    await asyncio.to_thread(start)
