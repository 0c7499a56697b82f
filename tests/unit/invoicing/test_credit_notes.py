"""Credit notes add up to their invoice however it is split (R24, R34)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.credit_notes import (
    Creditable,
    HeldLine,
    HeldTax,
    Note,
    credit_all,
    credit_gross,
    credit_gross_of_lines,
    credit_lines,
    gross_room,
)
from services.invoicing.domain.taxes import split_gross, tax_on
from shared.errors import Conflict, Invalid
from shared.money import Money, currency

EUR = currency("EUR")


def bill(
    amounts: list[int], rates: list[Decimal], *, rounding: int = 0, inclusive: bool = False
) -> Creditable:
    """An invoice as it was issued."""
    names = [f"T{number}" for number in range(len(rates))]
    if inclusive:
        nets, taxed = split_gross([Money(one, EUR) for one in amounts], list(map(Tax, names, rates)))
        taxes = tuple(HeldTax(tax.name, tax.rate, tax.amount.minor) for tax in taxed)
        lines = [HeldLine(number, net.minor) for number, net in enumerate(nets)]
    else:
        base = sum(amounts)
        taxes = tuple(HeldTax(n, r, tax_on(base, r)) for n, r in zip(names, rates, strict=True))
        lines = [HeldLine(number, one) for number, one in enumerate(amounts)]
    if rounding:
        lines.append(HeldLine(len(lines), rounding, taxable=False))
    return Creditable(tuple(lines), taxes, inclusive)


def after(what: Creditable, note: Note) -> Creditable:
    """The invoice once the note is issued; refuses what the database would refuse."""
    lines = tuple(
        replace(line, credited_minor=line.credited_minor + note.lines.get(line.position, 0))
        for line in what.lines
    )
    for line in lines:
        assert 0 <= line.credited_minor <= line.amount_minor or line.amount_minor <= line.credited_minor <= 0
    taxes = tuple(
        replace(held, credited_minor=held.credited_minor + made.amount_minor)
        for held, made in zip(what.taxes, note.taxes, strict=True)
    )
    return replace(what, lines=lines, taxes=taxes)


@st.composite
def bills(draw: st.DrawFn) -> Creditable:
    """Charges, perhaps reductions below them, one or two taxes, perhaps a rounding line or inclusive prices."""
    charges = draw(st.lists(st.integers(1, 50_000), min_size=1, max_size=5))
    reductions = [-minor // 3 for minor in draw(st.lists(st.sampled_from(charges), max_size=1))]
    rates = draw(st.lists(st.decimals("0", "40", places=3), max_size=2))
    return bill(
        charges + [one for one in reductions if one],
        rates,
        rounding=draw(st.integers(-4, 5)),
        inclusive=draw(st.booleans()) and bool(rates),
    )


@given(bills(), st.lists(st.tuples(st.integers(0, 4), st.integers(1, 50_000)), max_size=12))
def test_notes_by_line_and_then_in_full_are_the_invoice(
    what: Creditable, asked: list[tuple[int, int]]
) -> None:
    """R34: whatever was credited before, all notes together are the lines, the taxes and the total of the invoice."""
    whole = what
    totals = []
    for position, minor in asked:
        try:
            note = credit_lines(what, {position: minor})
        except Invalid:
            continue
        assert all(tax.amount_minor >= 0 for tax in note.taxes)
        if not what.prices_include_tax:
            for made, held in zip(note.taxes, what.taxes, strict=True):
                before = what.tax_after(held, what.base_minor)
                assert before - what.tax_after(held, what.base_minor - made.base_minor) == made.amount_minor
        totals.append(note.total_minor)
        what = after(what, note)
    if what.gross_rest_minor > 0:
        note = credit_all(what)
        totals.append(note.total_minor)
        what = after(what, note)
        assert {line.rest_minor for line in what.lines} == {0}
        assert {tax.rest_minor for tax in what.taxes} <= {0}
    assert whole.gross_rest_minor - what.gross_rest_minor == sum(totals)
    assert what.gross_rest_minor == 0 or not totals


@given(bills(), st.lists(st.integers(1, 20_000), max_size=12))
def test_a_refund_of_any_amount_has_a_note_of_exactly_that_amount(
    what: Creditable, amounts: list[int]
) -> None:
    """R36: to the cent, until nothing is left."""
    for minor in amounts:
        if minor > what.gross_rest_minor:
            with pytest.raises(Invalid):
                credit_gross(what, minor)
            continue
        note = credit_gross(what, minor)
        assert minor == note.total_minor
        assert all(tax.amount_minor >= 0 for tax in note.taxes)
        what = after(what, note)
    if what.gross_rest_minor > 0:
        what = after(what, credit_gross(what, what.gross_rest_minor))
        assert {line.rest_minor for line in what.lines} == {0}


def test_three_thirds_of_a_line_bear_the_tax_of_the_whole() -> None:
    """0.35 at 19 percent is 0.07 tax; by thirds of 0.12, 0.12 and 0.11 it is 0.03, 0.02 and 0.02."""
    what = bill([35], [Decimal(19)])
    made = []
    for minor in (12, 12, 11):
        note = credit_lines(what, {0: minor})
        made.append(note.tax_minor)
        what = after(what, note)
    assert made == [3, 2, 2]


def test_more_than_a_line_holds_is_refused_with_what_it_holds() -> None:
    """R24; a reduction is no line to credit, and reductions lower what there is."""
    what = after(
        bill([1000, -400], [Decimal(10)]), Note({}, (credit_lines(bill([1000], [Decimal(10)]), {0: 1}).taxes))
    )
    with pytest.raises(Invalid, match="holds 1000") as refused:
        credit_lines(what, {0: 1001})
    assert refused.value.slug == "credit-above-line"
    for asked in ({1: 1}, {0: 0}, {0: -5}, {2: 1}, {0: 601}, {}):
        with pytest.raises(Invalid):
            credit_lines(what, asked)
    assert credit_lines(what, {0: 600}).lines == {0: 600}


def test_nothing_is_left_after_the_full_note() -> None:
    """A second one is a conflict, not a zero note."""
    what = bill([1000, 234], [Decimal("8.875")], rounding=-4)
    what = after(what, credit_all(what))
    with pytest.raises(Conflict):
        credit_all(what)


@given(bills(), st.lists(st.dictionaries(st.integers(0, 4), st.integers(1, 50_000), min_size=1), max_size=8))
def test_gross_of_chosen_lines_is_taken_back_to_the_cent(
    what: Creditable, wishes: list[dict[int, int]]
) -> None:
    """R29, R35: reductions of tax-inclusive prices; only the named lines, exactly their sum, and the rest adds up."""
    whole, totals = what, 0
    for wish in wishes:
        charges = {line.position for line in what.lines if line.taxable and line.rest_minor > 0}
        asked = {position: minor for position, minor in wish.items() if position in charges}
        room = gross_room(what, asked)
        if not asked or sum(asked.values()) > room:
            with pytest.raises(Invalid):
                credit_gross_of_lines(what, asked)
            if room <= 0:
                continue
            asked = {next(iter(asked)): gross_room(what, [next(iter(asked))])}
        if not 0 < sum(asked.values()) <= gross_room(what, asked):
            continue
        note = credit_gross_of_lines(what, asked)
        assert note.total_minor == sum(asked.values())
        assert note.lines.keys() <= asked.keys()
        assert all(tax.amount_minor >= 0 for tax in note.taxes)
        totals += note.total_minor
        what = after(what, note)
    if what.gross_rest_minor > 0:
        note = credit_all(what)
        totals += note.total_minor
        what = after(what, note)
        assert totals == whole.gross_rest_minor


def test_a_gross_reduction_takes_the_lines_share_of_tax() -> None:
    """R35 by hand: 119.00 with 19 % inside is 100.00 + 19.00; 59.50 of it is 50.00 + 9.50."""
    what = bill([11900, 2380], [Decimal(19)], inclusive=True)
    note = credit_gross_of_lines(what, {0: 5950})
    assert (dict(note.lines), note.tax_minor, note.total_minor) == ({0: 5000}, 950, 5950)
    assert gross_room(after(what, note), {0}) == 5950
