"""Tables of payments' database. Primary and unique keys start with the tenant (or the provider, or the account)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
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

tenant = Table(
    "tenant",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("rank", Integer, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    # '' is the platform's own account.
    Column("stripe_account", Text, nullable=False),
    # Days after the first decline; null: the default ladder.
    Column("retry_days", JSONB(none_as_null=True)),
    Index("ix_account_stripe_account", "stripe_account"),
)

customer = Table(
    "customer",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("stripe_account", Text, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("stripe_customer", Text, nullable=False),
)

method = Table(
    "method",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("method_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("stripe_account", Text, nullable=False),
    Column("stripe_method", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("expires", Text),
    Column("is_default", Boolean, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("removed_at", DateTime(timezone=True)),
    Column("detached", Boolean, nullable=False),
    Column("blocked", Boolean, nullable=False, server_default=text("false")),
    # The expiry that was announced, so that it is announced once.
    Column("expiry_told", Text),
    UniqueConstraint("tenant_id", "stripe_account", "stripe_method"),
    Index("ix_method_stripe_method", "stripe_method"),
    Index(
        "ix_method_to_detach", "removed_at", postgresql_where=text("removed_at IS NOT NULL AND NOT detached")
    ),
    Index(
        "ix_method_expiring",
        text("(right(expires, 4) || left(expires, 2))"),
        postgresql_where=text(
            "removed_at IS NULL AND NOT blocked AND kind = 'card' AND expires IS NOT NULL"
            " AND expiry_told IS DISTINCT FROM expires"
        ),
    ),
    Index(
        "uq_method_one_default",
        "tenant_id",
        "stripe_account",
        unique=True,
        postgresql_where=text("is_default"),
    ),
)

auto_pay = Table(
    "auto_pay",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("provider_id", Uuid, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # Who gave the consent or withdrew it; rows are never changed, so that this is the record of it.
    Column("by", Text, nullable=False),
    Column("text_version", Text),
    Column("ip", Text),
)

open_invoice = Table(
    "open_invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("issued_balance_minor", BigInteger),
    Column("due_on", Date, nullable=False),
    Column("collectable", Boolean, nullable=False),
    Column("standing", Text, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("auto_pay", Boolean, nullable=False),
    Column("retries_done", Integer, nullable=False),
    Column("first_declined_at", DateTime(timezone=True)),
    Column("collect_at", DateTime(timezone=True)),
    Column("told_at", DateTime(timezone=True)),
    Index("ix_open_invoice_collect_at", "collect_at", postgresql_where=text("collect_at IS NOT NULL")),
)

payment = Table(
    "payment",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("request_id", Text),
    Column("fingerprint", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("received_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("method_id", Uuid),
    Column("stripe_method", Text),
    Column("kind", Text),
    Column("brand", Text),
    Column("last4", Text),
    Column("expires", Text),
    Column("save_method", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("retry_at", DateTime(timezone=True)),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("reference", Text),
    UniqueConstraint("tenant_id", "request_id"),
    Index(
        "ix_payment_declined",
        "tenant_id",
        "stripe_method",
        "ended_at",
        postgresql_where=text("state = 'failed'"),
    ),
)

share = Table(
    "payment_share",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("invoice_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Index("ix_payment_share_invoice", "tenant_id", "invoice_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("attempt_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("stripe_account", Text, nullable=False),
    Column("customer", Text),
    Column("stripe_method", Text),
    Column("off_session", Boolean, nullable=False),
    Column("save_method", Boolean, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("touched_at", DateTime(timezone=True), nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("intent", Text),
    Column("intent_closed", Boolean, nullable=False),
    Column("checks", Integer, nullable=False),
    Column("check_at", DateTime(timezone=True)),
    Index("ix_attempt_payment", "tenant_id", "payment_id"),
    Index("ix_attempt_intent", "intent"),
    Index(
        "ix_attempt_open",
        "touched_at",
        postgresql_where=text(
            "state IN ('created', 'submitted', 'requires_action', 'processing', 'unknown')"
        ),
    ),
    Index(
        "ix_attempt_to_close",
        "check_at",
        postgresql_where=text("state = 'failed' AND intent IS NOT NULL AND NOT intent_closed"),
    ),
)

# Which invoices an attempt holds: at most one open attempt per invoice, whatever the code thinks.
attempt_invoice = Table(
    "attempt_invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("attempt_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Index(
        "uq_attempt_invoice_one_open",
        "tenant_id",
        "invoice_id",
        unique=True,
        postgresql_where=text("is_open"),
    ),
)

webhook_event = Table(
    "webhook_event",
    metadata,
    # It arrives before anybody knows whose it is: Stripe's account, '' the platform's own, stands for the provider.
    Column("account", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    # Whom the event claims to be about, by what it carries. Zero: it names nobody.
    Column("provider_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("again_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", Text),
    Column("reason", Text),
    Index(
        "ix_webhook_event_due",
        text("coalesce(again_at, received_at)"),
        "event_id",
        postgresql_where=text("finished_at IS NULL"),
    ),
)

refund = Table(
    "refund",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("refund_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("stripe_account", Text, nullable=False),
    Column("intent", Text),
    Column("stripe_refund", Text),
    # [{invoice_id, number, amount_minor}]: on which invoices it is credited.
    Column("shares", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("touched_at", DateTime(timezone=True), nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("checks", Integer, nullable=False),
    Column("check_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    UniqueConstraint("tenant_id", "request_id"),
    Index("ix_refund_payment", "tenant_id", "payment_id"),
    Index("ix_refund_stripe_refund", "stripe_refund"),
    Index(
        "ix_refund_unsettled",
        "touched_at",
        postgresql_where=text("state IN ('created', 'submitted', 'unknown', 'pending')"),
    ),
)

dispute = Table(
    "dispute",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("dispute_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("payment_id", Uuid, nullable=False),
    Column("stripe_account", Text, nullable=False),
    Column("stripe_dispute", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("shares", JSONB, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index("ix_dispute_payment", "tenant_id", "payment_id"),
)

payment_plan = Table(
    "payment_plan",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("provider_id", Uuid, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    # [{due_on, amount_minor, tried}], earliest first.
    Column("parts", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("agreed_at", DateTime(timezone=True), nullable=False),
    Column("step_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    UniqueConstraint("tenant_id", "request_id"),
    Index("ix_payment_plan_step_at", "step_at", postgresql_where=text("step_at IS NOT NULL")),
)

# Which invoices a plan holds: at most one active plan per invoice.
payment_plan_invoice = Table(
    "payment_plan_invoice",
    metadata,
    Column("tenant_id", Uuid, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("invoice_id", Uuid, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("provider_id", Uuid, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Index(
        "uq_payment_plan_invoice_one_active",
        "tenant_id",
        "invoice_id",
        unique=True,
        postgresql_where=text("is_active"),
    ),
)

# A run of the comparison with Stripe, and what it found for a person to look at.
reconciliation = Table(
    "reconciliation",
    metadata,
    Column("provider_id", Uuid, primary_key=True),
    Column("run_id", Uuid, primary_key=True),
    Column("stripe_account", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("run_at", DateTime(timezone=True), nullable=False),
    # {charges, refunds, disputes, payouts, entries}: how many were compared.
    Column("compared", JSONB, nullable=False),
    # [{kind, stripe_id, ours, amount_minor, currency, detail}]
    Column("exceptions", JSONB, nullable=False),
    Index("ix_reconciliation_run_at", "provider_id", "run_at"),
)
