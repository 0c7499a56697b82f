"""Tollgate's own call record: JSON, for platforms that we have no reader for. One object, an array, or NDJSON.

Fields: ``id``, ``tenant`` (SIP domain, account code or tenant id), ``direction`` (tenant's view; may be left out),
``from``, ``to``, ``start_time`` (the answer), ``end_time`` (epoch seconds with fraction, or RFC 3339), ``duration``
(seconds, hold included; where there is no end_time), ``tenant_hold_ms``, ``sip_call_id``, ``switch``, ``trunk``. Numbers
may be strings. Unknown fields are kept with the call, so that a platform can send what it has.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
import orjson

from services.usage.domain.records import CallRecord, Direction, Unreadable
from services.usage.entrypoints.formats.fields import (
    EARLIEST_US,
    LATEST_US,
    LONGEST_TEXT,
    WrongField,
    clean,
    in_range,
    seconds_to_microseconds,
    stamp_to_microseconds,
    user_of,
)

_UUID_DIGITS = 32
_MOST_PLAIN = 10**9
_READ = frozenset(
    (
        *("id", "tenant", "direction", "from", "to", "start_time", "end_time", "duration", "tenant_hold_ms"),
        *("sip_call_id", "switch", "trunk"),
    )
)
_MISSING = (None, "")
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
_Whole = Annotated[int, msgspec.Meta(ge=0, lt=_MOST_PLAIN)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, lt=_MOST_PLAIN)]
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def split_records(body: bytes) -> Iterator[bytes]:
    """Each record's bytes: the elements of an array, the one object, or the lines."""
    content = body.strip()
    if content[:1] == b"[":
        try:
            # The elements' own bytes, cut out of the body.
            yield from (bytes(one) for one in _ELEMENTS.decode(content))
            return
        except (msgspec.DecodeError, RecursionError):
            pass
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        yield from (line for line in content.splitlines() if line.strip())
        return
    yield content


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as nearly all are: numbers that are numbers, and no field that nothing here reads."""

    id: _Text
    from_: _Text = msgspec.field(name="from")
    to: _Text
    start_time: float
    end_time: float
    tenant: _Text = ""
    direction: Direction | None = None
    duration: _Seconds | None = None
    tenant_hold_ms: _Whole = 0
    sip_call_id: _Text = ""
    switch: _Text = ""
    trunk: _Text = ""


_PLAIN = msgspec.json.Decoder(_Plain)


def read_own(raw: bytes) -> CallRecord | Unreadable:
    """One record."""
    # Texts without escapes hold no NUL.
    if b"\\" not in raw:
        try:
            made = _of_plain(_PLAIN.decode(raw))
        except msgspec.MsgspecError:
            made = None
        if made is not None:
            return made
    return _read_any(raw)


def _of_plain(plain: _Plain) -> CallRecord | None:
    """The same record as by ``_record``; None where that one has more to say."""
    started, ended = round(plain.start_time * 1_000_000), round(plain.end_time * 1_000_000)
    leg_id, caller, called = plain.id.strip(), plain.from_.strip(), plain.to.strip()
    if (
        started / 1_000_000 != plain.start_time
        or ended / 1_000_000 != plain.end_time
        or not EARLIEST_US <= started <= ended <= LATEST_US
        or not (leg_id and caller and called)
        or ("@" in caller or ":" in caller or "@" in called or ":" in called)
        or (plain.duration is not None and abs(plain.duration - (plain.end_time - plain.start_time)) > 0.9)
    ):
        return None
    tenant, trunk = plain.tenant.strip(), plain.trunk.strip()
    return CallRecord(
        switch=plain.switch.strip() or "api",
        leg_id=leg_id,
        from_number=caller,
        to_number=called,
        started_us=started,
        answered_us=started,
        ended_us=ended,
        hold_accumulated_us=plain.tenant_hold_ms * 1000,
        domains=(tenant.lower(),) if tenant else (),
        account_codes=(tenant,) if tenant else (),
        tenant_id=_tenant_id(tenant),
        direction=plain.direction,
        trunks=(trunk,) if trunk else (),
        one_view=plain.direction is not None,
        names_tenant=tenant != "",
        sip_call_id=plain.sip_call_id.strip() or None,
    )


def _read_any(raw: bytes) -> CallRecord | Unreadable:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            raw = _mended(raw)
            document = orjson.loads(raw)
        except (ValueError, RecursionError) as error:
            return Unreadable("body", f"The record is no JSON: {error}.")
    if not isinstance(document, dict):
        return Unreadable("body", "A call record is a JSON object.")
    if type(document.get("id")) is float:
        # A whole number of over 19 digits: as a float it would be the same as its neighbours.
        document["id"] = json.loads(raw, parse_float=str)["id"]
    try:
        return _record(document, raw)
    except WrongField as wrong:
        return wrong.unreadable


def _mended(raw: bytes) -> bytes:
    """JSON as it should have been: names come as the far end sent them, and some platforms write NaN.

    Raises ``ValueError`` where it is none at all.
    """
    document = json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda _: None, strict=False)
    # Half a pair of surrogates, as Python writes bytes that are no UTF-8, is no text.
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "xmlcharrefreplace")


def _id(document: dict[str, Any]) -> str:
    """Whole: two that begin alike are two calls."""
    found = document.get("id")
    if len(str(found)) > LONGEST_TEXT:
        raise WrongField("id", f"`id` is over {LONGEST_TEXT} characters; send a shorter one.")
    return _text(document, "id")


def _text(document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    if value is None or value == "":
        if needed:
            raise WrongField(name, f"`{name}` is missing.")
        return ""
    kind = type(value)
    if kind is str:
        return clean(value)
    if kind is not int and kind is not float:
        raise WrongField(name, f"`{name}` must be text or a number.")
    return str(value)


def _instant(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if type(value) is float:
        microseconds = round(value * 1_000_000) if -1e10 < value < 1e10 else 0
        # The one number of at most six decimals that reads as this float is what was written.
        if microseconds / 1_000_000 == value:
            return in_range(name, microseconds)
    text = _text(document, name)
    if text.replace(".", "", 1).isdigit():
        return in_range(name, seconds_to_microseconds(name, text))
    return stamp_to_microseconds(name, text)


def _length(document: dict[str, Any], name: str, *, unit: int) -> int:
    """Microseconds from a number of ``unit`` microseconds; 0 when missing."""
    value = document.get(name)
    if type(value) is int and 0 <= value < _MOST_PLAIN:
        return value * unit
    if type(value) is float and 0 <= value < _MOST_PLAIN:
        microseconds = round(value * 1_000_000)
        if microseconds / 1_000_000 == value:
            return microseconds * unit // 1_000_000
    text = _text(document, name, needed=False)
    length = seconds_to_microseconds(name, text) * unit // 1_000_000 if text else 0
    if length < 0:
        raise WrongField(name, f"`{name}` must not be negative.")
    return length


def _direction(document: dict[str, Any]) -> Direction | None:
    value = document.get("direction")
    if value == "outbound" or value == "inbound":
        return "outbound" if value == "outbound" else "inbound"
    match _text(document, "direction", needed=False).lower():
        case "inbound":
            return "inbound"
        case "outbound":
            return "outbound"
        case "":
            return None
    raise WrongField("direction", "`direction` is inbound or outbound, as the tenant sees it.")


def _disagreement(document: dict[str, Any], started: int, ended: int) -> tuple[str, ...]:
    """The stamps are billed; a duration that says otherwise by over a second is worth a look."""
    if document.get("duration") in _MISSING or document.get("end_time") in _MISSING:
        return ()
    apart = abs(_length(document, "duration", unit=1_000_000) - (ended - started))
    return ("duration_disagrees",) if apart > 1_000_000 else ()


def _tenant_id(text: str) -> UUID | None:
    # Most tenants are named by a domain, which is shorter; raising is slow.
    if len(text) < _UUID_DIGITS:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def _extra(document: dict[str, Any], raw: bytes) -> str | None:
    """Fields that nothing here reads, as JSON, with the values' own bytes: a long number keeps all its digits."""
    if document.keys() <= _READ:
        return None
    try:
        values = _FIELDS.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return orjson.dumps({name: document[name] for name in document.keys() - _READ}).decode()
    kept = (orjson.dumps(name) + b":" + bytes(value) for name, value in values.items() if name not in _READ)
    return (b"{" + b",".join(kept) + b"}").decode()


def _record(document: dict[str, Any], raw: bytes) -> CallRecord:
    started = _instant(document, "start_time")
    if document.get("end_time") not in (None, ""):
        ended = _instant(document, "end_time")
    elif document.get("duration") not in (None, ""):
        ended = started + _length(document, "duration", unit=1_000_000)
    else:
        raise WrongField("end_time", "Give `end_time`, or `duration` in seconds.")
    tenant = _text(document, "tenant", needed=False)
    direction = _direction(document)
    trunk = _text(document, "trunk", needed=False)
    return CallRecord(
        switch=_text(document, "switch", needed=False) or "api",
        leg_id=_id(document),
        from_number=user_of(_text(document, "from")),
        to_number=user_of(_text(document, "to")),
        started_us=started,
        answered_us=started,
        ended_us=in_range("end_time", ended),
        hold_accumulated_us=_length(document, "tenant_hold_ms", unit=1000),
        domains=(tenant.lower(),) if tenant else (),
        account_codes=(tenant,) if tenant else (),
        tenant_id=_tenant_id(tenant),
        direction=direction,
        trunks=(trunk,) if trunk else (),
        flags=_disagreement(document, started, ended),
        # A record that says whose view it is has a sibling for the other tenant, if there is one.
        one_view=direction is not None,
        names_tenant=tenant != "",
        extra=_extra(document, raw),
        sip_call_id=_text(document, "sip_call_id", needed=False) or None,
    )
