"""Fixtures of every test. Servers start only when a test asks for them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from deploy.local.infra import Servers
from tests.support.infrastructure import Databases, Vhost, Vhosts, running_servers

FreshDatabase = Callable[[str], Awaitable[str]]
FreshVhost = Callable[[], Awaitable[Vhost]]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and RabbitMQ of this test run."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Databases:
    """For fixtures that live longer than a test; a test takes `fresh_database`."""
    return Databases(servers.postgres_admin_url)


@pytest.fixture(scope="session")
def vhosts(servers: Servers) -> Vhosts:
    """For fixtures that live longer than a test; a test takes `fresh_vhost`."""
    return Vhosts(servers)


@pytest.fixture
async def fresh_database(databases: Databases) -> AsyncIterator[FreshDatabase]:
    """`await fresh_database("usage")` is the address of an empty database of that service's role."""
    made: list[str] = []

    async def create(service: str) -> str:
        made.append(await databases.create(service))
        return made[-1]

    yield create
    for url in made:
        await databases.drop(url)


@pytest.fixture
async def fresh_vhost(vhosts: Vhosts) -> AsyncIterator[FreshVhost]:
    """`await fresh_vhost()` is an empty part of the broker: `.broker_url`, `.queue_depths()`."""
    made: list[Vhost] = []

    async def create() -> Vhost:
        made.append(await vhosts.create())
        return made[-1]

    yield create
    for vhost in made:
        await vhosts.delete(vhost)
