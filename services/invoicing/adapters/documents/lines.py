"""What a line says in the document's language.

Lines are issued in English, put together of few phrases (``PHRASES``). Each phrase is found again here and said in the
language of the document, its figures in the tenant's locale; what a person named is left as it is.
"""

import re
from datetime import date
from decimal import Decimal
from functools import cache

from services.invoicing.domain.paper import PaperLine
from services.invoicing.domain.wording.words import PHRASES, DocumentWords
from shared.formats import LocalFormats
from shared.money import Money, currency

# Lines that somebody named: no part of the description is ours.
_NAMED = frozenset({"one_time", "add_on", "discount"})
_HOLES = {
    "n": r"[\d,]+(?:\.\d+)?",
    "m": r"[\d,]+(?:\.\d+)?",
    "day": r"\d{4}-\d\d-\d\d",
    "last": r"\d{4}-\d\d-\d\d",
    "money": r"-?[\d.]+ [A-Z]{3}",
    "name": r".+",
    "text": r".+",
}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made = []
    for phrase in PHRASES:
        pattern = re.sub(
            r"\\\{(\w+)\\\}", lambda hole: f"(?P<{hole[1]}>{_HOLES[hole[1]]})", re.escape(phrase)
        )
        made.append((phrase, re.compile(pattern)))
    return tuple(made)


class LineText:
    """Description, note and quantity of lines."""

    def __init__(self, words: DocumentWords, formats: LocalFormats) -> None:
        self._words, self._formats = words, formats
        # The same words come again in every line of a document.
        self._said: dict[str, str] = {}

    def description(self, line: PaperLine) -> str:
        return line.description if line.kind in _NAMED else self.said(line.description)

    def note(self, line: PaperLine) -> str | None:
        return self.said(line.detail) if line.detail else None

    def said(self, text: str) -> str:
        """Each part between commas or semicolons in the document's language."""
        if text not in self._said:
            parts = re.split(r"(, |; )", text)
            self._said[text] = "".join(
                part if place % 2 else self._part(part) for place, part in enumerate(parts)
            )
        return self._said[text]

    def _part(self, part: str) -> str:
        for phrase, pattern in _patterns():
            found = pattern.fullmatch(part)
            if found is not None:
                template = self._words.phrases.get(phrase, phrase)
                return template.format(
                    **{hole: self._figure(hole, text) for hole, text in found.groupdict().items()}
                )
        head, colon, rest = part.partition(": ")
        return f"{self._part(head)}: {rest}" if colon else part

    def _figure(self, hole: str, text: str) -> str:
        if hole in ("n", "m"):
            digits = text.replace(",", "")
            return self._formats.number(Decimal(digits), len(digits.partition(".")[2]))
        if hole in ("day", "last"):
            return self._formats.day(date.fromisoformat(text))
        if hole == "money":
            value, _, code = text.partition(" ")
            return self._formats.money(Money.of(value, currency(code)))
        return text

    def quantity(self, line: PaperLine) -> str:
        if line.unit != "min":
            return self._formats.number(line.quantity)
        return f"{self._formats.number(line.quantity.quantize(Decimal('0.1')), 1)}\u00a0{self._words.minutes_unit}"
