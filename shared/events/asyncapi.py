"""``python -m shared.events.asyncapi [FILE]``: the AsyncAPI 3.0 document of all messages between the services.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
Made from the event models and from who hears what, so that it cannot tell anything else than the code does.
"""

import inspect
import sys
from pathlib import Path
from typing import Any

from shared.events import ALL
from shared.events.envelope import CONTENT_TYPE, Event
from shared.events.export import pretty
from shared.messaging.topology import EVENTS, SUBSCRIPTIONS, queue_name, quorum_arguments

FILE = Path("docs") / "asyncapi.json"
_VERSION = "1.0.0"


def publisher_of(event: type[Event]) -> str:
    """The service that sends an event: the first word of its type."""
    return event.TYPE.partition(".")[0]


def _escaped(key: str) -> str:
    """A key as part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(_escaped(part) for part in path)}


def _envelope(event: type[Event]) -> dict[str, Any]:
    """CloudEvents 1.0, structured mode (shared.events.envelope)."""
    instant = {"type": "string", "format": "date-time"}
    identifier = {"type": "string", "format": "uuid"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "providerid", "sentat", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": identifier,
            "source": {"type": "string"},
            "type": {"const": event.TYPE},
            "time": {**instant, "description": "the provider's clock"},
            "subject": {"type": ["string", "null"], "format": "uuid", "description": "tenant"},
            "datacontenttype": {"const": "application/json"},
            "providerid": identifier,
            "sentat": {**instant, "description": "real time"},
            "data": _ref("components", "schemas", event.TYPE),
        },
    }


def _schemas() -> dict[str, Any]:
    """Every event's data, and the parts they share, each once."""
    schemas: dict[str, Any] = {}
    for event in ALL:
        schema = event.model_json_schema(
            mode="serialization", ref_template="#/components/schemas/" + event.TYPE + ".{model}"
        )
        for name, part in schema.pop("$defs", {}).items():
            schemas[f"{event.TYPE}.{name}"] = part
        schemas[event.TYPE] = schema
    return schemas


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": inspect.cleandoc(event.__doc__ or "").splitlines()[0],
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                "traceparent": {"type": "string", "description": "W3C trace context"},
                "x-attempt": {"type": "integer", "description": "business attempts made before this one"},
            },
        },
        "payload": _envelope(event),
    }


def _channel(event: type[Event]) -> dict[str, Any]:
    return {
        "address": event.TYPE,
        "messages": {event.TYPE: _ref("components", "messages", event.TYPE)},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": EVENTS, "type": "topic", "durable": True, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operation(action: str, event: type[Event], summary: str, **more: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _ref("channels", event.TYPE),
        "summary": summary,
        "messages": [_ref("channels", event.TYPE, "messages", event.TYPE)],
        **more,
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for event in ALL:
        publisher = publisher_of(event)
        operations[f"{publisher}.sends.{event.TYPE}"] = _operation(
            "send",
            event,
            f"{publisher} publishes with confirms, persistent",
            bindings={"amqp": {"deliveryMode": 2, "mandatory": True, "ack": True, "bindingVersion": "0.3.0"}},
        )
    for service, events in SUBSCRIPTIONS.items():
        for event in events:
            queue = queue_name(service, event)
            operations[f"{service}.receives.{event.TYPE}"] = _operation(
                "receive",
                event,
                f"{service} handles each event once, from the quorum queue {queue}",
                bindings={"amqp": {"ack": True, "bindingVersion": "0.3.0"}},
                **{"x-queue": {"name": queue, "type": "quorum", "arguments": quorum_arguments(queue)}},
            )
    return operations


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tollgate: events between the services",
            "version": _VERSION,
            "description": "Facts in the past tense, as CloudEvents 1.0 on one durable topic exchange."
            " Every event is delivered at least once, in no certain order, and handled once by each consumer.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {event.TYPE: _channel(event) for event in ALL},
        "operations": _operations(),
        "components": {
            "messages": {event.TYPE: _message(event) for event in ALL},
            "schemas": _schemas(),
        },
    }


def main(file: Path = FILE) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pretty(document()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
