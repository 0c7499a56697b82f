"""What a line says in the document's language, made of what it rests on."""

import re
from decimal import Decimal

from services.invoicing.domain.lines import minutes
from services.invoicing.domain.paper import PaperLine
from services.invoicing.domain.wording.words import DocumentWords, LineWords
from shared.formats import LocalFormats

# Included figures of lines whose evidence does not hold them.
_INCLUDED = re.compile(r"above the ([\d,]+) included")


class LineText:
    """Description and note of lines. English keeps the words that were issued; so does what no catalogue knows."""

    def __init__(self, words: DocumentWords, formats: LocalFormats) -> None:
        self._language = words.language
        self._words: LineWords = words.lines
        self._formats = formats

    def description(self, line: PaperLine) -> str:
        if self._language == "en":
            return line.description
        if line.kind == "late_usage":
            return self._late(line)
        return self._ordinary(line.kind, line) or line.description

    def _late(self, line: PaperLine) -> str:
        if line.description.startswith("Correction"):
            return self._words.late.format(description=self._words.correction)
        of = str(line.evidence.get("of", ""))
        kind = of if of in ("extensions", "dids") else "minutes"
        what = self._ordinary(kind, line)
        return self._words.late.format(description=what) if what else line.description

    def _ordinary(self, kind: str, line: PaperLine) -> str | None:
        words = self._words
        if kind == "fee" and line.description.endswith(" plan"):
            return words.fee.format(plan=line.description.removesuffix(" plan"))
        plain_and_above = {
            "extensions": ("Extensions", words.extensions, words.extensions_above),
            "dids": ("DIDs", words.dids, words.dids_above),
            "minutes": ("Minutes", words.minutes, words.minutes_above),
        }
        if kind not in plain_and_above or not line.description.startswith(plain_and_above[kind][0]):
            return None
        _, plain, above = plain_and_above[kind]
        included = _INCLUDED.search(line.description)
        text = (
            above.format(included=self._formats.number(int(included[1].replace(",", ""))))
            if included
            else plain
        )
        return ", ".join([text, *self._qualities(line)])

    def _qualities(self, line: PaperLine) -> list[str]:
        """Direction and class of minutes; ordinary calls need no word for their class."""
        words, call_class = self._words, str(line.evidence.get("call_class", ""))
        found = []
        direction = str(line.evidence.get("direction", ""))
        if direction:
            found.append(words.directions.get(direction, direction))
        if call_class and call_class not in ("standard", "external"):
            found.append(words.classes.get(call_class, call_class.replace("_", " ")))
        return found

    def note(self, line: PaperLine) -> str | None:
        """What the line rests on, with numbers as the locale writes them."""
        words, formats = self._words, self._formats
        if line.kind == "minutes" and "billed_seconds" in line.evidence:
            return words.of_calls.format(
                minutes=formats.number(minutes(int(line.evidence["billed_seconds"])), 1)
            )
        if self._language == "en" or line.detail is None:
            return line.detail
        if line.kind in ("extensions", "dids") and "peak" in line.evidence:
            peak = words.peak.format(peak=formats.number(int(line.evidence["peak"])))
            return self._with_part(peak, line.detail)
        if line.detail.startswith("in advance"):
            return self._with_part(words.in_advance, line.detail)
        fixed = {
            "one-time charge": words.one_time,
            "difference to what was billed before": words.difference,
        }
        return fixed.get(line.detail, line.detail)

    def _with_part(self, text: str, detail: str) -> str:
        part = re.search(r"(\d+) of (\d+) days$", detail)
        if part is None:
            return text
        return f"{text}, {self._words.part_of_month.format(days=part[1], of=part[2])}"

    def quantity(self, line: PaperLine) -> str:
        if line.unit != "min":
            return self._formats.number(line.quantity)
        return f"{self._formats.number(line.quantity.quantize(Decimal('0.1')), 1)}\u00a0{self._words.minutes_unit}"
