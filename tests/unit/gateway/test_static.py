"""The page's files: preloaded as they are needed, small together, each of a size that can be read."""

import gzip
import re
from pathlib import Path

import services.gateway

STATIC = Path(services.gateway.__file__).parent / "static"
IMPORT = re.compile(r"""^(?:import|export)[^"';]*["'](\.[^"']+)["']""", re.MULTILINE)
BYTES_MAX = 150_000
LINES_MAX = 400


def needed_at_first() -> set[Path]:
    """What the page imports before anything is pressed."""
    found: set[Path] = set()
    todo = [STATIC / "app.js"]
    while todo:
        file = todo.pop()
        if file not in found:
            found.add(file)
            todo += [(file.parent / name).resolve() for name in IMPORT.findall(file.read_text())]
    return found


def test_every_module_of_the_first_view_is_preloaded_and_no_other() -> None:
    """One round trip for all instead of one for each step of the chain."""
    page = (STATIC / "index.html").read_text()
    preloaded = {STATIC / name for name in re.findall(r'rel="modulepreload" href="/static/([^"]+)"', page)}
    assert needed_at_first() - {STATIC / "app.js"} == preloaded


def test_the_page_weighs_little() -> None:
    """Everything that any view loads, in one language, compressed one by one as it is sent."""
    files = [file for file in STATIC.rglob("*.*") if file.parent.name != "words" or file.stem == "de"]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < BYTES_MAX


def test_no_module_is_long() -> None:
    """A page that people change stays in pieces that people read."""
    assert {
        file.name for file in STATIC.rglob("*.js") if len(file.read_text().splitlines()) > LINES_MAX
    } == set()
