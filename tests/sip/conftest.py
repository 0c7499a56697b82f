"""An edge of the tests with a gate that does what the test says, and somebody who answers the telephones."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sip.fake_tollgate import FakeTollgate, running_tollgate
from tests.sip.tools import Edge, answering, running_edge

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """The edge, its gate, and a tenant that nobody else uses."""

    edge: Edge
    gate: FakeTollgate
    tenant: str


@pytest.fixture(scope="package")
def shared_gate() -> Iterator[FakeTollgate]:
    with running_tollgate() as gate:
        yield gate


@pytest.fixture(scope="package")
def shared_edge(shared_gate: FakeTollgate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One Kamailio for all tests that need no settings of their own."""
    url = shared_gate.url
    folder: Path = tmp_path_factory.mktemp("edge")
    with (
        running_edge(
            folder, gate_url=f"{url}/v1/call-policy", cdr_url=f"{url}/v1/cdrs", token="token-of-the-switch"
        ) as edge,
        answering(edge, edge.carrier_port),
        answering(edge, edge.switch_port),
    ):
        yield edge


@pytest.fixture
def line(shared_edge: Edge, shared_gate: FakeTollgate) -> Iterator[Line]:
    tenant = f"tenant{next(_numbers)}.sip.example"
    shared_gate.restore(tenant)
    for key in ("failures", "until"):
        # Whatever an earlier test left of the breaker is over.
        shared_edge.rpc("htable.delete", "breaker", key)
    yield Line(shared_edge, shared_gate, tenant)
    shared_gate.hang_seconds, shared_gate.fails, shared_gate.refuse_records = 0.0, False, 0
    shared_gate.numbers.clear()
