"""Tables of suspension. Every key starts with the tenant or the provider."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables import make_metadata

metadata = make_metadata()
_INSTANT = DateTime(timezone=True)

Table(
    "tenant",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("sip_domain", Text, nullable=False),
    Column("account_codes", ARRAY(Text), nullable=False),
    Column("closed_on", Date),
    Column("changed_at", _INSTANT, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
    Index("ix_tenant_provider_id", "provider_id"),
)

Table(
    "provider",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("country", Text, nullable=False),
    Column("support_phone", Text, nullable=False),
    Column("reachable_numbers", ARRAY(Text), nullable=False),
    Column("changed_at", _INSTANT, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
)

# Projection of invoicing's invoices. A row only moves towards paid: see adapters/ledger.py.
Table(
    "open_invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("collectable", Boolean, nullable=False),
    Column("paid_minor", BigInteger, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("settled_at", _INSTANT),
)

# Beginnings and outcomes of payments, from which the pauses are derived.
Table(
    "payment_fact",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("at", _INSTANT, primary_key=True),
    Column("ended", Boolean, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("invoice_ids", ARRAY(Uuid), nullable=False),
)

# A policy of a provider (scope_id = provider_id) or of one tenant (scope_id = tenant_id).
Table(
    "policy",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("scope_id", Uuid, primary_key=True),
    Column("grace_days", Integer, nullable=False),
    Column("outbound_after_days", Integer),
    Column("reminder_days", ARRAY(Integer), nullable=False),
    Column("smallest_minor", BigInteger, nullable=False),
    Column("inbound", Text, nullable=False),
    Column("changed_at", _INSTANT, nullable=False),
)

Table(
    "standing",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("stage", Text, nullable=False),
    Column("since", _INSTANT, nullable=False),
    Column("why", Text, nullable=False),
    Column("next_step_at", _INSTANT),
    Column("evaluated_at", _INSTANT, nullable=False),
    Index("ix_standing_next_step_at", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
    Index("ix_standing_provider_id", "provider_id", "next_step_at"),
)

# Unique per ladder (its oldest invoice) and day: a reminder goes out once.
Table(
    "reminder_sent",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("anchor_id", Uuid, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
    Column("invoice_ids", ARRAY(Uuid), nullable=False),
)

# What the provider decided by hand: kind suspend, unsuspend, hold or promise. invoice_ids null: all.
Table(
    "hold",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("hold_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("since", _INSTANT, nullable=False),
    Column("until_at", _INSTANT),
    Column("invoice_ids", ARRAY(Uuid)),
    Column("reason", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    # Where a later decision or a release cut it short.
    Column("ended_at", _INSTANT),
)

Table(
    "audit",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("audit_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid),
    Column("at", _INSTANT, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False),
    Column("action", Text, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Index("ix_audit_tenant_id", "tenant_id", "audit_id"),
)
