"""Kazoo: the ``channel_destroy`` webhook (JSON or a form), CDR documents, and CHANNEL_DESTROY messages of its AMQP.

Names differ in case and in hyphens or underscores. ``timestamp`` is the end in Gregorian seconds, 62,167,219,200 ahead of
Unix; ``billing_seconds`` is the talk, raised to whole seconds by Kazoo, hold included. Source: 2600hz/kazoo, ecallmgr
and webhooks.
"""

from typing import Any
from urllib.parse import parse_qsl

import orjson

from services.usage.domain.records import CallRecord, Side, Unreadable
from services.usage.entrypoints.formats.fields import WrongField, clean, in_range, seconds_to_microseconds

GREGORIAN_TO_UNIX_SECONDS = 62_167_219_200
# Later than this in Unix seconds (the year 2500), a figure is Gregorian.
_LATEST_UNIX_SECONDS = 16_725_225_600


def split_kazoo(body: bytes) -> list[bytes]:
    """Each record's bytes: the elements of an array, one object, lines of objects, or a form."""
    content = body.strip()
    try:
        parsed = _loads(content)
    except ValueError:
        if content[:1] not in (b"{", b"[") and b"=" in content:
            return [content]
        return [line for line in content.splitlines() if line.strip()]
    if isinstance(parsed, dict) and isinstance(parsed.get("data"), list | dict):
        # A page of the cdrs API, or one record of it.
        parsed = parsed["data"]
        if isinstance(parsed, dict):
            return [orjson.dumps(parsed)]
    return [orjson.dumps(one) for one in parsed] if isinstance(parsed, list) else [content]


def read_kazoo(raw: bytes) -> CallRecord | Unreadable:
    """One record."""
    try:
        return _record(_Fields(_document(raw)))
    except WrongField as wrong:
        return wrong.unreadable


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = _loads(raw)
    except ValueError:
        if raw[:1] in (b"{", b"[") or b"=" not in raw:
            raise WrongField("body", "The body is neither JSON nor a form of Kazoo's webhooks.") from None
        document = dict(parse_qsl(raw.decode("utf-8", "replace")))
    if not isinstance(document, dict):
        raise WrongField("body", "A record of Kazoo is a JSON object.")
    return document


def _loads(content: bytes) -> Any:
    """JSON, also with caller names that are not UTF-8: they come as the far end sent them. Raises ``ValueError``."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return orjson.loads(content.decode("utf-8", "replace"))


class _Fields:
    """Fields whatever the form of their names; channel variables count where the record itself has none."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._found: dict[str, str] = {}
        for name, value in document.items():
            if isinstance(value, dict):
                if _plain(name) in ("custom_channel_vars", "custom_sip_headers", "custom_application_vars"):
                    for inner, one in value.items():
                        self._found.setdefault("ccv:" + _plain(inner), _text(one))
            else:
                # custom_channel_vars[account_id] in forms
                outer, bracket, inner = _plain(name).partition("[")
                key = (
                    f"ccv:{inner.rstrip(']')}" if bracket and outer == "custom_channel_vars" else _plain(name)
                )
                self._found[key] = _text(value)

    def __call__(self, *names: str) -> str:
        for name in names:
            for key in (name, "ccv:" + name):
                if self._found.get(key):
                    return self._found[key]
        return ""

    def length(self, name: str) -> int | None:
        text = self(name)
        if not text:
            return None
        microseconds = seconds_to_microseconds(name, text)
        if microseconds < 0:
            raise WrongField(name, f"`{name}` must not be negative.")
        return microseconds


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value)) if isinstance(value, str | int | float) else ""


def _user(address: str) -> str:
    """Of ``user@realm``."""
    return address.partition("@")[0].removeprefix("sip:")


def _realm(address: str) -> str:
    return address.partition("@")[2].partition(":")[0].lower()


def _end(fields: _Fields) -> int:
    text = fields("timestamp")
    if not text:
        raise WrongField("timestamp", "`timestamp`, the end in Gregorian seconds, is missing.")
    microseconds = seconds_to_microseconds(
        "timestamp", text[:-6] + "." + text[-6:] if _in_micros(text) else text
    )
    if microseconds >= _LATEST_UNIX_SECONDS * 1_000_000:
        microseconds -= GREGORIAN_TO_UNIX_SECONDS * 1_000_000
    return in_range("timestamp", microseconds)


def _in_micros(text: str) -> bool:
    """FreeSWITCH's own stamps of an event are microseconds: more digits than seconds have, Gregorian ones too."""
    return text.isascii() and text.isdigit() and 15 <= len(text) <= 17


def _talk(fields: _Fields) -> int | None:
    """Microseconds of talk: as billed by Kazoo, else what rang taken from the whole."""
    talk = fields.length("billing_seconds")
    duration, rang = fields.length("duration_seconds"), fields.length("ringing_seconds")
    if talk is None and duration is not None and rang is not None:
        return max(0, duration - rang)
    return talk


def _side(fields: _Fields, incoming: bool | None) -> Side | None:
    if fields("authorizing_type") in ("resource", "trunkstore", "connectivity", "sys_info"):
        return "trunk"
    if fields("authorizing_id"):
        return "tenant"
    if fields("resource_id") or fields("global_resource") == "true" or fields("offnet_account_id"):
        return "trunk"
    return "trunk" if incoming and fields("inception") else None


def _record(fields: _Fields) -> CallRecord:
    leg_id = fields("call_id", "uuid", "id")
    if not leg_id:
        raise WrongField("call_id", "`call_id` is missing, so a repeat could not be told from a new call.")
    ended = _end(fields)
    talk = _talk(fields)
    duration = fields.length("duration_seconds")
    if talk is None:
        raise WrongField(
            "billing_seconds", "`billing_seconds` is missing; send channel_destroy, not channel_create."
        )
    incoming = {"inbound": True, "outbound": False}.get(fields("call_direction").lower())
    addresses = [fields(name) for name in ("request", "to", "from", "realm", "account_realm")]
    realms = [fields("account_realm", "realm"), *(_realm(one) for one in addresses)]
    ties = (fields("other_leg_call_id"), fields("bridge_id"), fields("interaction_id"))
    side = _side(fields, incoming)
    return CallRecord(
        switch="kazoo",
        leg_id=leg_id,
        from_number=fields("caller_id_number") or _user(fields("from")),
        to_number=_user(fields("request")) or _user(fields("to")) or fields("callee_id_number"),
        started_us=ended - max(duration or 0, talk),
        answered_us=ended - talk if talk else None,
        ended_us=ended,
        talk_us=talk if talk else None,
        account_codes=(fields("account_id"),) if fields("account_id") else (),
        domains=tuple(dict.fromkeys(realm.lower() for realm in realms if realm)),
        from_trunk=bool(incoming and side == "trunk"),
        sip_call_id=leg_id,
        trunks=tuple(one for one in (fields("resource_id"), fields("local_resource_id")) if one),
        joins="legs",
        ties=tuple(sorted({one for one in ties if one and one != leg_id})),
        side=side,
        incoming=incoming,
    )
