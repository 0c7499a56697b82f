"""The demonstration month against real services, undisturbed and with each part killed in the middle."""

import threading
import time
import uuid

import pytest
from rich.console import Console

from deploy.demo.play import Play, play
from deploy.local.docker import DockerServers
from deploy.local.errors import LocalError
from deploy.local.stack import Stack
from tests.support.trace_collector import TraceCollector

pytestmark = pytest.mark.journey
CALLS = 600


def _play(stack: Stack, *, on_step: object = None) -> Play:
    return play(
        stack.endpoints_file,
        CALLS,
        Console(quiet=True),
        suffix=f"-{uuid.uuid4().hex[:8]}",
        on_step=on_step,  # type: ignore[arg-type]
    )


def _false_facts(played: Play) -> dict[str, object]:
    return {name: fact for name, fact in played.facts.found.items() if not fact["holds"]}


def _kill(stack: Stack, name: str) -> None:
    """kill -9; whoever watches over it starts it again."""
    if name in stack.supervisor.processes():
        stack.supervisor.kill(name)
        return
    servers = DockerServers(stack.state)
    if name == "postgres":
        servers.kill_postgres()
        servers.start_postgres()
    else:
        servers.kill_broker()
        servers.start_broker()


def test_the_month_ends_with_every_fact_seen(stack: Stack) -> None:
    """What `make demo` shows, on a smaller month."""
    assert _false_facts(_play(stack)) == {}


def test_one_trace_runs_from_the_close_of_a_period_to_the_receipt(
    stack: Stack, traces: TraceCollector
) -> None:
    """Over four services, an outbox each, and two loops that wait for their time."""
    _play(stack)
    wanted = {f"tollgate-{name}" for name in ("invoicing", "usage", "payments", "notifications")}

    def whole() -> list[dict[str, set[str]]]:
        return [
            one
            for one in traces.services_of_traces()
            if wanted <= set(one)
            and "issue invoice" in one["tollgate-invoicing"]
            and "mail send" in one["tollgate-notifications"]
        ]

    give_up = time.monotonic() + 30
    while not whole() and time.monotonic() < give_up:
        time.sleep(0.5)
    assert whole()


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("usage", "October: the calls"),
        ("gateway", "October: the calls"),
        ("invoicing", "November 1"),
        ("payments", "November 1"),
        ("notifications", "November 1"),
        ("suspension", "November 29"),
        ("stripe_simulator", "November 1"),
        ("rabbitmq", "November 1"),
        ("postgres", "November 1"),
    ],
)
def test_a_part_killed_in_the_middle_changes_no_fact(stack: Stack, name: str, step: str) -> None:
    """kill -9 while it is at work; it comes back and the month ends with the same facts."""
    killed = threading.Event()
    failures: list[str] = []

    def on_step(what: str) -> None:
        if what.startswith(step):

            def strike() -> None:
                time.sleep(0.4)
                give_up = time.monotonic() + 20
                while True:
                    try:
                        _kill(stack, name)
                    except (LocalError, OSError) as error:
                        # Between two lives of a process there is nothing to kill.
                        if time.monotonic() > give_up:
                            failures.append(repr(error))
                            return
                        time.sleep(0.2)
                    else:
                        killed.set()
                        return

            threading.Thread(target=strike, daemon=True).start()

    played = _play(stack, on_step=on_step)
    assert killed.wait(60), failures
    assert _false_facts(played) == {}
