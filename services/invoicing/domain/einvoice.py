"""A paper as an electronic invoice of EN 16931 (the semantic model; BT and BG are its terms, BR its rules).

What the standard demands and the paper lacks is refused here, with the setting that is missing, rather than found by
whoever receives the file. Both syntaxes, CII and UBL, are written from this one value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from services.invoicing.domain.catalogue import TaxCategory
from services.invoicing.domain.paper import Paper, PaperLine, PaperTax, Party
from shared.errors import Conflict
from shared.money import Money, exponent, line_amount

# BT-121, code list VATEX; the reason in words stands beside it.
EXEMPTION_CODES: dict[TaxCategory, str] = {
    "AE": "VATEX-EU-AE",
    "O": "VATEX-EU-O",
}
_REASONS: dict[TaxCategory, str] = {
    "E": "Exempt from tax",
    "AE": "Reverse charge",
    "O": "Not subject to tax",
}
# BR-CO-9: a VAT number begins with its country; Greece writes EL, Northern Ireland XI.
_VAT_PREFIX = {"GR": "EL"}
_EU_LIKE = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}")
_UNITS = {"min": "MIN"}
ONE = "C62"
ROUNDING = "rounding"
INVOICE, CREDIT_NOTE = "380", "381"
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Describe = Callable[[PaperLine], tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class EParty:
    """Name and address (BG-4 to BG-8). ``vat_id`` with its prefix (BT-31, BT-48); ``registration`` is any other number
    of the party (BT-30, BT-47), ``tax_registration`` the same as a tax office's (BT-32).
    """

    name: str
    address: tuple[str, ...]
    country: str
    vat_id: str | None
    registration: str | None
    tax_registration: str | None
    email: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class ELine:
    """An invoice line (BG-25): ``amount`` is ``quantity x price``; ``price`` is never negative (BR-27)."""

    line_id: str
    name: str
    note: str | None
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal
    category: TaxCategory
    rate: Decimal | None
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class EBreakdown:
    """A VAT category and rate (BG-23). ``rate`` None where nothing is subject to tax."""

    category: TaxCategory
    rate: Decimal | None
    base: Decimal
    tax: Decimal
    reason: str | None
    reason_code: str | None


@dataclass(frozen=True, slots=True)
class EInvoice:
    """``type_code`` 380 or 381; ``preceding`` is what a credit note corrects (BG-3). ``rounding`` brings the due
    amount to the steps of a card (BT-114, R39); it is in none of the other sums.
    """

    number: str
    type_code: str
    language: str
    issued_on: date
    due_on: date | None
    currency: str
    seller: EParty
    buyer: EParty
    lines: tuple[ELine, ...]
    breakdown: tuple[EBreakdown, ...]
    first_day: date
    last_day: date
    line_total: Decimal
    tax_total: Decimal
    grand_total: Decimal
    prepaid: Decimal
    rounding: Decimal
    due: Decimal
    notes: tuple[str, ...]
    preceding: tuple[str, date] | None


def _as_issued(line: PaperLine) -> tuple[str, str | None]:
    return line.description, line.detail


def electronic(paper: Paper, describe: Describe = _as_issued) -> EInvoice:
    """Raises ``Conflict`` (slug ``einvoice-incomplete``) saying what is missing and where it is set."""
    _check_form(paper)
    lines = tuple(line for line in paper.lines if line.kind != ROUNDING)
    rounding = sum(line.amount.minor for line in paper.lines if line.kind == ROUNDING)
    paper = replace(
        paper,
        lines=lines,
        subtotal=Money(paper.subtotal.minor - rounding, paper.currency),
        total=Money(paper.total.minor - rounding, paper.currency),
    )
    breakdown = _breakdown(paper)
    untaxed = all(one.category == "O" for one in breakdown)
    _check_parties(paper, breakdown)
    days = [(line.start, _last(line)) for line in paper.lines]
    prepaid = paper.credit_used + paper.paid + (paper.credited or Money.zero(paper.currency))
    rounded = Money(rounding, paper.currency)
    return EInvoice(
        number=_clean(paper.number),
        type_code=CREDIT_NOTE if paper.kind == "credit_note" else INVOICE,
        language=paper.locale.partition("-")[0],
        issued_on=paper.issued_on,
        due_on=paper.due_on,
        currency=paper.currency,
        seller=_party(paper.seller, "seller", untaxed=untaxed),
        buyer=_party(paper.buyer, "buyer", untaxed=untaxed),
        lines=tuple(_line(place, line, paper, describe) for place, line in enumerate(paper.lines, start=1)),
        breakdown=breakdown,
        first_day=min(first for first, _ in days),
        last_day=max(last for _, last in days),
        line_total=paper.subtotal.decimal,
        tax_total=paper.tax.decimal,
        grand_total=paper.total.decimal,
        prepaid=prepaid.decimal,
        rounding=rounded.decimal,
        due=(paper.total - prepaid + rounded).decimal,
        notes=tuple(_clean(note) for note in paper.own_notes),
        preceding=paper.corrects,
    )


def _check_form(paper: Paper) -> None:
    if paper.kind == "receipt":
        raise _refusal("A receipt is no invoice: ask for the invoice that it names.")
    if exponent(paper.currency) > 2:
        raise _refusal(
            f"EN 16931 allows two decimals and {paper.currency} has {exponent(paper.currency)}: use the PDF."
        )
    if all(line.kind == ROUNDING for line in paper.lines):
        raise _refusal(f"{paper.number} has no lines, and EN 16931 asks for one (BR-16): use the PDF.")


def _refusal(message: str, field: str | None = None) -> Conflict:
    return Conflict(message, field=field, slug="einvoice-incomplete")


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return _FORBIDDEN.sub("", text).strip()


def _last(line: PaperLine) -> date:
    return max(line.start, line.end - timedelta(days=1))


def _tax_of(line: PaperLine, paper: Paper) -> PaperTax | None:
    if len(line.taxes) > 1:
        names = " and ".join(paper.taxes[place].name for place in line.taxes)
        raise _refusal(
            f"A line bears {names}; EN 16931 knows one tax on a line. Set one rate for the jurisdiction in the"
            " provider's taxes, or use the PDF.",
            field="taxes",
        )
    return paper.taxes[line.taxes[0]] if line.taxes else None


def _category(line: PaperLine, paper: Paper) -> tuple[TaxCategory, Decimal | None]:
    """Category and rate of a line; no tax at all on the paper means that nothing is subject to tax."""
    tax = _tax_of(line, paper)
    if tax is None:
        return ("E", Decimal(0)) if paper.taxes else ("O", None)
    return tax.category, None if tax.category == "O" else tax.rate


def _breakdown(paper: Paper) -> tuple[EBreakdown, ...]:
    """One row for each category and rate, with the lines' sum as its base (BR-S-8 and the like)."""
    bases: dict[tuple[TaxCategory, Decimal | None], Money] = {}
    for line in paper.lines:
        key = _category(line, paper)
        bases[key] = bases.get(key, Money.zero(paper.currency)) + line.amount
    amounts = dict.fromkeys(bases, Money.zero(paper.currency))
    reasons: dict[tuple[TaxCategory, Decimal | None], str] = {}
    for tax in paper.taxes:
        key = (tax.category, None if tax.category == "O" else tax.rate)
        if key in amounts:
            amounts[key] = amounts[key] + tax.amount
            if tax.reason:
                reasons[key] = tax.reason
    if sum(one.minor for one in amounts.values()) != paper.tax.minor or sum(
        one.minor for one in bases.values()
    ) != (paper.subtotal.minor):
        raise _refusal(
            f"The lines of {paper.number} do not add up to its tax by category, so that no electronic invoice can be"
            " made: use the PDF."
        )
    if len({key[0] for key in bases}) > 1 and any(key[0] == "O" for key in bases):
        raise _refusal(
            "Lines that are not subject to tax cannot stand beside taxed ones (BR-O-11): use the PDF."
        )
    return tuple(
        EBreakdown(
            category,
            rate,
            base.decimal,
            amounts[category, rate].decimal,
            _clean(reasons.get((category, rate), "")) or _REASONS.get(category),
            EXEMPTION_CODES.get(category),
        )
        for (category, rate), base in bases.items()
    )


def _line(place: int, line: PaperLine, paper: Paper, describe: Describe) -> ELine:
    category, rate = _category(line, paper)
    name, note = describe(line)
    quantity, unit, price = _priced(line, paper)
    return ELine(
        line_id=str(place),
        name=_clean(name) or str(place),
        note=_clean(note) if note else None,
        quantity=quantity,
        unit=unit,
        price=price,
        amount=line.amount.decimal,
        category=category,
        rate=rate,
        first_day=line.start,
        last_day=_last(line),
    )


def _priced(line: PaperLine, paper: Paper) -> tuple[Decimal, str, Decimal]:
    """Quantity, unit and price whose product is the amount. A prorated line is one piece at what it costs."""
    exact = line_amount(line.quantity, line.unit_price, paper.currency) == line.amount
    if exact and line.unit_price >= 0 and line.quantity != 0:
        return line.quantity, _UNITS.get(line.unit or "", ONE), line.unit_price
    return Decimal(-1 if line.amount.minor < 0 else 1), ONE, abs(line.amount.decimal)


def _check_parties(paper: Paper, breakdown: tuple[EBreakdown, ...]) -> None:
    categories = {one.category for one in breakdown}
    seller_id, buyer_id = vat_id(paper.seller), vat_id(paper.buyer)
    if not paper.seller.tax_id:
        raise _refusal(
            "An electronic invoice names the seller's tax or register number (BT-30 to BT-32): set tax_id in the"
            " provider's settings; it holds for invoices issued from then on.",
            field="provider.tax_id",
        )
    if "AE" in categories:
        if seller_id is None:
            raise _refusal(
                "Reverse charge asks for the seller's VAT number with its country, like DE123456789 (BT-31): set"
                " tax_id in the provider's settings.",
                field="provider.tax_id",
            )
        if buyer_id is None:
            raise _refusal(
                "Reverse charge asks for the buyer's VAT number with its country, like DE123456789 (BT-48): set the"
                " tenant's VAT number.",
                field="tenant.tax_id",
            )


def vat_id(party: Party) -> str | None:
    """The VAT number in the form of BR-CO-9, if ``tax_id`` is one: it begins with the party's own country."""
    if not party.tax_id or not party.country:
        return None
    compact = re.sub(r"[\s./-]", "", party.tax_id).upper()
    prefixes = {party.country, _VAT_PREFIX.get(party.country, party.country), "XI"}
    return compact if _EU_LIKE.fullmatch(compact) and compact[:2] in prefixes else None


def _party(one: Party, role: str, *, untaxed: bool) -> EParty:
    if not one.country:
        term = "BT-40" if role == "seller" else "BT-55"
        owner = "provider" if role == "seller" else "tenant"
        raise _refusal(
            f"This invoice does not hold the {role}'s country ({term}): set country in the {owner}'s settings; it"
            " holds for invoices issued from then on.",
            field=f"{owner}.country",
        )
    given = None if untaxed else vat_id(one)
    other = _clean(one.tax_id) if one.tax_id and given is None else None
    return EParty(
        name=_clean(one.name),
        address=_address(one),
        country=one.country,
        # BR-O-2: where nothing is subject to tax, VAT numbers must not be given as such.
        vat_id=given,
        registration=other,
        tax_registration=other if role == "seller" and not untaxed else None,
        email=_clean(one.email),
        phone=one.phone,
    )


def _address(one: Party) -> tuple[str, ...]:
    """At most three lines (BT-35, BT-36, BT-162); more are put together in the last."""
    rows = [row for row in map(_clean, one.address) if row]
    return (*rows[:2], ", ".join(rows[2:])) if len(rows) > 2 else tuple(rows)
