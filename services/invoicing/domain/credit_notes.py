"""Credit notes: parts of an invoice's lines taken back, their tax so that notes add up to the invoice (R24, R34).

Plain data in and out: what the invoice billed and what was taken back before; amounts are net minor units.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.invoicing.domain.catalogue import TaxCategory
from services.invoicing.domain.taxes import by_largest_remainder, tax_on
from shared.errors import Conflict, Invalid
from shared.money import round_half_up


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line of the invoice and what notes took off it before."""

    position: int
    amount_minor: int
    credited_minor: int = 0
    taxable: bool = True

    @property
    def rest_minor(self) -> int:
        return self.amount_minor - self.credited_minor


@dataclass(frozen=True, slots=True)
class HeldTax:
    """A tax of the invoice and what notes took off it before."""

    name: str
    rate: Decimal
    amount_minor: int
    credited_minor: int = 0
    category: TaxCategory = "S"

    @property
    def rest_minor(self) -> int:
        return self.amount_minor - self.credited_minor


@dataclass(frozen=True, slots=True)
class Creditable:
    """An issued invoice as credit notes see it."""

    lines: tuple[HeldLine, ...]
    taxes: tuple[HeldTax, ...]
    prices_include_tax: bool = False

    @property
    def base_minor(self) -> int:
        """Taxable net that is left."""
        return sum(line.rest_minor for line in self.lines if line.taxable)

    @property
    def net_rest_minor(self) -> int:
        return sum(line.rest_minor for line in self.lines)

    @property
    def gross_rest_minor(self) -> int:
        return self.net_rest_minor + sum(tax.rest_minor for tax in self.taxes)

    def tax_after(self, tax: HeldTax, base_minor: int) -> int:
        """The tax that a rest of ``base_minor`` bears; exact at both ends of what the invoice says."""
        whole = sum(line.amount_minor for line in self.lines if line.taxable)
        if base_minor >= whole:
            return tax.amount_minor
        if base_minor <= 0:
            return 0
        if self.prices_include_tax:
            return round_half_up(Decimal(tax.amount_minor * base_minor) / whole)
        return tax_on(base_minor, tax.rate)


@dataclass(frozen=True, slots=True)
class NoteTax:
    """Tax that a note takes back, of the net ``base_minor``."""

    name: str
    rate: Decimal
    base_minor: int
    amount_minor: int
    category: TaxCategory = "S"


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note without a number: net amounts by the line's position, and tax; positive is for the tenant."""

    lines: Mapping[int, int]
    taxes: tuple[NoteTax, ...]

    @property
    def subtotal_minor(self) -> int:
        return sum(self.lines.values())

    @property
    def tax_minor(self) -> int:
        return sum(tax.amount_minor for tax in self.taxes)

    @property
    def total_minor(self) -> int:
        return self.subtotal_minor + self.tax_minor


def credit_lines(what: Creditable, asked: Mapping[int, int]) -> Note:
    """Takes back ``asked`` net minor units by position. Raises ``Invalid`` above what a line still holds (R24)."""
    lines = {line.position: line for line in what.lines}
    for position, minor in asked.items():
        if position not in lines:
            raise Invalid(
                f"The invoice has no line {position}; GET the invoice lists them.", field="lines.line_id"
            )
        held = lines[position].rest_minor
        if held < 0:
            raise Invalid(
                f"Line {position} is a reduction itself and cannot be credited alone; credit the invoice in full.",
                field="lines.line_id",
            )
        if not 0 < minor <= held:
            raise Invalid(
                f"Line {position} still holds {held} minor units, not {minor}; credit at least 1 and at most that.",
                field="lines.amount",
                slug="credit-above-line",
            )
    if not asked:
        raise Invalid("Name at least one line, or ask for the full invoice.", field="lines")
    chosen = dict(asked)
    taxable = sum(minor for position, minor in asked.items() if lines[position].taxable)
    if taxable == what.base_minor:
        # With the last of what it rounds, the rounding goes too.
        for line in what.lines:
            if not line.taxable and line.position not in chosen and line.rest_minor:
                chosen[line.position] = line.rest_minor
    elif taxable > what.base_minor or sum(asked.values()) > what.net_rest_minor:
        raise Invalid(
            f"Reductions on the invoice leave {min(what.base_minor, what.net_rest_minor)} minor units to credit, not"
            f" {taxable}; credit less, or the invoice in full.",
            field="lines.amount",
            slug="credit-above-line",
        )
    return Note(chosen, _taxes(what, taxable))


def credit_all(what: Creditable) -> Note:
    """All that is left, reductions and rounding included. Raises ``Conflict`` where nothing is."""
    if what.gross_rest_minor <= 0:
        raise Conflict("Nothing of this invoice is left to credit.", slug="nothing-to-credit")
    lines = {line.position: line.rest_minor for line in what.lines if line.rest_minor}
    return Note(lines, _taxes(what, what.base_minor))


def credit_gross(what: Creditable, gross_minor: int) -> Note:
    """A note of exactly ``gross_minor``, spread over the lines in proportion to what they hold (R36).

    Raises ``Invalid`` outside of 1 to what is left.
    """
    if not 0 < gross_minor <= what.gross_rest_minor:
        raise Invalid(
            f"{what.gross_rest_minor} minor units of the invoice are left to credit, not {gross_minor}.",
            field="amount",
        )
    if gross_minor == what.gross_rest_minor:
        return credit_all(what)
    net = _largest_net(what, gross_minor)
    taxes, short = _filled(what, net, gross_minor)
    lines = _spread(what, net)
    for line in what.lines:
        if short and not line.taxable and line.rest_minor > 0:
            lines[line.position] = min(short, line.rest_minor)
            short -= lines[line.position]
    assert short == 0, f"{gross_minor} of {what} cannot be split"
    return Note(lines, taxes)


def gross_room(what: Creditable, positions: Collection[int]) -> int:
    """The most, tax included, that a note on these taxable lines alone can take back."""
    held = sum(line.rest_minor for line in what.lines if line.position in positions)
    net = max(min(held, what.base_minor, what.net_rest_minor), 0)
    return net + sum(tax.amount_minor for tax in _taxes(what, net))


def credit_gross_of_lines(what: Creditable, asked: Mapping[int, int]) -> Note:
    """Takes back ``asked`` minor units by position, tax included, as tax-inclusive prices say it (R35).

    The note comes to their sum exactly. Raises ``Invalid`` above ``gross_room``.
    """
    gross_minor, room = sum(asked.values()), gross_room(what, asked.keys())
    if not 0 < gross_minor <= room:
        raise Invalid(
            f"These lines still hold {room} minor units, not {gross_minor}; credit at least 1 and at most that.",
            field="lines.amount",
            slug="credit-above-line",
        )
    net = _largest_net(what, gross_minor)
    taxes, short = _filled(what, net, gross_minor)
    assert short == 0, f"{gross_minor} of {what} cannot be split"
    shares = by_largest_remainder([Fraction(net * part, gross_minor) for part in asked.values()], net)
    rests = {line.position: line.rest_minor for line in what.lines}
    wanted = dict(zip(asked, shares, strict=True))
    lines = {position: min(part, rests[position]) for position, part in wanted.items()}
    over = net - sum(lines.values())
    for position in lines:
        # A cent that one line does not hold any more is taken off another.
        more = min(over, rests[position] - lines[position])
        lines[position] += more
        over -= more
    return Note({position: part for position, part in lines.items() if part}, taxes)


def _filled(what: Creditable, net: int, gross_minor: int) -> tuple[tuple[NoteTax, ...], int]:
    """The taxes of a note of ``net``, and what they leave of ``gross_minor``.

    Where no net gives a cent, the tax takes it, and the next note's tax is less by it.
    """
    taxes = _taxes(what, net)
    short = gross_minor - net - sum(tax.amount_minor for tax in taxes)
    filled = []
    for made, held in zip(taxes, what.taxes, strict=True):
        more = min(short, held.rest_minor - made.amount_minor)
        short -= more
        filled.append(NoteTax(made.name, made.rate, made.base_minor, made.amount_minor + more, made.category))
    return tuple(filled), short


def _taxes(what: Creditable, taken_minor: int) -> tuple[NoteTax, ...]:
    """Tax before minus tax after (R34); never below zero nor more than is left."""
    after = what.base_minor - taken_minor
    return tuple(
        NoteTax(
            tax.name,
            tax.rate,
            taken_minor,
            min(max(tax.rest_minor - what.tax_after(tax, after), 0), tax.rest_minor),
            tax.category,
        )
        for tax in what.taxes
    )


def _largest_net(what: Creditable, gross_minor: int) -> int:
    """The most net whose note does not exceed ``gross_minor``: the note grows with the net, so by halving."""
    low, high = 0, min(what.base_minor, gross_minor)
    while low < high:
        middle = (low + high + 1) // 2
        if middle + sum(tax.amount_minor for tax in _taxes(what, middle)) <= gross_minor:
            low = middle
        else:
            high = middle - 1
    return low


def _spread(what: Creditable, net_minor: int) -> dict[int, int]:
    """``net_minor`` over the taxable lines that hold something, by largest remainder; none beyond itself."""
    lines: Sequence[HeldLine] = [line for line in what.lines if line.taxable and line.rest_minor > 0]
    whole = sum(line.rest_minor for line in lines)
    if not net_minor:
        return {}
    parts = by_largest_remainder([Fraction(net_minor * line.rest_minor, whole) for line in lines], net_minor)
    return {line.position: part for line, part in zip(lines, parts, strict=True) if part}
