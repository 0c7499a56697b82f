"""The press: a process that sets documents, one after the other, and holds the fonts so that the service need not.

It reads jobs from standard input and writes each result to standard output, as msgpack messages with a length before
them, and knows nothing of invoices. It ends when its input ends.
"""

import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import typst

from services.invoicing.adapters.documents.press_job import LENGTH_BYTES, Job, Outcome

TEMPLATE = Path(__file__).with_name("document.typ")
# PDF/A-3 at its accessible level, and PDF/UA-1: both ask for a tagged document.
STANDARDS: "list[typst.PDFStandard]" = ["a-3a", "ua-1"]


class Printer:
    """typst with its fonts loaded once. ``fonts`` are folders or files."""

    def __init__(self, fonts: list[str], folder: Path) -> None:
        self._folder = folder
        self._template = folder / TEMPLATE.name
        self._template.write_bytes(TEMPLATE.read_bytes())
        self._compiler = typst.Compiler(
            str(self._template), root=str(folder), ignore_system_fonts=True, font_paths=fonts
        )

    def print(self, job: Job) -> Outcome:
        """A logo that cannot be drawn, or a character that no font has, must not keep a tenant from the invoice."""
        logo = self._logo(job)
        tries: list[tuple[str | None, list[typst.PDFStandard], tuple[str, ...]]] = [
            (logo, STANDARDS, ()),
            (logo, [], ("standards",)),
        ]
        if logo is not None:
            tries += [(None, STANDARDS, ("logo",)), (None, [], ("logo", "standards"))]
        if job.xml is not None:
            # An electronic invoice is archived: without PDF/A it is none.
            tries = [one for one in tries if one[1]]
        error = ""
        for shown, standards, lacking in tries:
            try:
                return Outcome(pdf=self._compile(job, shown, standards), lacking=lacking)
            except typst.TypstError as failed:
                error = f"{failed.message} {' '.join(failed.hints)}"
        return Outcome(error=error)

    def _logo(self, job: Job) -> str | None:
        """The logo as a file named by what it holds, so that typst decodes the same one once."""
        if job.logo is None:
            return None
        name = f"{hashlib.sha256(job.logo).hexdigest()}.{job.logo_format}"
        path = self._folder / name
        if not path.exists():
            path.write_bytes(job.logo)
        return name

    def _compile(self, job: Job, logo: str | None, standards: "list[typst.PDFStandard]") -> bytes:
        attach = None if job.xml is None else {"xml": job.xml, "description": job.description}
        # The job's data are a JSON object already: two more members go before its first.
        content = f'{{"logo":{json.dumps(logo)},"attach":{json.dumps(attach)},{job.data[1:].decode()}'
        made = self._compiler.compile(
            format="pdf",
            pdf_standards=standards,
            sys_inputs={"data": content},
            timestamp=datetime.fromtimestamp(job.stamp, UTC),
        )
        assert isinstance(made, bytes)
        return made


def read_message(stream: BinaryIO) -> bytes | None:
    """The next message; None at the end of the input."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    return stream.read(int.from_bytes(head, "big"))


def write_message(stream: BinaryIO, message: bytes) -> None:
    stream.write(len(message).to_bytes(LENGTH_BYTES, "big"))
    stream.write(message)
    stream.flush()


def main(fonts: list[str]) -> None:
    decode, encode = msgspec.msgpack.Decoder(Job), msgspec.msgpack.Encoder()
    with tempfile.TemporaryDirectory(prefix="tollgate-press-") as made:
        printer = Printer(fonts, Path(made))
        while (message := read_message(sys.stdin.buffer)) is not None:
            write_message(sys.stdout.buffer, encode.encode(printer.print(decode.decode(message))))


if __name__ == "__main__":
    main(sys.argv[1:])
