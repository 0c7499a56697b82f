"""The gateway's own tables: the house's, and the record of changes."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid
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
