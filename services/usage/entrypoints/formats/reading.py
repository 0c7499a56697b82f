"""Which reader for which source; the same one when bytes come and when they are read again from quarantine."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.usage.domain.records import CallRecord, Received, Source, Unreadable
from services.usage.entrypoints.formats.asterisk import read_asterisk, split_rows
from services.usage.entrypoints.formats.fields import as_utf8, visible
from services.usage.entrypoints.formats.freeswitch import read_freeswitch
from services.usage.entrypoints.formats.freeswitch_body import split_documents
from services.usage.entrypoints.formats.kazoo import read_kazoo, split_kazoo
from services.usage.entrypoints.formats.own import read_own, split_records
from shared.errors import Invalid

DEFAULT_ASTERISK = "asterisk"


def zone_named(name: str) -> ZoneInfo:
    """Raises ``Invalid`` for a name that is no IANA time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            f"{name[:60]!r} is no time zone; write it like Europe/Berlin.", field="time_zone"
        ) from None


def read_record(source: Source, raw: bytes, context: Mapping[str, str]) -> CallRecord | Unreadable:
    """Fulfils ``use_cases.ports.ReadRecord``."""
    match source:
        case "freeswitch":
            return read_freeswitch(raw, query_uuid=context.get("uuid"))
        case "asterisk":
            return read_asterisk(
                raw,
                switch=context.get("switch", DEFAULT_ASTERISK),
                zone=zone_named(context.get("time_zone", "UTC")),
            )
        case "kazoo":
            return read_kazoo(raw)
        case "own":
            return read_own(raw)


def received_freeswitch(body: bytes, query_uuid: str | None) -> list[Received]:
    """One leg, as it was posted; or several, as an array or a line each."""
    if not body.strip():
        return []
    documents = split_documents(body)
    if len(documents) == 1:
        context = {"uuid": visible(query_uuid)} if query_uuid else {}
        return [Received("freeswitch", body, read_freeswitch(body, query_uuid=query_uuid), context)]
    return [Received("freeswitch", one, read_freeswitch(one)) for one in documents]


def received_asterisk(body: bytes, *, switch: str, time_zone: str) -> list[Received]:
    """The rows of a CSV body."""
    body = as_utf8(body)
    zone = zone_named(time_zone)
    # A replay reads with what was kept, so the first reading must have the same name.
    switch = visible(switch)
    context = {"switch": switch, "time_zone": time_zone}
    return [
        Received("asterisk", row, read_asterisk(row, switch=switch, zone=zone), context)
        for row in split_rows(body)
    ]


def received_kazoo(body: bytes) -> list[Received]:
    """Webhook, form, CDR documents or AMQP messages."""
    body = as_utf8(body)
    return [Received("kazoo", raw, read_kazoo(raw)) for raw in split_kazoo(body)] if body.strip() else []


def received_own(body: bytes) -> list[Received]:
    """One object, an array, or a line each."""
    body = as_utf8(body)
    return [Received("own", raw, read_own(raw)) for raw in split_records(body)] if body.strip() else []
