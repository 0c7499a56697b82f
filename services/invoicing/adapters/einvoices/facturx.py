"""Makes a PDF/A-3 with the attached data a Factur-X document: the metadata that typst does not write.

Written as an incremental update (ISO 32000-1, 7.5.6): the bytes of the page stay as they are, tags and PDF/UA
included, and the metadata stream is replaced by a longer one. The factur-x library would write the whole file anew
and drop what says that it is accessible.
"""

import re

from shared.errors import Failed

_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_METADATA = re.compile(rb"\n(\d+) 0 obj\n<</Length (\d+)/Type/Metadata/Subtype/XML>>\nstream\n")
_TRAILER = re.compile(rb"trailer\n<<(.*?)>>\nstartxref\n(\d+)\n%%EOF\s*\Z", re.DOTALL)
_VALUES = (
    ("DocumentFileName", "factur-x.xml", "The name of the embedded XML document"),
    ("DocumentType", "INVOICE", "The type of the hybrid document in capital letters"),
    ("Version", "1.0", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "EN 16931", "The conformance level of the embedded XML document"),
)


def add_metadata(pdf: bytes) -> bytes:
    """The document with Factur-X's XMP properties and their PDF/A extension schema."""
    found, trailer = _METADATA.search(pdf), _TRAILER.search(pdf)
    if found is None or trailer is None:
        raise Failed("The electronic invoice cannot be put into the PDF; ask for its XML alone (cii or ubl).")
    number, length = int(found[1]), int(found[2])
    old = pdf[found.end() : found.end() + length].decode()
    new = _with_properties(old).encode()
    base = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    stream = b"%d 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n%s\nendstream\nendobj\n" % (
        number,
        len(new),
        new,
    )
    place = len(base) + len(stream)
    table = b"xref\n%d 1\n%010d 00000 n\r\ntrailer\n<<%s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (
        number,
        len(base),
        trailer[1],
        trailer[2],
        place,
    )
    return base + stream + table


def _with_properties(xmp: str) -> str:
    schema = (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        "<pdfaSchema:property><rdf:Seq>"
        + "".join(
            f'<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
            f"<pdfaProperty:description>{said}</pdfaProperty:description><pdfaProperty:name>{name}</pdfaProperty:name>"
            "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
            for name, _, said in _VALUES
        )
        + "</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, value, _ in _VALUES)
    properties = f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{values}</rdf:Description>'
    bag = "<pdfaExtension:schemas><rdf:Bag>"
    if xmp.count(bag) != 1 or xmp.count("</rdf:RDF>") != 1:
        raise Failed("The electronic invoice cannot be put into the PDF; ask for its XML alone (cii or ubl).")
    return xmp.replace(bag, bag + schema).replace("</rdf:RDF>", properties + "</rdf:RDF>")
