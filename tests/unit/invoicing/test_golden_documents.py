"""Golden invoices in several currencies: the data to the letter, the words where they stood on the page."""

import json
import struct
from collections.abc import AsyncIterator

import pytest

from services.invoicing.adapters.documents.press import Press
from tests.support.golden_documents import FOLDER, data_of, golden_papers, picture_of, places_of

PAPERS = golden_papers()
# Points. Another version of a font may be a little wider or narrower.
ROOM = 6


@pytest.fixture(scope="module")
async def press() -> AsyncIterator[Press]:
    made = Press()
    yield made
    await made.close()


@pytest.mark.parametrize("name", PAPERS)
def test_the_data_are_as_they_were(name: str) -> None:
    """Amounts, taxes and every text, in the tenant's words. Changed on purpose: write them anew and look."""
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    assert data_of(PAPERS[name]) == {key: kept[key] for key in ("paper", "says")}


@pytest.mark.parametrize("name", PAPERS)
async def test_every_word_stands_where_it_stood(name: str, press: Press) -> None:
    """The same runs of text in the same order, each within a few points of its place."""
    kept = [tuple(one) for one in json.loads((FOLDER / f"{name}.json").read_text())["places"]]
    now = places_of(await press.print(PAPERS[name]))
    assert [text for text, _, _ in now] == [text for text, _, _ in kept]
    moved = [
        (before, after)
        for before, after in zip(kept, now, strict=True)
        if abs(before[1] - after[1]) > ROOM or abs(before[2] - after[2]) > ROOM
    ]
    assert moved == []


@pytest.mark.parametrize("name", PAPERS)
def test_the_picture_is_of_the_page(name: str) -> None:
    """Same size, and small enough for the tree."""
    kept, drawn = (FOLDER / f"{name}.png").read_bytes(), picture_of(PAPERS[name])
    assert struct.unpack(">II", kept[16:24]) == struct.unpack(">II", drawn[16:24])
    assert len(kept) < 150_000
