"""From a posted body to one FreeSWITCH document, in every form in which mod_json_cdr and mod_xml_cdr write it.

The form depends on ``encode`` in json_cdr.conf or xml_cdr.conf: ``cdr=<url-encoded>``, ``cdr=<base64>`` (with plus signs
left as they are) or the bare document; the Content-Type gets lost with ``disable-100-continue``, so the body itself
decides. Both kinds come out in one shape: ``variables``, ``callflow`` (a list, the newest first), ``hold_record``.
Source: mod_json_cdr.c, mod_xml_cdr.c and switch_ivr.c of signalwire/freeswitch.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError

import msgspec
import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.usage.entrypoints.formats.fields import WrongField, as_utf8

# What XML 1.0 forbids, with references to it: caller names come as the far end sent them.
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*1?[0-8bcef]|0*[0-8]|0*1[124-9]|0*2[0-9]|0*3[01]);", re.I
)
# The field of a form, alone or among others.
_FIELD = re.compile(rb"(?:^|&)cdr=", re.I)
_BARE = (b"{", b"<", b"[")
_AROUND = b" \t\r\n\x00"
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_BARE_AMPERSAND = re.compile(r"&(?!(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_FULL_HEADER = re.compile(r"<(sip_(?:full_|h_|rh_|ph_|bye_h_)[^\s<>/]*)>([^\n]*?)</\1>")
_COLON_IN_NAME = re.compile(r"</?[A-Za-z_][\w.\-]{0,200}:[\w.:\-]{0,200}(?=[\s/>])")
# What printf writes for a share of nothing, in the statistics of a call without media.
_NO_NUMBER = re.compile(r'("(?:[^"\\]|\\.)*+"?)|-?\b(?:nan|inf(?:inity)?)\b', re.I | re.S)
_EVENT_PREFIX = "variable_"


def split_documents(body: bytes) -> list[bytes]:
    """Each document's bytes: the elements of an array, lines that each hold one, else the body as one."""
    content = as_utf8(body).strip(_AROUND)
    if content[:1] == b"[":
        try:
            elements = _ELEMENTS.decode(content)
        except (msgspec.DecodeError, RecursionError):
            return [content]
        return [bytes(one) for one in elements] or [content]
    if b"\n" in content:
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        if all(line[:1] == b"{" and line[-1:] == b"}" for line in lines):
            return lines
        if all(line[:4].lower() == b"cdr=" for line in lines):
            return lines
    return [content]


def document_of(body: bytes) -> dict[str, Any]:
    """The document in a body. Raises ``WrongField`` when there is none."""
    content = as_utf8(body).strip(_AROUND)
    field = None if content[:1] in _BARE else _FIELD.search(content)
    if field is None:
        return _from_form(content) if _is_escaped(content) else _parsed(content)
    content = content[field.end() :].lstrip()
    if content[:1] in _BARE:
        try:
            return _parsed(content)
        except WrongField:
            # Other fields of the form may follow a value that nobody escaped.
            last = max(content.rfind(b"}&"), content.rfind(b">&"))
            if last < 0:
                raise
            return _parsed(content[: last + 1])
    # One value of a form: both encodings escape an ampersand.
    value = content.split(b"&", 1)[0]
    return _from_form(value) if _is_escaped(value) else _parsed(_from_base64(value))


def _is_escaped(content: bytes) -> bool:
    return content[:3].upper() in (b"%7B", b"%3C")


def _from_form(content: bytes) -> dict[str, Any]:
    """FreeSWITCH leaves ``+`` alone; a form library writes it for a space, which then stands between tokens."""
    try:
        return _parsed(_unescaped(content))
    except WrongField:
        return _parsed(unquote_to_bytes(content.replace(b"+", b" ")))


def _unescaped(content: bytes) -> bytes:
    """Percent escapes decoded, thirty times faster than ``unquote_to_bytes``: a document has thousands of them.

    Quoted-printable is the same code with another sign, and the standard library decodes that one in C.
    """
    return binascii.a2b_qp(content.replace(b"=", b"=3D").replace(b"%", b"="))


def _from_base64(content: bytes) -> bytes:
    raw = unquote_to_bytes(content) if b"%" in content else content
    raw = raw.replace(b"\r", b"").replace(b"\n", b"")
    # A form decoder on the way may have turned the plus signs into spaces.
    raw = raw.replace(b" ", b"+").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except binascii.Error:
        raise WrongField("cdr", "`cdr` is neither JSON, nor XML, nor url-encoded, nor base64.") from None


def _parsed(content: bytes) -> dict[str, Any]:
    content = as_utf8(content.strip(_AROUND))
    return _from_xml(content) if content[:1] == b"<" else _from_json(content)


# -- mod_json_cdr -----------------------------------------------------------------------------------------------------


def _from_json(content: bytes) -> dict[str, Any]:
    try:
        # Older switches repeat the key `callflow`, once a caller profile; a parser would keep the last alone.
        document = (
            json.loads(
                content.decode("utf-8", "replace"), object_pairs_hook=_with_all_callflows, strict=False
            )
            if content.count(b'"callflow"') > 1
            else orjson.loads(content)
        )
    except (orjson.JSONDecodeError, ValueError, RecursionError):
        document = _forgiving(content)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if isinstance(document, dict) and isinstance(document.get("cdr"), dict):
        # A forwarder that names the field of the form in JSON.
        document = document["cdr"]
    if isinstance(document, dict) and not isinstance(document.get("variables"), dict):
        document = _from_event(document)
    if not isinstance(document, dict) or not isinstance(document.get("variables"), dict):
        raise WrongField("variables", "A mod_json_cdr document has an object `variables`; this one has none.")
    return document


def _with_all_callflows(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    flows = [value for name, value in pairs if name == "callflow"]
    if len(flows) > 1:
        made["callflow"] = [one for flow in flows for one in (flow if isinstance(flow, list) else [flow])]
    return made


def _forgiving(content: bytes) -> Any:
    """Names that are not UTF-8 and raw control characters inside strings are the far end's doing."""
    try:
        return json.loads(
            _NO_NUMBER.sub(lambda found: found[1] or "null", content.decode("utf-8", "replace")), strict=False
        )
    except (ValueError, RecursionError) as error:
        raise WrongField("body", f"The body is no JSON document of mod_json_cdr: {error}.") from None


def _from_event(document: dict[str, Any]) -> dict[str, Any]:
    """A CHANNEL_HANGUP_COMPLETE event as JSON holds the same variables, each with a prefix."""
    variables = {
        name[len(_EVENT_PREFIX) :]: value
        for name, value in document.items()
        if name.startswith(_EVENT_PREFIX)
    }
    if not variables:
        return document
    profile = {
        "caller_id_number": document.get("Caller-Caller-ID-Number"),
        "destination_number": document.get("Caller-Destination-Number"),
        "context": document.get("Caller-Context"),
        "uuid": document.get("Unique-ID"),
    }
    return {
        "switchname": document.get("FreeSWITCH-Switchname"),
        "variables": variables,
        "callflow": [{"caller_profile": profile}],
    }


# -- mod_xml_cdr ------------------------------------------------------------------------------------------------------


def _from_xml(content: bytes) -> dict[str, Any]:
    root = _root(content)
    if root.tag.lower() != "cdr":
        raise WrongField("cdr", f"A mod_xml_cdr document is one element `cdr`, not `{root.tag[:40]}`.")
    variables = root.find("variables")
    if variables is None:
        raise WrongField("variables", "A mod_xml_cdr document has an element `variables`; this one has none.")
    channel = root.find("channel_data")
    return {
        **root.attrib,
        "channel_data": {} if channel is None else _texts(channel),
        "variables": _texts(variables),
        "callflow": [_flow(flow) for flow in root.iter("callflow")],
        "hold_record": [_hold(one) for record in _held(root) for one in record],
    }


def _root(content: bytes) -> Element:
    try:
        return _element(content)
    except (ParseError, ValueError, LookupError):
        pass
    mended = _mended(_FORBIDDEN.sub(b"", content).decode("utf-8", "replace"))
    try:
        return _element(re.sub(r"^<\?xml[^>]*\?>", "", mended).encode())
    except (ParseError, ValueError, LookupError) as error:
        raise WrongField("body", f"The body is no XML document of mod_xml_cdr: {error}.") from None


def _mended(text: str) -> str:
    """Names of SIP headers become names of elements, and with encode-values off their contents stand as they came."""
    text = _BARE_AMPERSAND.sub("&amp;", text)
    text = _FULL_HEADER.sub(
        lambda found: f"<{found[1]}>{found[2].replace('<', '&lt;').replace('>', '&gt;')}</{found[1]}>", text
    )
    return _COLON_IN_NAME.sub(lambda found: found[0].replace(":", "_"), text)


def _element(content: bytes) -> Element:
    try:
        root: Element = fromstring(content)
    except DefusedXmlException:
        raise WrongField(
            "body", "The XML has a document type or entities; mod_xml_cdr writes none."
        ) from None
    return root


def _texts(parent: Element) -> dict[str, Any]:
    """Children by name; of several with one name the first that holds something."""
    found: dict[str, Any] = {}
    for child in parent:
        if not found.get(child.tag):
            found[child.tag] = (child.text or "").strip()
    return found


def _flow(flow: Element) -> dict[str, Any]:
    profile, times = flow.find("caller_profile"), flow.find("times")
    made: dict[str, Any] = {
        "caller_profile": {} if profile is None else _texts(profile),
        "times": {} if times is None else _texts(times),
    }
    if profile is not None:
        caller = profile.find("./originator/originator_caller_profile")
        if caller is not None:
            made["caller_profile"]["originator"] = {"originator_caller_profiles": [_texts(caller)]}
    return made


def _held(root: Element) -> Iterable[Element]:
    return [one for name in ("hold-record", "hold_record") for one in root.iter(name)]


def _hold(one: Element) -> dict[str, str]:
    return {**_texts(one), **one.attrib}
