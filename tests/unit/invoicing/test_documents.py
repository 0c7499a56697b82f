"""Documents as PDF: what is on the pages, that nothing in a name runs, and that the press can be relied on."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import facturx
import pytest
from pypdf import PdfReader

from services.invoicing.adapters.documents.content import content_of
from services.invoicing.adapters.documents.lines import LineText
from services.invoicing.adapters.documents.press import Press
from services.invoicing.adapters.documents.writing import DocumentWriter
from services.invoicing.domain.colour import READABLE, contrast_on_white, ink
from services.invoicing.domain.paper import Paid, Paper
from services.invoicing.domain.wording import CATALOGUES, shown_locale, words_for
from services.invoicing.domain.wording.words import PHRASES
from shared.errors import Failed
from shared.formats import LocalFormats
from shared.money import Money
from tests.unit.invoicing.papers import BUYERS, credit_note, invoice


@pytest.fixture(scope="module")
async def press() -> AsyncIterator[Press]:
    made = Press()
    yield made
    await made.close()


def text_of(pdf: bytes) -> str:
    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return pages.replace("\u00a0", " ")


def metadata_of(pdf: bytes) -> str:
    said: bytes = root_of(pdf)["/Metadata"].get_data()
    return said.decode()


def root_of(pdf: bytes) -> Any:
    return PdfReader(io.BytesIO(pdf)).trailer["/Root"]


def named(paper: Paper, name: str) -> Paper:
    return replace(paper, buyer=replace(paper.buyer, name=name))


async def test_the_same_invoice_gives_the_same_bytes(press: Press) -> None:
    """Also from another press: the stamp is the issue time and nothing else of the moment gets in."""
    other = Press()
    try:
        assert await press.print(invoice()) == await other.print(invoice())
    finally:
        await other.close()


async def test_markup_in_a_name_is_printed_and_not_run(press: Press) -> None:
    """User text can never become typst markup, nor a path, nor HTML."""
    name = '#panic("x") *bold* $x$ @ref \\ // <script>alert(1)</script> "'
    shown = text_of(await press.print(named(invoice(), name)))
    assert '#panic("x") *bold* $x$ @ref' in shown
    assert "<script>alert(1)</script>" in shown.replace("\n", "")


async def test_many_lines_go_on_over_pages_with_the_heads_repeated(press: Press) -> None:
    """Sixty lines: all are there, each page has the heads, its number and the count of pages."""
    pdf = await press.print(invoice(minutes_lines=60))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) >= 3
    assert text_of(pdf).count("Minutes above the 3,000 included") == 60
    for place, page in enumerate(pages, start=1):
        assert f"Page {place} of {len(pages)}" in page
        assert "Unit price" in page or "Balance due" in page
    assert "continued" in pages[1]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        (
            "en-US",
            ["Invoice KV-2026-01187", "Nov 15, 2026", "$11.64", "Oct 1, 2026 – Oct 31, 2026", "$0.019"],
        ),
        ("de-DE", ["Rechnung KV-2026-01187", "15. Nov. 2026", "11,64 $", "ausgehend", "3.000 enthaltenen"]),
        ("fr-FR", ["Facture KV-2026-01187", "15 nov. 2026", "11,64 $US", "appels sortants", "Reste à payer"]),
        ("es-MX", ["Factura KV-2026-01187", "15 nov 2026", "Importe pendiente", "salientes"]),
        ("it-IT", ["Invoice KV-2026-01187", "15 Nov 2026", "11,64"]),
        ("ar-KW", ["Invoice KV-2026-01187", "Nov 15, 2026", "$11.64"]),
    ],
)
async def test_words_money_and_dates_follow_the_tenants_locale(
    press: Press, locale: str, expected: list[str]
) -> None:
    """Four languages; a language without a catalogue has English words and figures."""
    shown = " ".join(text_of(await press.print(invoice(locale=locale))).split())
    assert [one for one in expected if one not in shown] == []


async def test_both_ranges_the_tax_table_and_what_is_paid_are_printed(press: Press) -> None:
    """R28, the tax base, the balance with the link to Pay Now."""
    pdf = await press.print(invoice(paid="100"))
    shown = " ".join(text_of(pdf).split())
    for one in (
        "Usage Oct 1, 2026 – Oct 31, 2026",
        "Monthly fee Nov 1, 2026 – Nov 30, 2026",
        "Taxable amount",
        "8.875%",
        "Partially Paid",
        "−$100.00",
        "Balance due",
        "Tax ID: 55-0100244",
    ):
        assert one in shown
    links = [
        note.get_object()["/A"]["/URI"]
        for page in PdfReader(io.BytesIO(pdf)).pages
        for note in page.get("/Annots", [])
    ]
    assert "https://billing.example/invoices/01890a5d" in links


async def test_names_of_every_script_print_and_can_be_searched(press: Press) -> None:
    """Arabic, Hebrew, Chinese, Japanese, Korean, Thai, Devanagari and Cyrillic with glyphs of a font."""
    names = {
        "arabic": BUYERS["KW"].name,
        "hebrew": "מרפאת השיניים",
        "japanese": BUYERS["JP"].name,
        "chinese": "芬威克牙科集团",
        "korean": "펜윅 치과 그룹",
        "thai": "คลินิกทันตกรรม",
        "devanagari": "दंत चिकित्सा",
        "cyrillic": "Стоматология Фенвик",
    }
    for name in names.values():
        outcome = await press.print(named(invoice(), name))
        # With a glyph missing there would be no PDF/A and no PDF/UA.
        assert "pdfuaid:part" in metadata_of(outcome)
        shown = text_of(outcome)
        found = sum(character in shown for character in name) / len(name)
        assert found > 0.8, (name, shown)


async def test_a_character_without_a_glyph_does_not_keep_the_invoice_back(press: Press) -> None:
    """A private-use character: the document comes, though not as PDF/A."""
    assert "KV-2026-01187" in text_of(await press.print(named(invoice(), "Odd \ue000 name")))


async def test_a_logo_that_cannot_be_drawn_does_not_keep_the_invoice_back(press: Press) -> None:
    """Kept before logos were checked, or a format trick that the typesetter refuses."""
    for logo in (
        "data:image/png;base64,AAAA",
        "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'/>",
    ):
        assert "KV-2026-01187" in text_of(await press.print(invoice(logo=logo)))


async def test_the_document_is_tagged_and_says_its_language(press: Press) -> None:
    """PDF/A-3a and PDF/UA-1 by the typesetter's own export checks; a structure tree, a title and a language."""
    pdf = await press.print(invoice(locale="de-DE"))
    root = root_of(pdf)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert root["/Lang"] == "de"
    said = metadata_of(pdf)
    assert "<pdfaid:part>3</pdfaid:part>" in said
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in said
    assert "<pdfuaid:part>1</pdfuaid:part>" in said


async def test_factur_x_holds_the_same_page_and_its_data(press: Press) -> None:
    """The XML inside is the CII download; still PDF/A-3 and PDF/UA, with Factur-X's properties; repeatable."""
    write = DocumentWriter(press)
    paper = invoice("EUR", "de-DE", seller="DE", buyer="DE", tax=("Umsatzsteuer", "19", "S"))
    pdf, cii = await write(paper, "facturx"), await write(paper, "cii")
    name, xml = facturx.get_facturx_xml_from_pdf(pdf, check_xsd=True, check_schematron=False)
    assert (name, xml) == ("factur-x.xml", cii)
    said = metadata_of(pdf)
    for one in (
        "<fx:ConformanceLevel>EN 16931<",
        "<fx:DocumentType>INVOICE<",
        "<pdfuaid:part>1<",
        "<pdfaid:part>3<",
    ):
        assert one in said
    assert text_of(pdf) == text_of(await write(paper, "pdf"))
    assert pdf == await write(paper, "facturx")
    files = root_of(pdf)["/AF"]
    assert files[0].get_object()["/AFRelationship"] == "/Alternative"


async def test_a_credit_note_and_a_receipt_have_the_same_look(press: Press) -> None:
    """Each with what it is about: the corrected invoice, the payment and what it paid."""
    paper = invoice()
    shown = " ".join(text_of(await press.print(credit_note(paper))).split())
    for one in ("Credit note KV-2026-C0007", "Corrects invoice KV-2026-01187 of Nov 1, 2026", "Billed twice"):
        assert one in shown
    assert "Balance due" not in shown
    money = Money(10000, paper.currency)
    receipt = replace(
        paper,
        kind="receipt",
        number="R-0007",
        lines=(),
        taxes=(),
        total=money,
        status=None,
        received=Paid(
            date(2026, 11, 5),
            money,
            "Visa •••• 4242",
            (("KV-2026-01187", money),),
            Money.zero(paper.currency),
        ),
    )
    shown = " ".join(text_of(await press.print(receipt)).split())
    for one in ("Receipt R-0007", "Visa •••• 4242", "KV-2026-01187", "Amount paid $100.00", "Nov 5, 2026"):
        assert one in shown


async def test_reverse_charge_is_said_on_the_page(press: Press) -> None:
    """The note that an auditor looks for, in the document's language."""
    paper = invoice("EUR", "fr-FR", seller="DE", buyer="FR", tax=("TVA", "0", "AE"))
    shown = " ".join(text_of(await press.print(paper)).split())
    assert "Autoliquidation : la taxe est due par le client" in shown
    assert "FR40303265045" in shown


async def test_the_press_is_replaced_when_it_dies_and_many_wait_their_turn() -> None:
    """Killed from outside between two documents, and asked for ten at once."""
    press = Press()
    try:
        first = await press.print(invoice())
        assert press._process is not None
        press._process.kill()
        await press._process.wait()
        again = await asyncio.gather(*(press.print(invoice()) for _ in range(10)))
        assert set(again) == {first}
    finally:
        await press.close()


async def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_comes() -> None:
    """A press that hangs is ended; the service never waits for ever."""
    press = Press(job_seconds_max=0.001)
    try:
        with pytest.raises(Failed, match="too long"):
            await press.print(invoice(minutes_lines=300))
        press._job_seconds_max = 20
        assert await press.print(invoice())
    finally:
        await press.close()


async def test_an_idle_press_ends_and_comes_back() -> None:
    """Its fonts are not held all month."""
    press = Press(idle_seconds=0.01)
    try:
        await press.print(invoice())
        async with asyncio.timeout(10):
            while press._process is not None:
                await asyncio.sleep(0.01)
        assert await press.print(invoice())
    finally:
        await press.close()


@pytest.mark.parametrize("colour", ["#FFB300", "#FFFFFF", "#0B5FA5", "#FFFF00", "#7FDBFF", "#000000"])
def test_words_in_the_brands_colour_can_be_read(colour: str) -> None:
    """4.5:1 on white, and unchanged where it is enough already."""
    assert contrast_on_white(ink(colour)) >= READABLE
    assert contrast_on_white(colour) < READABLE or ink(colour) == colour


@pytest.mark.parametrize(
    ("issued", "german"),
    [
        ("Professional plan, unused days", "Tarif Professional, nicht genutzte Tage"),
        ("in advance, 12 of 31 days", "im Voraus, 12 von 31 Tagen"),
        (
            "Minutes above the 3,000 included, outbound, toll free",
            "Minuten über die 3.000 enthaltenen hinaus, ausgehend, gebührenfrei",
        ),
        ("Minutes, 1 to 1,000", "Minuten, 1 bis 1.000"),
        (
            "DIDs above the 5 included, 10,001 and more",
            "Rufnummern (DID) über die 5 enthaltenen hinaus, ab 10.001",
        ),
        ("3,612.4 min of calls", "3.612,4 Min. Gespräche"),
        ("up to the minimum of 100.00 USD", "bis zum Mindestumsatz von 100,00 $"),
        (
            "part of a credit of 168.68 USD for 21 days; the rest follows by a credit note or on a later invoice",
            "Teil einer Gutschrift von 168,68 $ für 21 Tage; der Rest folgt als Gutschrift oder auf einer späteren Rechnung",
        ),
        (
            "difference to what was billed before for 2026-10-01 to 2026-10-31, recorded late: switch was down; not quantity times price",
            "Unterschied zum bisher Berechneten für 1. Okt. 2026 bis 31. Okt. 2026, nachträglich erfasst: switch was down;"
            " nicht Menge mal Preis",
        ),
        ("Exempt, certificate NY-77.", "Steuerfrei, Bescheinigung NY-77."),
        ("Somebody's own words", "Somebody's own words"),
    ],
)
def test_lines_are_said_in_the_documents_language(issued: str, german: str) -> None:
    """Phrase by phrase, with figures of the locale; what a person wrote stays."""
    assert LineText(CATALOGUES["de"], LocalFormats("de-DE")).said(issued).replace("\u00a0", " ") == german


def test_every_language_fills_its_texts() -> None:
    """Each catalogue with every line kind and status; a wrong name in braces would raise here."""
    paper = invoice(paid="10")
    assert set(CATALOGUES) == {"en", "de", "fr", "es"}
    shown = {tag: content_of(replace(paper, locale=tag)) for tag in CATALOGUES}
    titles = {content["title"] for content in shown.values()}
    assert len(titles) == 4
    for content in shown.values():
        assert "{" not in str(
            [content[key] for key in ("title", "facts", "lines", "totals", "pay", "footer")]
        ).replace("{'", "")
    for words in CATALOGUES.values():
        assert words.language == "en" or set(words.phrases) == set(PHRASES)
        for phrase, said in words.phrases.items():
            assert sorted(re.findall(r"\{\w+\}", phrase)) == sorted(re.findall(r"\{\w+\}", said)), said
    assert words_for("fr-CA").language == "fr"
    assert shown_locale("ja-JP") == "en-JP"
    assert shown_locale("zh-Hant") == "en-US"
