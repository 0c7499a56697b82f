"""Servers that these tests may kill: no other test stands on them, so that none meets a connection that died."""

from collections.abc import Iterator

import pytest

from deploy.local.infra import Servers
from tests.support.infrastructure import Databases, Vhosts, running_servers


@pytest.fixture(scope="package")
def servers() -> Iterator[Servers]:
    """PostgreSQL and RabbitMQ of this folder alone."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="package")
def databases(servers: Servers) -> Databases:
    return Databases(servers.postgres_admin_url)


@pytest.fixture(scope="package")
def vhosts(servers: Servers) -> Vhosts:
    return Vhosts(servers)
