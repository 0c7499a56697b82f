"""Every provider route of the gateway can be reached from the command line."""

import ast
from pathlib import Path

import pytest

import tollgate.commands
from services.gateway.main import build
from tests.support.billing_people import gateway_settings, make_people
from tests.support.fake_audit import FakeAuditLog, FakeKeptAnswers, FakeWork
from tests.support.fake_services import FakeServices
from tollgate.api import ROOT

FOLDER = Path(tollgate.commands.__path__[0])
# What a command calls on the API, as HTTP says it.
METHODS = {
    "get": "GET",
    "pages": "GET",
    "download": "GET",
    "post": "POST",
    "upload": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
# Routes without a command of their own, and why.
ELSEWHERE = {
    (
        "GET",
        "/tenants/{tenant_id}/invoices/{invoice_id}/pdf",
    ): "invoices document --form pdf gives the same file",
}


def called() -> set[tuple[str, str]]:
    """Method and template of each call that a function with a command's name makes."""
    found = set()
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr == "api"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add((METHODS[node.func.attr], str(node.args[0].value)))
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    people = make_people(tmp_path_factory.mktemp("issuer"))
    app = build(
        gateway_settings(people),
        transport=FakeServices(),
        open_work=lambda: FakeWork(FakeAuditLog(), FakeKeptAnswers()),
    )
    return {
        (method.upper(), path.removeprefix(ROOT))
        for path, item in app.openapi()["paths"].items()
        if path == ROOT or path.startswith(ROOT + "/")
        for method in item
    }


def test_every_provider_route_has_a_command(published: set[tuple[str, str]]) -> None:
    """A new route of the gateway without a command fails here; so does an exception that is none any more."""
    assert len(published) > 90
    assert sorted(published - called() - ELSEWHERE.keys()) == []
    assert sorted(ELSEWHERE.keys() - published) == []
    assert not ELSEWHERE.keys() & called()


def test_no_command_calls_a_route_that_is_not_there(published: set[tuple[str, str]]) -> None:
    """A route that was renamed is seen here, not by a provider."""
    assert sorted(called() - published) == []


def test_every_function_that_calls_is_a_command_or_serves_one() -> None:
    """A module's functions with a session of the context are registered: by decorator, or in ``add_to``."""
    for file in FOLDER.glob("*.py"):
        tree = ast.parse(file.read_text())
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        registered = {
            node.args[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name)
        }
        for function in functions:
            takes_context = any(one.arg == "ctx" for one in function.args.args)
            if takes_context:
                assert function.decorator_list or function.name in registered, f"{file.name}: {function.name}"
                assert ast.get_docstring(function), f"{file.name}: {function.name} says nothing"
