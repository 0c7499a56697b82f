"""Writes a paper in the form that was asked for."""

import asyncio

from services.invoicing.adapters.documents.lines import LineText
from services.invoicing.adapters.documents.press import Press
from services.invoicing.adapters.einvoices.cii import write_cii
from services.invoicing.adapters.einvoices.facturx import add_metadata
from services.invoicing.adapters.einvoices.ubl import write_ubl
from services.invoicing.domain.einvoice import electronic
from services.invoicing.domain.paper import Paper
from services.invoicing.domain.wording import shown_locale, words_for
from shared.formats import LocalFormats


class DocumentWriter:
    """PDF by the press; electronic invoices off the event loop, as they take some 40 ms."""

    def __init__(self, press: Press) -> None:
        self._press = press

    async def __call__(self, paper: Paper, form: str) -> bytes:
        """``form`` is pdf, facturx, cii or ubl. Raises ``Conflict`` naming what an electronic invoice lacks."""
        if form == "pdf":
            return await self._press.print(paper)
        text = LineText(words_for(paper.locale), LocalFormats(shown_locale(paper.locale)))
        invoice = electronic(paper, lambda line: (text.description(line), text.note(line)))
        if form == "ubl":
            return await asyncio.to_thread(write_ubl, invoice)
        xml = await asyncio.to_thread(write_cii, invoice)
        if form == "cii":
            return xml
        pdf = await self._press.print(paper, xml.decode())
        return await asyncio.to_thread(add_metadata, pdf)
