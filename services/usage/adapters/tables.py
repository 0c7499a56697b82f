"""Tables of usage. Every key starts with the tenant or the provider, so that they can be distributed or partitioned."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.usage.adapters.rating_tables import add_rating_tables
from shared.db.tables import make_metadata

metadata = make_metadata()
add_rating_tables(metadata)
_INSTANT = DateTime(timezone=True)

# Counts the changes of a provider's tenants, numbers and plans: what was quarantined before a change is tried again.
Table(
    "directory",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
Table(
    "provider",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("country", Text, nullable=False),
    Column("changed_at", _INSTANT, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
    Column("time_zone", Text),
)
Table(
    "tenant",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("country", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("sip_domain", Text, nullable=False),
    Column("account_codes", ARRAY(Text), nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("trial_ends_on", Date),
    Column("closed_on", Date),
    Column("changed_at", _INSTANT, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
    Column("anchor_day", Integer),
    Index("ix_tenant_sip_domain", "provider_id", "sip_domain"),
)
Table(
    "tenant_plan",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("plan_from", Date, primary_key=True),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("changed_at", _INSTANT, nullable=False),
    Column("sent_at", _INSTANT, nullable=False),
)
Table(
    "plan_version",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("minimum_seconds", Integer, nullable=False),
    Column("increment_seconds", Integer, nullable=False),
    Column("included_minutes", Integer, nullable=False),
    Column("price_per_minute", Numeric(20, 6), nullable=False),
    Column("class_prices", JSONB, nullable=False),
    Column("rated_by_deck", Boolean, nullable=False),
    Column("deck", Text, nullable=False),
    Column("class_terms", JSONB, nullable=False),
    Column("bundles", JSONB, nullable=False),
    Column("counts", Text, nullable=False),
    Column("spend_alert_minor", BigInteger),
    Column("spend_limit_minor", BigInteger),
    Column("currency", Text, nullable=False),
)
Table(
    "resource",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("valid_from", _INSTANT, primary_key=True),
    Column("valid_to", _INSTANT),
    Column("provider_id", Uuid, nullable=False),
    Index("ix_resource_value", "provider_id", "kind", "value"),
)
Table(
    "call",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    # The answer, or the start of an unanswered call (R8).
    Column("placed_at", _INSTANT, primary_key=True),
    Column("call_key", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("switch", Text, nullable=False),
    Column("leg_id", Text, nullable=False),
    Column("sip_call_id", Text),
    Column("started_at", _INSTANT, nullable=False),
    Column("answered_at", _INSTANT),
    Column("ended_at", _INSTANT, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("direction", Text, nullable=False),
    Column("from_number", Text, nullable=False),
    Column("to_number", Text, nullable=False),
    Column("call_class", Text, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    Column("hold_ms", BigInteger, nullable=False),
    Column("billed_seconds", BigInteger, nullable=False),
    Column("plan_id", Uuid),
    Column("plan_version", Integer),
    # Comma separated, since most calls have none: hold_over_90_percent, ended_after_receipt, …
    Column("flags", Text, nullable=False),
    Column("not_billed", Text),
    Column("received_at", _INSTANT, nullable=False),
    # How it was rated: docs/design-rating.md.
    Column("destination", Text),
    Column("deck_version_id", Uuid),
    Column("deck_prefix", Text),
    Column("price_per_minute", Numeric(20, 6)),
    Column("connect_fee", Numeric(20, 6)),
    Column("segments", JSONB),
    Column("charge_cap", Numeric(20, 6)),
    Column("charge", Numeric(20, 6)),
    Column("chargeable", Boolean, nullable=False),
    Column("extension", Text),
    Column("known_class", Text),
    # JSON of the fields of our own record that nothing here reads.
    Column("extra", Text),
    # The first revision of its ended period that counts this call: 1 unless it came late (R42).
    Column("first_revision", Integer, nullable=False, server_default=text("1")),
    Index("ix_call_flagged", "provider_id", "placed_at", "call_key", postgresql_where=text("flags <> ''")),
    # One partition a month of UTC, `call_2026_04`; adapters/months.py makes and archives them.
    postgresql_partition_by="RANGE (placed_at)",
)
# Every leg once, whatever its time says, and the digest that tells a repeat from a conflict (R15). One leg is one
# tenant's: a conflicting record cannot bill it to another one as well.
Table(
    "call_key",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("call_key", Uuid, primary_key=True),
    # With the instant, the way to the call itself.
    Column("tenant_id", Uuid, nullable=False),
    Column("placed_at", _INSTANT, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Index("ix_call_key_placed_at", "placed_at", postgresql_using="brin"),
)
# Which revision of an ended period's totals an invoice bills: later ones bill the difference to the one before.
Table(
    "billed_revision",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("start_date", Date, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("invoice_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
)
# Calls that a revision had counted and a later record took out: whole, so that the revision's lines still open.
Table(
    "taken_out",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("placed_at", _INSTANT, primary_key=True),
    Column("call_key", Uuid, primary_key=True),
    # The first revision that does not count the call.
    Column("until_revision", Integer, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("first_revision", Integer, nullable=False),
    Column("call", JSONB, nullable=False),
)
# Months whose calls are in a file and no longer here: a record of such a month waits in quarantine.
Table(
    "archived_month",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("month_start", Date, primary_key=True),
    Column("file_name", Text, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("billed_seconds", BigInteger, nullable=False),
    Column("archived_at", _INSTANT, nullable=False),
)
Table(
    "day_total",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("local_day", Date, primary_key=True),
    Column("call_class", Text, primary_key=True),
    Column("direction", Text, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("billed_seconds", BigInteger, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),
    # Of the calls, those with billed time.
    Column("billed_calls", BigInteger, nullable=False),
)
Table(
    "period_close",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("start_date", Date, primary_key=True),
    Column("end_date", Date, nullable=False),
    Column("provider_id", Uuid, nullable=False),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("metered_at", _INSTANT),
    Column("dirty", Boolean, nullable=False),
    Column("parts", JSONB, nullable=False),
    Column("share_days", Integer),
    Column("share_of_days", Integer),
    # Why the next revision is said.
    Column("reason", Text, nullable=False),
    Column("reason_text", Text),
    Index("ix_period_close_dirty", "provider_id", postgresql_where=text("dirty")),
)
Table(
    "quarantine",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("quarantine_id", Uuid, primary_key=True),
    Column("received_at", _INSTANT, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("detail", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("context", JSONB, nullable=False),
    Column("directory_version", BigInteger, nullable=False),
    # 'waiting', or 'replayed' once it became a call or turned out to be a repeat.
    Column("state", Text, nullable=False),
    Column("replayed_at", _INSTANT),
    Index(
        "ix_quarantine_waiting",
        "provider_id",
        "reason",
        "directory_version",
        postgresql_where=text("state = 'waiting'"),
    ),
)
Table(
    "import_file",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("content_hash", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("done_bytes", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("started_at", _INSTANT, nullable=False),
    Column("finished_at", _INSTANT),
)
# Legs and rows of which others may belong to the same call; needed as long as more may come.
Table(
    "leg",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("leg_key", Uuid, primary_key=True),
    Column("group_id", Uuid, nullable=False),
    # The record as it was read, as JSON.
    Column("record", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("received_at", _INSTANT, nullable=False),
    # An operator has looked at a call over 24 h (R14).
    Column("accepted", Boolean, nullable=False),
    # Its group could not be placed wholly when it was last decided.
    Column("waiting", Boolean, nullable=False),
    Column("quarantine_id", Uuid),
    # The call that was recorded of this leg: when it is placed, and what was in it.
    Column("call_placed_at", _INSTANT),
    Column("call_fingerprint", LargeBinary),
    Column("call_tenants", Text, nullable=False),
    Index("ix_leg_group", "provider_id", "group_id"),
    Index("ix_leg_received_at", "received_at"),
)
Table(
    "leg_tie",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("tie_key", Uuid, primary_key=True),
    Column("group_id", Uuid, nullable=False),
    Index("ix_leg_tie_group", "provider_id", "group_id"),
)
Table(
    "trunk",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
)
Table(
    "intake_option",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    # 'both', 'caller' or 'called': who pays when two tenants of the provider talk.
    Column("between_tenants", Text, nullable=False),
    # 'both' or 'outbound': what a forwarded call bills.
    Column("forwarded_calls", Text, nullable=False),
)
