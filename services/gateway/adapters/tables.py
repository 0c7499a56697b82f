"""The gateway's own tables: the house's, and the record of changes."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.tables import make_metadata

metadata = make_metadata()

audit = Table(
    "audit",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    # UUID version 7: rows of a provider lie in the order in which they were asked for.
    Column("change_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("method", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("targets", JSONB, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    # HTTP status of the answer; none while the change runs, or when the gateway died in it.
    Column("outcome", Integer),
    Column("finished_at", DateTime(timezone=True)),
)

idempotent_request = Table(
    "idempotent_request",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    # The token's subject: nobody can see or spoil another's answers by guessing a key.
    Column("subject", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    # The answer; none while the request runs, or when nobody knows how it ended.
    Column("status", Integer),
    Column("media_type", Text),
    Column("content", LargeBinary),
    Index("ix_idempotent_request_asked_at", "asked_at"),
)

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, primary_key=True),
    Column("url", Text, nullable=False),
    Column("patterns", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("secret", Text, nullable=False),
    # Signs as well until its hour, so that a rotation loses nothing.
    Column("old_secret", Text),
    Column("old_secret_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("failing_since", DateTime(timezone=True)),
    Column("off_since", DateTime(timezone=True)),
    Column("off_reason", Text),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    Column("event_type", Text, nullable=False),
    Column("tenant_id", Uuid),
    Column("event_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("leased_until", DateTime(timezone=True)),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Index("ix_webhook_delivery_due", "due_at", postgresql_where=text("state = 'waiting'")),
    Index("ix_webhook_delivery_created", "provider_id", "created_at"),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, primary_key=True),
    Column("event_id", Uuid, primary_key=True),
    # UUID version 7: a replay begins to count anew, the log goes on.
    Column("attempt_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("answer", Text, nullable=False),
)
