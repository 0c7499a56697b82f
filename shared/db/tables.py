"""Tables that every service has in its own database: outbox, inbox, test clocks, remembered traces."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def make_metadata() -> MetaData:
    """Metadata with predictable constraint names and the house's own tables."""
    metadata = MetaData(naming_convention=NAMING)
    add_house_tables(metadata)
    return metadata


def add_house_tables(metadata: MetaData) -> None:
    """Outbox rows stay for a while after they were published, so that what was said can be said again."""
    Table(
        "outbox",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("sequence", BigInteger, Identity(always=True), nullable=False),
        Column("type", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("sent_at", DateTime(timezone=True), nullable=False),
        Column("published_at", DateTime(timezone=True)),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("next_attempt_at", DateTime(timezone=True)),
        Column("last_error", Text),
        Index("ix_outbox_waiting", "sequence", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_sent_at", "sent_at"),
    )
    Table(
        "inbox",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("type", Text, nullable=False),
        Column("sent_at", DateTime(timezone=True), nullable=False),
        Column("handled_at", DateTime(timezone=True), nullable=False),
        # 'handled', or 'dead' for one that went to the dead letters: a replay may still handle it.
        Column("outcome", Text, nullable=False),
        Index("ix_inbox_sent_at", "sent_at"),
    )
    Table(
        "provider_clock",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("now_at", DateTime(timezone=True), nullable=False),
    )
    # A step that waits for its time continues the trace of what made it due.
    Table(
        "trace_memory",
        metadata,
        Column("provider_id", Uuid, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("carrier", JSONB, nullable=False),
        Column("kept_at", DateTime(timezone=True), nullable=False),
        Index("ix_trace_memory_kept_at", "kept_at"),
    )


def add_journal_table(metadata: MetaData) -> None:
    """Postings of the double-entry journal, for services that own money. Positive debit, negative credit."""
    Table(
        "journal_posting",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("entry_id", Uuid, primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("provider_id", Uuid, nullable=False),
        Column("booked_at", DateTime(timezone=True), nullable=False),
        Column("reason", Text, nullable=False),
        Column("account", Text, nullable=False),
        Column("amount_minor", BigInteger, nullable=False),
        Column("currency", Text, nullable=False),
        Index("ix_journal_posting_account", "tenant_id", "account"),
    )
