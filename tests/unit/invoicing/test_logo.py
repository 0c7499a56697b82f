"""A logo is an image, small and harmless, or it is refused with what to do instead."""

import base64
import struct
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.logo import BYTES_MAX, check_logo
from shared.errors import Invalid

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 2, height: int = 2, pixels: bytes | None = None) -> bytes:
    """A grey PNG."""
    raw = pixels if pixels is not None else b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(raw))
        + _chunk(b"IEND", b"")
    )


def jpeg(width: int = 3, height: int = 2) -> bytes:
    """As much of a JPEG as says how large it is."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"ab" + frame + b"\xff\xd9"


def coded(media: str, content: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def svg(inside: str) -> str:
    return coded("image/svg+xml", SVG.format(inside).encode())


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (coded("image/png", png()), "png"),
        (coded("image/jpeg", jpeg()), "jpg"),
        (svg('<rect width="10" height="10" fill="#0B5FA5"/>'), "svg"),
        ("data:image/svg+xml;utf8," + quote(SVG.format("<g/>")), "svg"),
        (svg('<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/><use href="#a"/>'), "svg"),
        (svg(f'<image href="{coded("image/png", png())}"/>'), "svg"),
    ],
)
def test_images_are_taken(address: str, kind: str) -> None:
    """Three formats, coded or written out, gradients and embedded pixels."""
    assert check_logo(address).format == kind


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://example.com/logo.png", "not a data address"),
        ("data:image/png", "not a data address"),
        (coded("text/html", b"<b>hello</b>"), "type text/html"),
        (coded("image/gif", b"GIF89a"), "type image/gif"),
        ("data:image/png;base64,####", "not valid base64"),
        (coded("image/png", b"<svg/>"), "says that it is a PNG"),
        (coded("image/png", png()[:-14]), "damaged PNG|breaks off"),
        (coded("image/png", png().replace(b"IDAT", b"IDAX")), "damaged PNG"),
        (coded("image/png", png(9000, 2, b"\0" * 18002)), "9000 by 2 pixels"),
        (coded("image/png", png(2, 2, b"\0" * 10_000_000)), "damaged PNG"),
        (coded("image/jpeg", png()), "says that it is a JPEG"),
        (coded("image/jpeg", jpeg(60000)), "60000 by 2 pixels"),
        (coded("image/jpeg", jpeg()[:12] + b"\xff\xd9"), "damaged JPEG"),
        (coded("image/svg+xml", b"<html/>"), "says that it is an SVG"),
        (coded("image/svg+xml", b"<svg"), "cannot be read"),
        (svg("<script>alert(1)</script>"), "<script>"),
        (svg("<foreignObject/>"), "<foreignObject>"),
        (svg("<a href='javascript:alert(1)'/>"), "outside itself"),
        (svg("<rect onclick='alert(1)'/>"), "onclick"),
        (svg("<image href='https://example.com/x.png'/>"), "outside itself"),
        (
            svg("<image xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='file:///etc/passwd'/>"),
            "outside itself",
        ),
        (svg("<image href='data:image/svg+xml;base64,PHN2Zy8+'/>"), "outside itself"),
        (svg("<rect style='fill:url(https://example.com/a)'/>"), "outside itself"),
        (svg("<style>@import 'https://example.com/a.css';</style>"), "outside itself"),
        (svg("<style>a{fill:u\\72l(https://example.com)}</style>"), "outside itself"),
        (
            coded("image/svg+xml", b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;").encode()),
            "document type",
        ),
        (
            coded("image/svg+xml", b"<?xml-stylesheet href='a.css'?>" + SVG.format("").encode()),
            "xml-stylesheet",
        ),
        (svg("<g>" * 100 + "</g>" * 100), "too many parts"),
        (coded("image/png", b"\0" * (BYTES_MAX + 1)), "bytes large"),
        ("data:image/png;base64," + "A" * (50 * 1024 * 1024), "37 MiB or more"),
    ],
)
def test_what_is_no_harmless_image_is_refused(address: str, says: str) -> None:
    """The problem names the field, says what is wrong and what to send; a large one is not even decoded."""
    with pytest.raises(Invalid, match=says) as refused:
        check_logo(address)
    assert refused.value.field == "brand.logo"
    assert refused.value.slug == "logo-refused"
    assert "at most 1 MiB" in refused.value.message


@given(st.binary(max_size=300), st.sampled_from(["image/png", "image/jpeg", "image/svg+xml"]))
def test_no_bytes_bring_anything_but_a_refusal(content: bytes, media: str) -> None:
    """Whatever is sent, with or without a real beginning, the answer is an image or a sentence."""
    for start in (b"", png()[:30], jpeg()[:10], b"<svg xmlns='http://www.w3.org/2000/svg'>"):
        try:
            check_logo(coded(media, start + content))
        except Invalid as refused:
            assert refused.field == "brand.logo"
