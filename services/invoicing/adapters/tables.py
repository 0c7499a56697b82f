"""The tables of invoicing. Every key starts with the tenant or the provider.

Ids of providers, plans and tenants are derived from their slug or name, so that the same one cannot be made twice.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables import add_journal_table, make_metadata

metadata = make_metadata()
add_journal_table(metadata)

_INSTANT = DateTime(timezone=True)

provider = Table(
    "provider",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
)
plan_version = Table(
    "plan_version",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    UniqueConstraint("provider_id", "name", "version"),
)

tenant = Table(
    "tenant",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("anchor_day", Integer, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("trial_ends_on", Date),
    Column("created_at", _INSTANT, nullable=False),
    UniqueConstraint("provider_id", "slug"),
    Index("ix_tenant_id", "tenant_id"),
)

billing_period = Table(
    "billing_period",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("start_date", Date, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("full_days", Integer, nullable=False),
    Column("plan_id", Uuid, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("trial", Boolean, nullable=False),
    # waiting for its fee to be billed in advance: due at its start
    Column("fee_due_at", _INSTANT),
    # running, ended, metered, invoiced, closed (a trial's), parked
    Column("state", Text, nullable=False),
    Column("end_at", _INSTANT, nullable=False),
    Column("finalise_at", _INSTANT, nullable=False),
    Column("totals", JSONB),
    # What an invoice has billed of it, late usage included: later revisions are compared with this.
    Column("billed", JSONB),
    Column("reason", Text),
    Index("ix_billing_period_due", "state", "end_at"),
    Index("ix_billing_period_provider", "provider_id", "state"),
    Index("ix_billing_period_fee", "fee_due_at", postgresql_where=text("fee_due_at IS NOT NULL")),
)

one_time_charge = Table(
    "one_time_charge",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("charge_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("description", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("charged_on", Date, nullable=False),
    Column("invoice_id", Uuid),
)

invoice_number = Table(
    "invoice_number",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("last_number", Integer, nullable=False),
)

invoice = Table(
    "invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("issued_at", _INSTANT, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("overdue_at", _INSTANT, nullable=False),
    Column("collectable", Boolean, nullable=False),
    Column("usage_start", Date),
    Column("usage_end", Date),
    Column("fee_start", Date),
    Column("fee_end", Date),
    Column("subtotal_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    # lines, taxes, billed_by, billed_to as they were at issue
    Column("document", JSONB, nullable=False),
    # All that may still change (a trigger refuses the rest):
    Column("paid_minor", BigInteger, nullable=False),
    Column("overdue_marked_at", _INSTANT),
    Column("paid_at", _INSTANT),
    Column("cancelled_at", _INSTANT),
    UniqueConstraint("provider_id", "number"),
    Index("ix_invoice_overdue", "overdue_at", postgresql_where=text("overdue_marked_at IS NULL")),
    Index("ix_invoice_provider", "provider_id", "issued_at"),
)

invoice_payment = Table(
    "invoice_payment",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    # 'payment' or 'credit'
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at", _INSTANT, nullable=False),
)

credit = Table(
    "credit",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("credit_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("left_minor", BigInteger, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
)

clock_advance = Table(
    "clock_advance",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("since", _INSTANT, nullable=False),
    Column("target_at", _INSTANT, nullable=False),
    Column("waiting_for", JSONB, nullable=False),
    Column("arrived", Boolean, nullable=False),
)
