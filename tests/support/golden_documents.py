"""The golden invoices: data, places of the words and pictures, in four currencies.

    python -m tests.support.golden_documents     # writes tests/golden/documents anew; look at the pictures

The pictures are for people. What is compared is the data, to the letter, and where each word stands on the page, with
some room for another version of a font.
"""

import asyncio
import io
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typst
from pypdf import PdfReader

from services.invoicing.adapters.documents.content import content_of
from services.invoicing.adapters.documents.press import FONT_FOLDERS, Press, job_of
from services.invoicing.adapters.documents.press_process import TEMPLATE
from services.invoicing.domain.paper import Paper
from tests.unit.invoicing.papers import credit_note, invoice

FOLDER = Path(__file__).parents[1] / "golden" / "documents"
PICTURE_PPI = 72


def golden_papers() -> dict[str, Paper]:
    """Dollars, euros with VAT, yen without decimals, dinars with three; a credit note."""
    euro = invoice(
        "EUR", "de-DE", seller="DE", buyer="DE", tax=("Umsatzsteuer", "19", "S"), number="AT-2026-00031"
    )
    return {
        "usd": invoice(paid="100"),
        "eur": euro,
        "eur-reverse-charge": invoice(
            "EUR", "fr-FR", seller="DE", buyer="FR", tax=("TVA", "0", "AE"), number="AT-2026-00032"
        ),
        "eur-credit-note": credit_note(euro, "AT-2026-C0004"),
        "jpy": invoice(
            "JPY", "ja-JP", seller="JP", buyer="JP", tax=("消費税", "10", "S"), number="HY-2026-00007"
        ),
        "kwd": invoice("KWD", "ar-KW", seller="KW", buyer="KW", tax=None, number="SQ-2026-00002"),
    }


def data_of(paper: Paper) -> dict[str, Any]:
    """What the document is made of, and what it says."""
    plain = json.loads(json.dumps(asdict(paper), default=str))
    plain["look"].pop("logo")
    return {"paper": plain, "says": json.loads(json.dumps(content_of(paper)))}


def places_of(pdf: bytes) -> list[tuple[str, int, int]]:
    """Each run of text with its place on its page, in whole points."""
    found: list[tuple[str, int, int]] = []

    def note(text: str, _: Any, matrix: list[float], __: Mapping[str, Any] | None, ___: float) -> None:
        if text.strip():
            found.append((text.strip(), round(matrix[4]), round(matrix[5])))

    for page in PdfReader(io.BytesIO(pdf)).pages:
        page.extract_text(visitor_text=note)
    return found


def picture_of(paper: Paper) -> bytes:
    """The first page."""
    job = job_of(paper)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / TEMPLATE.name).write_bytes(TEMPLATE.read_bytes())
        content = {**json.loads(job.data), "logo": None, "attach": None}
        if job.logo is not None:
            (folder / "logo.svg").write_bytes(job.logo)
            content["logo"] = "logo.svg"
        drawn = typst.compile(
            str(folder / TEMPLATE.name),
            format="png",
            ppi=PICTURE_PPI,
            sys_inputs={"data": json.dumps(content)},
            font_paths=list(FONT_FOLDERS),
            ignore_system_fonts=True,
        )
    return bytes(drawn if isinstance(drawn, bytes) else drawn[0])


async def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    press = Press()
    for name, paper in golden_papers().items():
        kept = {**data_of(paper), "places": places_of(await press.print(paper))}
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n")
        (FOLDER / f"{name}.png").write_bytes(picture_of(paper))
        sys.stdout.write(f"{FOLDER.name}/{name}\n")
    await press.close()


if __name__ == "__main__":
    asyncio.run(write())
