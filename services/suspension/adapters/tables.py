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

# Projection of invoicing's invoices. How news are joined: domain/invoices.py.
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
    Column("newest_at", _INSTANT, nullable=False),
    Column("newest_paid_minor", BigInteger, nullable=False),
    Column("newest_balance_minor", BigInteger, nullable=False),
    Column("newest_settled_at", _INSTANT),
    Column("life_at", _INSTANT),
    Column("reopened_at", _INSTANT),
    Column("reopened_why", Text),
    Column("revision", Integer, nullable=False),
)

# Beginnings and ends of debits in process, disputes, payment plans, paid times and limits.
Table(
    "fact",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
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
    Column("terminate_after_days", Integer),
    Column("counting", Text, nullable=False),
    Column("quiet_weekends", Boolean, nullable=False),
    Column("holidays", Text),
    Column("quiet_dates", ARRAY(Date), nullable=False),
    Column("debit_lifts", Boolean, nullable=False),
    Column("dispute_lifts", Boolean, nullable=False),
    Column("unusual_international_bars", Boolean, nullable=False),
    Column("jurisdiction", Text),
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
    Column("cause", Text),
    Column("international_barred", Boolean, nullable=False),
    Column("termination_proposed_at", _INSTANT),
    Column("doubtful", Boolean, nullable=False),
    # Real time, not the provider's.
    Column("truth_due_at", _INSTANT),
    Index("ix_standing_truth_due_at", "truth_due_at", postgresql_where=text("truth_due_at IS NOT NULL")),
    Index("ix_standing_next_step_at", "next_step_at", postgresql_where=text("next_step_at IS NOT NULL")),
    Index("ix_standing_provider_id", "provider_id", "next_step_at"),
)

# Unique per ladder (its oldest invoice, since that was last reopened) and day: a reminder goes out once.
Table(
    "reminder_sent",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("anchor_id", Uuid, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("life_at", _INSTANT, primary_key=True),
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

# Switches that cache answers, and are told when something changes.
Table(
    "switch",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("cut_calls", Boolean, nullable=False),
    Column("changed_at", _INSTANT, nullable=False),
)

# What switches are still to be told, or were told: the log of pushes. Times are real.
Table(
    "push",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("push_id", Uuid, primary_key=True),
    Column("switch_name", Text, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("queued_at", _INSTANT, nullable=False),
    Column("next_attempt_at", _INSTANT),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", _INSTANT),
    Column("last_error", Text),
    Index(
        "ix_push_due",
        *("provider_id", "switch_name", "next_attempt_at"),
        postgresql_where=text("next_attempt_at IS NOT NULL"),
    ),
    Index("ix_push_switch_name", "provider_id", "switch_name", "queued_at"),
)

# The newest emergency call of a tenant that a gate heard of: its call-back goes through. Real time.
Table(
    "emergency_call",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("at", _INSTANT, nullable=False),
)
