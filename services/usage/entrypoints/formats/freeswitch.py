"""FreeSWITCH ``mod_json_cdr``: one document per leg, in every form in which it is posted.

The form depends on ``encode`` in json_cdr.conf: ``cdr=<url-encoded>``, ``cdr=<base64>`` (with plus signs left as they
are) or the bare document; the Content-Type gets lost with ``disable-100-continue``, so the body itself decides.
Source: mod_json_cdr.c and switch_ivr.c of signalwire/freeswitch; design of the intake: telephony.md, section 1.
"""

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote, unquote_to_bytes
from uuid import UUID

import orjson

from services.usage.domain.records import CallRecord, Unreadable
from services.usage.entrypoints.formats.fields import (
    SHOWN_NUL,
    WrongField,
    clean,
    in_range,
    visible,
    whole_number,
)

_HOLD = re.compile(r"\{(\d{1,19}),(\d{1,19})\}")
_DOMAINS = ("domain_name", "sip_auth_realm", "sip_from_host", "sip_req_host", "sip_to_host")
_CODES = ("accountcode", "sip_h_X-accountcode")


def read_freeswitch(body: bytes, *, query_uuid: str | None = None) -> CallRecord | Unreadable:
    """The leg in a posted body; ``query_uuid`` is ``?uuid=`` of the address, with ``a_`` before an A leg's."""
    try:
        return _record(_document(body), query_uuid)
    except WrongField as wrong:
        return wrong.unreadable


# -- the body ---------------------------------------------------------------------------------------------------------


def _document(body: bytes) -> dict[str, Any]:
    content = body.strip()
    if content[:4] == b"cdr=":
        content = content[4:]
        if content[:1] != b"{":
            # One value of a form: both encodings escape an ampersand.
            value = content.split(b"&", 1)[0]
            return _from_form(value) if _is_escaped(value) else _parsed(_from_base64(value))
    return _from_form(content) if _is_escaped(content) else _parsed(content)


def _is_escaped(content: bytes) -> bool:
    return content[:3].upper() == b"%7B"


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
        raise WrongField("cdr", "`cdr` is neither JSON, nor url-encoded, nor base64.") from None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        # Caller names come as the far end sent them, not always in UTF-8.
        try:
            document = orjson.loads(content.decode("utf-8", "replace"))
        except orjson.JSONDecodeError as error:
            raise WrongField("body", f"The body is no JSON document of mod_json_cdr: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("variables"), dict):
        raise WrongField("variables", "A mod_json_cdr document has an object `variables`; this one has none.")
    return document


# -- the document -----------------------------------------------------------------------------------------------------


class _Leg:
    """Variables of a leg, each decoded when asked for: most of the several hundred never are."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._variables: dict[str, Any] = document["variables"]
        flows = document.get("callflow")
        if isinstance(flows, dict):
            flows = [flows]
        # The newest is first; the oldest still has the numbers as they were dialled, before any transfer.
        oldest = flows[-1] if isinstance(flows, list) and flows and isinstance(flows[-1], dict) else {}
        newest = flows[0] if isinstance(flows, list) and flows and isinstance(flows[0], dict) else {}
        self.profile: dict[str, Any] = _object(oldest, "caller_profile")
        self._times: tuple[dict[str, Any], dict[str, Any]] = (
            _object(oldest, "times"),
            _object(newest, "times"),
        )

    def text(self, name: str) -> str:
        """Decoded; a literal plus stays (it begins a telephone number). Empty when missing."""
        return _text(self._variables.get(name))

    def instant(self, event: str, time_name: str) -> int | None:
        """Microseconds of an event; None when it never happened."""
        name = f"{event}_uepoch"
        value = self.text(name)
        if value == "":
            name = f"{event}_epoch"
            value = self.text(name) and self.text(name) + "000000"
        if value == "":
            name = f"callflow.times.{time_name}"
            held = [_text(times.get(time_name)) for times in self._times]
            value = next((one for one in held if one not in ("", "0")), "")
        number = whole_number(name, value) if value else 0
        return in_range(name, number) if number else None


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    return clean(unquote(text) if "%" in text else text)


def _hold_stamps(text: str) -> tuple[tuple[int, int], ...]:
    """``{{on,off},{on,off}}`` in microseconds, newest first; not JSON."""
    if text in ("", "{}"):
        return ()
    pairs = _HOLD.findall(text)
    if "{" + ",".join(f"{{{on},{off}}}" for on, off in pairs) + "}" != text.replace(" ", ""):
        raise WrongField("hold_events", "`hold_events` must look like {{on,off},{on,off}} in microseconds.")
    return tuple((int(on), int(off)) for on, off in pairs)


def _hold_accumulated(leg: _Leg) -> int:
    for name, factor in (("hold_accum_usec", 1), ("hold_accum_ms", 1000), ("hold_accum_seconds", 1_000_000)):
        value = leg.text(name)
        if value not in ("", "0"):
            return whole_number(name, value) * factor
    return 0


def _uuid(leg: _Leg, query_uuid: str | None) -> str:
    found = leg.text("uuid") or _text(leg.profile.get("uuid")) or _named(query_uuid or "")
    if not found:
        raise WrongField(
            "variables.uuid", "The leg has no `uuid`, so a repeat could not be told from a new call."
        )
    return found


def _named(query_uuid: str) -> str:
    """The uuid of the address; none where it holds a NUL, as it came or as it is kept in quarantine."""
    return "" if SHOWN_NUL in visible(query_uuid) else clean(query_uuid).removeprefix("a_")


def _tenant_id(leg: _Leg) -> UUID | None:
    try:
        return UUID(leg.text("tollgate_tenant_id"))
    except ValueError:
        return None


def _record(document: dict[str, Any], query_uuid: str | None) -> CallRecord:
    leg = _Leg(document)
    uuid = _uuid(leg, query_uuid)
    answered = leg.instant("answer", "answered_time")
    ended = leg.instant("end", "hangup_time")
    if ended is None:
        raise WrongField("end_uepoch", "`end_uepoch` is missing or 0: post the record after the hang-up.")
    started = leg.instant("start", "created_time")
    switch = _text(document.get("switchname")) or leg.text("FreeSWITCH-Switchname") or "freeswitch"
    return CallRecord(
        switch=switch,
        leg_id=uuid,
        from_number=_text(leg.profile.get("caller_id_number")) or leg.text("sip_from_user"),
        to_number=_text(leg.profile.get("destination_number"))
        or leg.text("destination_number")
        or leg.text("sip_req_user")
        or leg.text("sip_to_user"),
        started_us=started if started is not None else (answered or ended),
        answered_us=answered,
        ended_us=ended,
        hold_stamps=_hold_stamps(leg.text("hold_events")),
        hold_accumulated_us=_hold_accumulated(leg),
        domains=tuple(dict.fromkeys(text.lower() for name in _DOMAINS if (text := leg.text(name)))),
        account_codes=tuple(dict.fromkeys(text for name in _CODES if (text := leg.text(name)))),
        tenant_id=_tenant_id(leg),
        from_trunk=_text(leg.profile.get("context")) == "public" and not leg.text("sip_auth_username"),
        sip_call_id=leg.text("sip_call_id") or None,
    )
