"""The command line that every service has."""

import socket
from pathlib import Path

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from shared.command_line import make_cli
from shared.settings import Settings


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("command", [["list"], ["show", "one"], ["replay", "--all"]])
def test_a_broker_that_is_away_is_a_sentence(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    """An operator reads what to do, not a traceback; the password in the address is not printed."""
    monkeypatch.setenv("TOLLGATE_BROKER_URL", f"amqp://someone:secret@127.0.0.1:{_free_port()}/")
    cli = make_cli("usage", Settings, lambda settings: FastAPI(), Path())
    result = CliRunner().invoke(cli, ["dead", *command])
    assert result.exit_code == 1
    assert "see that RabbitMQ runs" in result.output
    assert "Traceback" not in result.output
    assert "secret" not in result.output
