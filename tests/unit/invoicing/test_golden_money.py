"""Two months in USD, EUR, JPY and KWD stay what they were, to the minor unit; the figures were checked by hand."""

import json

import pytest

from shared.money import Money
from tests.support.golden_money import CASES, Case, path_of, written


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_the_figures_are_those_in_the_tree(case: Case) -> None:
    """`python -m tests.support.golden_money` writes them anew; look at the difference."""
    assert written(case) == path_of(case).read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_the_figures_in_the_tree_add_up(case: Case) -> None:
    """Of the files themselves, without the code that wrote them: sums, steps of 10 fils, the last balance."""
    data = json.loads(path_of(case).read_text(encoding="utf-8"))

    def minor(text: str) -> int:
        return Money.of(text, case.code).minor

    for name in ("before", "now"):
        one = data[name]
        assert sum(minor(line[3]) for line in one["lines"]) == minor(one["subtotal"])
        assert sum(minor(tax[3]) for tax in one["taxes"]) == minor(one["tax"])
        assert minor(one["subtotal"]) + minor(one["tax"]) == minor(one["total"])
    if case.code == "KWD":
        assert {minor(data[name]["total"]) % 10 for name in ("before", "now")} == {0}
    difference = minor(data["now"]["total"]) - minor(data["before"]["total"])
    assert minor(data["explanation"]["difference"]) == difference
    for name in ("credit_by_line", "refund"):
        one = data[name]
        assert sum(map(minor, one["lines"].values())) + minor(one["tax"]) == minor(one["total"])
    assert sum(minor(line[3]) for line in data["statement"]) == 0 == minor(data["statement"][-1][4])
