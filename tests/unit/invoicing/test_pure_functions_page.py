"""The page that names invoicing's pure functions is true."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "pure-functions.md"


def test_every_example_of_the_page_gives_what_it_says() -> None:
    """Run as written; a page without examples would prove nothing."""
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted >= 40
