"""The command line before a gateway of the test's own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from tollgate.__main__ import cli
from tollgate.errors import ClientError
from tollgate.session import Session

ADDRESS, TOKEN = "https://billing.example", "eyJ.secret.token"
TENANT = "01a20a4d-9a3a-74a6-939b-b6505cf0aee8"


@dataclass
class FakeGateway:
    """Answers by method and path; keeps what it was asked and how long the client waited."""

    answers: dict[str, list[httpx.Response | Exception]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)

    def say(self, route: str, *answers: Any, status: int = 200) -> None:
        """The next answers to ``GET /tenants``; the last one again and again."""
        made = [
            one if isinstance(one, httpx.Response | Exception) else httpx.Response(status, json=one)
            for one in answers
        ]
        self.answers.setdefault(route, []).extend(made)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        route = f"{request.method} {request.url.path.removeprefix('/api/v1/provider')}"
        waiting = self.answers.get(route)
        if not waiting:
            return httpx.Response(404, json={"title": "Not found", "detail": f"no answer for {route}"})
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def body(self, place: int = -1) -> Any:
        return json.loads(self.asked[place].content)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> FakeGateway:
    made = FakeGateway()
    monkeypatch.setattr(Session, "transport", httpx.MockTransport(made))
    monkeypatch.setattr(Session, "rest", made.rests.append)
    for name in ("TOLLGATE_PROVIDER", "TOLLGATE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("TOLLGATE_ADDRESS", ADDRESS)
    monkeypatch.setenv("TOLLGATE_TOKEN", TOKEN)
    return made


Run = Callable[..., Result]


@pytest.fixture
def run(gateway: FakeGateway) -> Run:
    """One command; a refusal's sentence is in ``result.exception``."""

    def invoke(*words: str) -> Result:
        result = CliRunner().invoke(cli, list(words))
        if result.exception and not isinstance(result.exception, ClientError | SystemExit):
            raise result.exception
        return result

    return invoke
