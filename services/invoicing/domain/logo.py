"""A provider's logo: a data address that really is an image, small, and harmless wherever it is shown.

Documents, mails and the Billing page draw it, so an SVG may hold shapes and nothing that runs or is fetched. Only
what the file says of itself is read here; no pixel is decoded, and nothing is trusted that was not checked.
"""

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from shared.errors import Invalid

BYTES_MAX = 1024 * 1024
PIXELS_MAX = 4096
ELEMENTS_MAX = 10_000
DEPTH_MAX = 64
Format = Literal["svg", "png", "jpg"]
_FORMATS: dict[str, Format] = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
_ADVICE = "Send an SVG, PNG or JPEG of at most 1 MiB as a data address, like data:image/png;base64,…"
_SVG = "http://www.w3.org/2000/svg"
_RUNS = frozenset(
    "script foreignobject iframe object embed handler listener set animate animatetransform animatemotion".split()
)
_FETCHES = re.compile(r"url\(\s*(?![\s\"']*#)|@import|expression\(", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*\Z")


@dataclass(frozen=True, slots=True)
class Logo:
    """A checked image."""

    format: Format
    content: bytes


def _refusal(what: str) -> Invalid:
    return Invalid(f"The logo {what}. {_ADVICE}", field="brand.logo", slug="logo-refused")


def check_logo(address: str) -> Logo:
    """The image of a data address. Raises ``Invalid`` with what is wrong and what to send instead."""
    head, comma, body = address.partition(",")
    media, *parameters = head.removeprefix("data:").split(";")
    if not head.startswith("data:") or not comma:
        raise _refusal("is not a data address")
    kind = _FORMATS.get(media.strip().lower())
    if kind is None:
        raise _refusal(f"is of type {media[:40] or 'nothing'}, which documents cannot show")
    # The coded form is at least as long as the image: refuse a huge one before it is decoded.
    if len(body) > 3 * BYTES_MAX:
        raise _refusal(f"is {len(body) * 3 // 4 // BYTES_MAX} MiB or more")
    content = _decoded(body, coded="base64" in parameters)
    if len(content) > BYTES_MAX:
        raise _refusal(f"is {len(content)} bytes large, the limit is {BYTES_MAX}")
    {"svg": _check_svg, "png": _check_png, "jpg": _check_jpeg}[kind](content)
    return Logo(kind, content)


def _decoded(body: str, *, coded: bool) -> bytes:
    try:
        return base64.b64decode(body, validate=True) if coded else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        raise _refusal("is not valid base64") from None


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= PIXELS_MAX and 0 < height <= PIXELS_MAX):
        raise _refusal(f"is {width} by {height} pixels, the limit is {PIXELS_MAX} each way")


def _check_png(content: bytes) -> None:
    """Signature, every chunk with its checksum, dimensions, and pixel data as long as they say (PNG, 5 and 11)."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _refusal("says that it is a PNG and is not one")
    place, pixels, header, ended = 8, bytearray(), b"", False
    while place + 12 <= len(content) and not ended:
        length = int.from_bytes(content[place : place + 4], "big")
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        checksum = content[place + 8 + length : place + 12 + length]
        if len(checksum) != 4 or zlib.crc32(kind + data) != int.from_bytes(checksum, "big"):
            raise _refusal("is a damaged PNG")
        header = data if kind == b"IHDR" else header
        pixels += data if kind == b"IDAT" else b""
        ended = kind == b"IEND"
        place += 12 + length
    if len(header) != 13 or not ended or not pixels:
        raise _refusal("is a PNG that breaks off")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    _check_size(width, height)
    _check_pixels(bytes(pixels), most=height * (width * 8 + 1) + 64 * height)


def _check_pixels(packed: bytes, most: int) -> None:
    """The pixel data unpack, and not to more than the dimensions can hold."""
    unpack = zlib.decompressobj()
    try:
        size = len(unpack.decompress(packed, most + 1))
    except zlib.error:
        raise _refusal("is a damaged PNG") from None
    if size > most or not unpack.eof:
        raise _refusal("is a damaged PNG")


def _check_jpeg(content: bytes) -> None:
    """Markers up to the frame header, which holds the dimensions, and the end marker (ITU T.81, B.1)."""
    if not content.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in content[-64:]:
        raise _refusal("says that it is a JPEG and is not one, or breaks off")
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(content[at : at + 2], "big") for at in (place + 5, place + 7))
            _check_size(width, height)
            return
        if marker == 0xFF:
            place += 1
            continue
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    raise _refusal("is a damaged JPEG")


class _SvgReader:
    """Walks an SVG and stops at the first thing that runs, fetches or declares entities."""

    def __init__(self) -> None:
        self.elements = self.depth = 0
        self.style: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.elements > ELEMENTS_MAX or self.depth > DEPTH_MAX:
            raise _refusal("is an SVG with too many parts")
        space, _, local = name.rpartition(" ")
        if self.elements == 1 and (local != "svg" or space not in ("", _SVG)):
            raise _refusal("says that it is an SVG and is not one")
        if local.lower() in _RUNS:
            raise _refusal(f"is an SVG with a <{local}> element; export it as plain shapes")
        self.style = [] if local.lower() == "style" else None
        for attribute, value in attributes.items():
            self._check_attribute(attribute.rpartition(" ")[2].lower(), value)

    def _check_attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            raise _refusal(f"is an SVG with the script attribute {name}; export it as plain shapes")
        if name in ("href", "src") and not (
            value.strip().startswith("#") or _DATA_IMAGE.match(value.strip())
        ):
            raise _refusal("is an SVG that refers to something outside itself; embed it or draw it")
        if _FETCHES.search(value):
            raise _refusal("is an SVG that refers to something outside itself; embed it or draw it")

    def text(self, data: str) -> None:
        if self.style is not None:
            self.style.append(data)

    def end(self, name: str) -> None:
        self.depth -= 1
        if self.style is not None:
            text = "".join(self.style)
            # A backslash escape could spell what is looked for.
            if "\\" in text or _FETCHES.search(text):
                raise _refusal("is an SVG whose style refers to something outside itself; embed or draw it")
            self.style = None

    def declared(self, *_: object) -> None:
        raise _refusal("is an SVG with a document type; save it without one")


def _check_svg(content: bytes) -> None:
    reader = _SvgReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.declared
    parser.EntityDeclHandler = reader.declared
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise _refusal(f"is an SVG that cannot be read, at line {error.lineno}") from None


def _refuse_instruction(target: str, _: str) -> None:
    raise _refusal(f"is an SVG with the processing instruction {target[:40]}; save it without one")
