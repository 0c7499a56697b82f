"""Every service has the same rooms, so that anything can be found by guessing."""

import re
from pathlib import Path

import pytest

from shared.messaging.topology import SUBSCRIPTIONS
from tests.architecture.tree import ROOT, SERVICES, modules_below, service_names

ROOMS = (
    "README.md",
    "__init__.py",
    "__main__.py",
    "main.py",
    "settings.py",
    "domain/__init__.py",
    "use_cases/__init__.py",
    "use_cases/ports.py",
    "adapters/__init__.py",
    "adapters/tables.py",
    "adapters/work.py",
    "entrypoints/__init__.py",
    "entrypoints/http.py",
    "migrations/env.py",
    "migrations/script.py.mako",
)
README_SAYS = ("own", "event", "setting", "table", "serve")
# style.md: names of the field's words; these say nothing.
EMPTY_NAMES = frozenset(
    {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc"}
)
LONGEST_FILE = 400


def test_every_service_of_the_choreography_is_here() -> None:
    """And no other."""
    assert service_names() == sorted(SUBSCRIPTIONS)


@pytest.mark.parametrize("service", service_names())
def test_a_service_has_every_room(service: str) -> None:
    """The list of the architecture; consumers where it hears events; a first migration."""
    folder = SERVICES / service
    wanted = [*ROOMS, *(["entrypoints/consumers.py"] if SUBSCRIPTIONS[service] else [])]
    assert [room for room in wanted if not (folder / room).is_file()] == []
    assert list((folder / "migrations" / "versions").glob("0001_*.py")) != []


@pytest.mark.parametrize("service", service_names())
def test_a_readme_answers_what_a_newcomer_asks(service: str) -> None:
    """What it owns, its events, tables, settings, how to run it."""
    text = (SERVICES / service / "README.md").read_text().lower()
    assert [word for word in README_SAYS if word not in text] == []


def _sources() -> list[str]:
    folders = (ROOT / "services", ROOT / "shared", ROOT / "deploy", ROOT / "tests", ROOT / "tollgate")
    return [str(path.relative_to(ROOT)) for path in modules_below(*folders)]


def test_no_module_is_named_after_nothing() -> None:
    """No utils, helpers, managers, base or common, alone or as part of a name."""
    offenders = [
        path for path in _sources() if EMPTY_NAMES & set(re.split(r"[/_.]", path.removesuffix(".py")))
    ]
    assert offenders == []


def test_no_file_is_a_design_question() -> None:
    """At most 400 lines (style.md); tests may tell longer stories."""
    long = {
        path: lines
        for path in _sources()
        if not path.startswith("tests/")
        and (lines := len((ROOT / path).read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_nothing_of_this_machine_is_in_the_tree() -> None:
    """No path of the checkout, of the home folder or of anybody's home folder in a source."""
    here = {str(ROOT), str(Path.home())} - {"/"}
    texts = {path: (ROOT / path).read_text() for path in _sources()}
    offenders = [
        path
        for path, text in texts.items()
        if any(f"{folder}/" in text for folder in here) or re.search(r"""["'\s(]/home/\w""", text)
    ]
    assert offenders == []
