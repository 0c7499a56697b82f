"""A simulator on a free loopback port for the whole run, a fresh account for each test."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import stripe
import uvicorn
from fastapi import FastAPI

from deploy.stripe_simulator.application import build
from deploy.stripe_simulator.settings import Settings
from tests.unit.stripe_simulator.receiver import Receiver
from tests.unit.stripe_simulator.simulator import Simulator

READY_SECONDS_MAX = 20


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application from a thread; yield its base URL."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(transport=httpx.HTTPTransport(retries=3)) as client:
        client.get(f"{url}/_simulator/health", timeout=READY_SECONDS_MAX).raise_for_status()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(READY_SECONDS_MAX)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """One simulator in memory."""
    with running(build(Settings())) as url:
        yield url


@pytest.fixture
def simulator(base_url: str) -> Iterator[Simulator]:
    """The simulator with faults cleared, and a new connected account to work in."""
    account = f"acct_{uuid.uuid4().hex[:16]}"
    with httpx.Client(base_url=base_url, timeout=10) as control:
        control.delete("/_simulator/faults").raise_for_status()
        control.put(f"/_simulator/accounts/{account}", json={}).raise_for_status()
        yield Simulator(base_url, account, control)


@pytest.fixture
def api(simulator: Simulator) -> stripe.StripeClient:
    """The official SDK in the test's account, without retries."""
    return simulator.client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on loopback."""
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()
