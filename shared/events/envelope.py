"""CloudEvents 1.0, structured JSON: how every event looks on the wire.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Permanent
from shared.ids import EventId, ProviderId, TenantId

CONTENT_TYPE = "application/cloudevents+json"


class Payload(BaseModel):
    """Part of an event. Frozen; unknown fields are ignored, so that additive changes pass (architecture.md)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Payload):
    """A fact in the past tense. ``TYPE`` is CloudEvents ``type`` and routing key: ``<service>.<noun>.<verb>.v1``."""

    TYPE: ClassVar[str]

    provider_id: ProviderId
    # The event's subject; None for facts about a provider as a whole.
    tenant_id: TenantId | None = Field(default=None)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its CloudEvents attributes.

    ``time`` is the provider's clock (a test clock, perhaps); ``sent_at`` is real time and serves retention only.
    """

    id: EventId
    source: str
    type: str
    time: datetime
    sent_at: datetime
    provider_id: ProviderId
    tenant_id: TenantId | None
    data: dict[str, Any]

    def to_bytes(self) -> bytes:
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": str(self.id),
                "source": self.source,
                "type": self.type,
                "time": self.time.astimezone(UTC).isoformat(),
                "subject": str(self.tenant_id) if self.tenant_id else None,
                "datacontenttype": "application/json",
                "providerid": str(self.provider_id),
                "sentat": self.sent_at.astimezone(UTC).isoformat(),
                "data": self.data,
            }
        )

    @classmethod
    def of(cls, event: Event, *, event_id: EventId, source: str, time: datetime, sent_at: datetime) -> Self:
        return cls(
            id=event_id,
            source=source,
            type=event.TYPE,
            time=time,
            sent_at=sent_at,
            provider_id=event.provider_id,
            tenant_id=event.tenant_id,
            data=event.model_dump(mode="json"),
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """Raises ``Permanent`` when the body is no CloudEvent of ours."""
        try:
            raw = orjson.loads(body)
            subject = raw.get("subject")
            return cls(
                id=EventId(UUID(raw["id"])),
                source=str(raw["source"]),
                type=str(raw["type"]),
                time=datetime.fromisoformat(raw["time"]),
                sent_at=datetime.fromisoformat(raw["sentat"]),
                provider_id=ProviderId(UUID(raw["providerid"])),
                tenant_id=TenantId(UUID(subject)) if subject else None,
                data=dict(raw["data"]),
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Permanent(f"not a CloudEvent of Tollgate: {type(error).__name__}: {error}") from error


def open_event(envelope: Envelope, event_class: type[E]) -> E:
    """The typed event. Raises ``Permanent`` when the data do not fit the contract."""
    try:
        return event_class.model_validate(envelope.data)
    except ValidationError as error:
        places = ", ".join(".".join(str(p) for p in item["loc"]) for item in error.errors())
        raise Permanent(f"{envelope.type} does not fit its contract at: {places}") from error
