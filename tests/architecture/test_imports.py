"""Imports point downward: main > entrypoints | adapters > use_cases > domain; no service imports another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, SERVICES, imported_modules, modules_below, service_names

# Beside the standard library. `local_midnight` and `local_date` are arithmetic; the rest of shared.clock is not.
DOMAIN_MAY_IMPORT = (
    "shared.money",
    "shared.ids",
    "shared.errors",
    "shared.journal",
    "shared.clock.local_midnight",
    "shared.clock.local_date",
)
# Of the standard library: what would reach outside or wait.
DOMAIN_MUST_NOT_IMPORT = (
    "asyncio",
    "http",
    "os",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "threading",
    "urllib",
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter with our contracts on the packages of a folder."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--config",
            str(ROOT / ".importlinter"),
            "--no-cache",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_imports_keep_the_contracts() -> None:
    """The tree as it is."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "0 broken" in done.stdout


def _toy_tree(folder: Path) -> Path:
    """Two clean services and a house, as small as the contracts allow."""
    for service in ("alpha", "beta"):
        for room in ("entrypoints", "adapters", "use_cases", "domain"):
            path = folder / "services" / service / room
            path.mkdir(parents=True)
            (path / "__init__.py").touch()
        for module in ("__init__", "main", "settings"):
            (folder / "services" / service / f"{module}.py").touch()
    (folder / "services" / "__init__.py").touch()
    (folder / "shared" / "db").mkdir(parents=True)
    for module in ("__init__", "money", "runtime", "settings", "command_line", "db/__init__"):
        (folder / "shared" / f"{module}.py").touch()
    for room in ("http", "messaging", "events"):
        (folder / "shared" / room).mkdir()
        (folder / "shared" / room / "__init__.py").touch()
    (folder / "tollgate").mkdir()
    (folder / "tollgate" / "__init__.py").touch()
    return folder


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("services/alpha/main.py", "import services.beta.main"),
        ("services/alpha/domain/__init__.py", "import services.alpha.use_cases"),
        ("services/alpha/use_cases/__init__.py", "import services.alpha.adapters"),
        ("services/alpha/adapters/__init__.py", "import services.alpha.main"),
        ("services/alpha/entrypoints/__init__.py", "import services.alpha.adapters"),
        ("services/alpha/adapters/__init__.py", "import services.alpha.entrypoints"),
        ("services/alpha/helpers.py", ""),
        ("services/alpha/use_cases/__init__.py", "import shared.db"),
        ("services/alpha/use_cases/__init__.py", "import sqlalchemy"),
        ("shared/money.py", "import services.alpha.domain"),
    ],
)
def test_the_contracts_catch_a_wrong_import(tmp_path: Path, module: str, line: str) -> None:
    """Each kind of wrong import, and a room that nobody knows, breaks a contract in an otherwise clean tree."""
    tree = _toy_tree(tmp_path)
    with (tree / module).open("a") as file:
        file.write(line + "\n")
    done = lint(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout


def test_the_contracts_pass_a_clean_tree(tmp_path: Path) -> None:
    """So that the catches above are due to the wrong line alone."""
    done = lint(_toy_tree(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def foreign_to_domain(source: str, service: str) -> list[str]:
    """Imports of a domain module that are neither pure standard library nor the house's pure parts nor its own."""
    allowed = (*DOMAIN_MAY_IMPORT, f"services.{service}.domain")
    wrong = []
    for use in imported_modules(source):
        top = use.name.partition(".")[0]
        # Taking an address apart is arithmetic on text; its sibling urllib.request is not.
        pure = use.name.startswith("urllib.parse") or (
            top in sys.stdlib_module_names and top not in DOMAIN_MUST_NOT_IMPORT
        )
        own = any(use.name == name or use.name.startswith(name + ".") for name in allowed)
        if not (pure or own):
            wrong.append(f"line {use.line}: {use.name}")
    return wrong


@pytest.mark.parametrize("service", service_names())
def test_a_domain_is_pure(service: str) -> None:
    """Standard library without input and output, money, ids, errors, journal, and the arithmetic of days."""
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in modules_below(SERVICES / service / "domain")
        if (found := foreign_to_domain(path.read_text(), service))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pydantic",
        "from shared.clock import SystemClock",
        "from shared.events import Envelope",
        "from shared import db",
        "from services.other.domain import thing",
        "from services.mine.use_cases import thing",
        "import socket",
        "from . import thing",
    ],
)
def test_an_impure_domain_is_caught(line: str) -> None:
    """Also inside a function."""
    assert foreign_to_domain(f"def f():\n    {line}\n", "mine") != []


def test_a_pure_domain_passes() -> None:
    """What the house allows."""
    source = (
        "from datetime import date\nfrom shared.money import Money\nfrom shared.clock import local_midnight\n"
    )
    assert foreign_to_domain(source + "from services.mine.domain.plan import Plan\n", "mine") == []
