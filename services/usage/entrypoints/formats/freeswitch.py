"""FreeSWITCH ``mod_json_cdr`` and ``mod_xml_cdr``: one document per leg; what the variables say of the call.

Source: switch_ivr.c, switch_channel.c and mod_sofia.c of signalwire/freeswitch. Billed are the microsecond stamps,
never ``billsec`` or the cause; ``_stamp`` values have no zone and are ignored.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from services.usage.domain.records import CallRecord, Side, Unreadable
from services.usage.entrypoints.formats.fields import (
    SHOWN_NUL,
    WrongField,
    clean,
    in_range,
    visible,
    whole_number,
)
from services.usage.entrypoints.formats.freeswitch_body import document_of

_HOLD = re.compile(r"\{(\d{1,19}),(\d{0,19})\}")
# The finest first; a hold below zero is a clock that was set, and no hold.
_HOLD_NAMES = (
    ("hold_accum_usec", 1),
    ("hold_accum_useconds", 1),
    ("hold_accum_ms", 1000),
    ("hold_accum_seconds", 1_000_000),
)
_DOMAINS = ("domain_name", "sip_auth_realm", "dialed_domain", "sip_from_host", "sip_req_host", "sip_to_host")
_DOMAINS_OUT = (
    "domain_name",
    "dialed_domain",
    "sip_auth_realm",
    "sip_to_host",
    "sip_req_host",
    "sip_from_host",
)
_CODES = ("accountcode", "sip_h_X-accountcode", "sip_h_X-Accountcode")
_TRUNKS = ("sip_gateway_name", "sip_gateway")
_TIES = (
    *("bridge_uuid", "originator", "call_uuid", "last_bridge_to", "signal_bond"),
    *("originating_leg_uuid", "other_leg_unique_id"),
)
# Contexts in which FreeSWITCH and FusionPBX receive calls from outside.
_OUTSIDE_CONTEXTS = ("public", "from-trunk", "from-pstn", "inbound", "incoming")
# Names that were asked for, in lower case, and names of variables that are none of these: a switch sends the same
# hundreds with each leg, and looking through them in lower case costs more than reading what is asked for.
_asked: set[str] = set()
_never_asked: set[str] = set()
_MOST_NAMES = 20_000
_LONGEST_LIST = 64 * 1024
_MOST_TIES = 100


def read_freeswitch(body: bytes, *, query_uuid: str | None = None) -> CallRecord | Unreadable:
    """The leg in a posted body; ``query_uuid`` is ``?uuid=`` of the address, with ``a_`` before an A leg's."""
    try:
        return _record(_Leg(document_of(body)), query_uuid)
    except WrongField as wrong:
        return wrong.unreadable


class _Leg:
    """Variables of a leg, each decoded when asked for: most of the several hundred never are."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._variables: dict[str, Any] = document["variables"]
        self._otherwise: dict[str, Any] | None = None
        # Whether a figure that was asked for is below zero.
        self.has_negative = False
        flows = document.get("callflow")
        listed = _flat(flows) if isinstance(flows, list) else [flows]
        # The newest is first; the oldest still has the numbers as they were dialled, before any transfer.
        self._flows: list[dict[str, Any]] = [flow for flow in listed if isinstance(flow, dict)]
        self.profile: dict[str, Any] = _object(self._flows[-1], "caller_profile") if self._flows else {}

    def raw(self, name: str) -> Any:
        """As it came. Names differ in their case between versions and SIP headers."""
        value = self._variables.get(name)
        if value is not None:
            return value
        lowered = name.lower()
        if lowered not in _asked:
            _asked.add(lowered)
            _never_asked.clear()
            self._otherwise = None
        if self._otherwise is None:
            self._otherwise = _in_lower_case(self._variables)
        return self._otherwise.get(lowered) if self._otherwise else None

    def text(self, name: str) -> str:
        """Decoded; a literal plus stays (it begins a telephone number). Empty when missing."""
        value = self._variables.get(name)
        if value is None:
            value = self.raw(name)
            if value is None:
                return ""
        # Nearly every variable is plain text, and several dozens are asked for.
        if type(value) is str and "%" not in value and value[:7] != "ARRAY::":
            return clean(value)
        return _text(value)

    def long_text(self, name: str) -> str:
        """Decoded, of the length that lists of legs and holds have."""
        return _decoded(self.raw(name)).replace("\x00", "").strip()[:_LONGEST_LIST]

    def figure(self, name: str) -> str:
        """A stamp or length; none where it is negative: the event never happened, or the clock was set."""
        value = self.text(name)
        if value[:1] == "-" and value[1:2].isdigit():
            self.has_negative = True
            return ""
        return value

    def times(self, name: str) -> Iterator[str]:
        """A stamp of each caller profile that has it, the oldest first; a profile ends with a transfer."""
        for flow in reversed(self._flows):
            value = _text(_object(flow, "times").get(name))
            if value not in ("", "0") and value[:1] != "-":
                yield value

    def instant(self, event: str, time_name: str) -> int | None:
        """Microseconds of an event; None when it never happened."""
        name = f"{event}_uepoch"
        value = self.figure(name)
        if value == "":
            name = f"{event}_epoch"
            value = self.figure(name) and _whole(self.figure(name)) + "000000"
        if value == "":
            name = f"callflow.times.{time_name}"
            value = next(self.times(time_name), "")
        number = whole_number(name, _whole(value)) if value else 0
        return in_range(name, number) if number else None

    def length(self, name: str) -> int | None:
        """Microseconds of ``duration`` or ``billsec`` in its finest form; None where no form is there."""
        short = name.removesuffix("sec")
        for variable, factor in (
            (f"u{name}", 1),
            (f"{short}usec", 1),
            (f"m{name}", 1000),
            (f"{short}msec", 1000),
        ):
            if self.text(variable):
                return whole_number(variable, _whole(self.text(variable))) * factor
        return whole_number(name, _whole(self.text(name))) * 1_000_000 if self.text(name) else None


def _in_lower_case(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables by name in lower case, without those that nobody asks for."""
    found: dict[str, Any] = {}
    # In order, so that of two that differ in their case it is always the same one.
    for name in sorted(variables.keys() - _never_asked):
        if (lowered := name.lower()) in _asked:
            found[lowered] = variables[name]
        elif len(_never_asked) < _MOST_NAMES:
            _never_asked.add(name)
    return found


def _flat(flows: list[Any]) -> list[Any]:
    """Arrays in the array, one deep, as switches write them that wrap an array once more."""
    return [flow for one in flows for flow in (one if isinstance(one, list) else (one,))]


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _decoded(value: Any) -> str:
    if isinstance(value, list):
        value = next((one for one in value if one not in (None, "")), None)
    if value is None or isinstance(value, dict | list | bool):
        return ""
    text = str(value)
    return unquote(text) if "%" in text else text


def _text(value: Any) -> str:
    text = _decoded(value)
    # A variable that was pushed to several times: its first value.
    return clean(text[7:].partition("|:")[0] if text.startswith("ARRAY::") else text)


def _whole(value: str) -> str:
    """Numbers that went through a spreadsheet or a float end with ``.0``."""
    head, dot, tail = value.partition(".")
    return head if dot and not tail.strip("0") else value


# -- hold -------------------------------------------------------------------------------------------------------------


def _hold_stamps(leg: _Leg, ended_us: int) -> tuple[tuple[int, int], ...]:
    """``{{on,off},{on,off}}`` in microseconds, newest first; not JSON. A hold that was not ended lasts to the end."""
    text = leg.long_text("hold_events").replace(" ", "")
    pairs = _HOLD.findall(text)
    if text not in ("", "0", "{}", "{{}}"):
        if "{" + ",".join(f"{{{on},{off}}}" for on, off in pairs) + "}" != text:
            raise WrongField(
                "hold_events", "`hold_events` must look like {{on,off},{on,off}} in microseconds."
            )
    else:
        pairs = list(_hold_record(leg.document))
    return tuple((int(on), int(off or 0) or ended_us) for on, off in pairs if int(on))


def _hold_record(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The same as elements of their own: ``<hold-record>`` of mod_xml_cdr, a list in newer JSON."""
    for name in ("hold_record", "hold-record"):
        record = document.get(name)
        for one in record if isinstance(record, list) else ():
            if isinstance(one, dict):
                on, off = _whole(_text(one.get("on"))), _whole(_text(one.get("off")))
                if on.isdigit() and len(on) <= 19:
                    yield on, off if off.isdigit() and len(off) <= 19 else "0"


def _hold_accumulated(leg: _Leg) -> int:
    """Each caller profile counts its own hold, and the variable is that of the last one: a transfer restarts it."""
    current = 0
    for name, factor in _HOLD_NAMES:
        value = _whole(leg.figure(name))
        if value not in ("", "0"):
            current = whole_number(name, value) * factor
            break
    name = "callflow.times.hold_accum_time"
    return max(current, sum(whole_number(name, _whole(value)) for value in leg.times("hold_accum_time")))


# -- who --------------------------------------------------------------------------------------------------------------


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


def _ties(leg: _Leg, own: str) -> tuple[str, ...]:
    """The legs that this one names: bridged to, originated by, originating."""
    named = [leg.text(name) for name in _TIES]
    # ARRAY::uuid;name;number|:uuid;name;number
    listed = leg.long_text("originated_legs").removeprefix("ARRAY::")
    named += [clean(one.lstrip(":").partition(";")[0]) for one in listed.split("|")]
    return tuple(sorted({one for one in named if one and one != own})[:_MOST_TIES])


def _is_incoming(leg: _Leg) -> bool | None:
    direction = leg.text("direction") or _text(_object(leg.document, "channel_data").get("direction"))
    return {"inbound": True, "outbound": False}.get(direction.lower())


def _is_from_outside(leg: _Leg) -> bool:
    context = (_text(leg.profile.get("context")) or leg.text("user_context")).lower()
    return context in _OUTSIDE_CONTEXTS and not leg.text("sip_auth_username") and not leg.text("user_name")


def _side(leg: _Leg, incoming: bool | None) -> Side | None:
    """Where the leg ends: at a gateway, or with a user of the tenant; None where nothing tells."""
    if any(leg.text(name) for name in _TRUNKS) or leg.text("sip_profile_name").lower() == "gateway":
        return "trunk"
    if incoming is False:
        channel = leg.text("channel_name").lower()
        if leg.text("dialed_user") or channel.startswith(("loopback/", "user/", "verto", "error/")):
            return "tenant"
        return (
            "trunk"
            if channel.startswith(("sofia/external", "sofia/gateway", "freetdm/", "openzap/"))
            else None
        )
    if leg.text("sip_auth_username") or leg.text("user_name"):
        return "tenant"
    return "trunk" if _is_from_outside(leg) else None


def _numbers(leg: _Leg, incoming: bool | None, side: Side | None) -> tuple[str, str, Side | None]:
    """(From, to) as they were dialled, and the side: a phone that rings has the number dialled at its originator's."""
    caller = (
        _text(leg.profile.get("caller_id_number"))
        or leg.text("sip_from_user")
        or leg.text("caller_id_number")
    )
    called = (
        _text(leg.profile.get("destination_number"))
        or leg.text("destination_number")
        or leg.text("sip_req_user")
        or leg.text("sip_to_user")
    )
    if incoming is False and side != "trunk":
        profiles = _object(leg.profile, "originator").get("originator_caller_profiles")
        origin = (
            profiles[-1] if isinstance(profiles, list) and profiles and isinstance(profiles[-1], dict) else {}
        )
        dialled = _text(origin.get("destination_number"))
        if _is_telephone_number(dialled) and not _is_telephone_number(called):
            return caller, dialled, "tenant"
    return caller, called, side


def _is_telephone_number(text: str) -> bool:
    digits = text.lstrip("+")
    return digits.isdigit() and 7 <= len(digits) <= 15


def _tenant_id(leg: _Leg) -> UUID | None:
    try:
        return UUID(leg.text("tollgate_tenant_id"))
    except ValueError:
        return None


def _all(leg: _Leg, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for name in names if (text := leg.text(name))))


# -- when -------------------------------------------------------------------------------------------------------------


def _instants(leg: _Leg) -> tuple[int | None, int | None, int]:
    """(Start, answer, end) in microseconds; an absent stamp is worked out from the durations."""
    started = leg.instant("start", "created_time")
    answered = leg.instant("answer", "answered_time")
    ended = leg.instant("end", "hangup_time")
    if ended is None and started is not None and (duration := leg.length("duration")) is not None:
        ended = in_range("end_uepoch", started + duration)
    if ended is None:
        raise WrongField("end_uepoch", "`end_uepoch` is missing or 0: post the record after the hang-up.")
    if answered is None and not any(leg.figure(name) for name in ("answer_uepoch", "answer_epoch")):
        talked = leg.length("billsec")
        answered = in_range("billsec", ended - talked) if talked else None
    return started, answered, ended


def _record(leg: _Leg, query_uuid: str | None) -> CallRecord:
    uuid = _uuid(leg, query_uuid)
    started, answered, ended = _instants(leg)
    incoming = _is_incoming(leg)
    caller, called, side = _numbers(leg, incoming, _side(leg, incoming))
    switch = (
        _text(leg.document.get("switchname"))
        or leg.text("FreeSWITCH-Switchname")
        or leg.text("switchname")
        or "freeswitch"
    )
    domains = _all(leg, _DOMAINS_OUT if incoming is False else _DOMAINS)
    return CallRecord(
        switch=switch,
        leg_id=uuid,
        from_number=caller,
        to_number=called,
        started_us=started if started is not None else (answered or ended),
        answered_us=answered,
        ended_us=ended,
        hold_stamps=_hold_stamps(leg, ended),
        hold_accumulated_us=_hold_accumulated(leg),
        domains=tuple(dict.fromkeys(domain.lower().partition(":")[0] for domain in domains)),
        account_codes=_all(leg, _CODES),
        tenant_id=_tenant_id(leg),
        from_trunk=incoming is not False and side != "tenant" and _is_from_outside(leg),
        sip_call_id=leg.text("sip_call_id") or None,
        trunks=_all(leg, _TRUNKS),
        joins="legs",
        ties=_ties(leg, uuid),
        side=side,
        incoming=incoming,
        flags=("negative_figure",) if leg.has_negative else (),
    )
