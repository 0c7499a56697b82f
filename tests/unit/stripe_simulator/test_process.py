"""The simulator as a process: settings, and state that survives kill -9."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stripe

from deploy.stripe_simulator.settings import SettingError, from_environment
from tests.unit.stripe_simulator.simulator import Simulator, off_session, saved_card

ACCOUNT = "acct_kept"


@contextmanager
def _process(state: Path) -> Iterator[str]:
    environment = os.environ | {
        "STRIPE_SIMULATOR_PORT": "0",
        "STRIPE_SIMULATOR_STATE": str(state),
        "STRIPE_SIMULATOR_ACCOUNTS": ACCOUNT,
    }
    command = [sys.executable, "-m", "deploy.stripe_simulator", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                found = re.search(r"listening on (http://\S+)", line)
                if found:
                    yield found.group(1)
                    return
            raise AssertionError("the simulator ended without listening")
        finally:
            process.kill()


def test_state_survives_kill(tmp_path: Path) -> None:
    """Objects and idempotency results are there after kill -9: the same key does not charge twice."""
    options = {"idempotency_key": "pay-1"}
    with _process(tmp_path) as url, httpx.Client(base_url=url) as control:
        api = Simulator(url, ACCOUNT, control).client()
        customer, method = saved_card(api)
        first = api.v1.payment_intents.create(params=off_session(customer, method), options=options)  # type: ignore[arg-type]
    with _process(tmp_path) as url, httpx.Client(base_url=url) as control:
        again = Simulator(url, ACCOUNT, control)
        api = again.client()
        second = api.v1.payment_intents.create(params=off_session(customer, method), options=options)  # type: ignore[arg-type]
        assert second.id == first.id
        assert again.ledger()["charges"] == 1
        assert isinstance(api.v1.customers.retrieve(customer), stripe.Customer)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"STRIPE_SIMULATOR_PORT": "http"}, "STRIPE_SIMULATOR_PORT"),
        ({"STRIPE_SIMULATOR_WEBHOOK_URL": "http://127.0.0.1/"}, "STRIPE_SIMULATOR_WEBHOOK_SECRET"),
        ({"STRIPE_SIMULATOR_PROT": "1"}, "STRIPE_SIMULATOR_PROT"),
        ({"STRIPE_SIMULATOR_LATENCY_MS": "-5"}, "STRIPE_SIMULATOR_LATENCY_MS"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], named: str) -> None:
    """One line that names the setting."""
    with pytest.raises(SettingError, match=named):
        from_environment(environment)
