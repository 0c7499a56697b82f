"""Tenants, accounts, methods, invoices to collect, payments, attempts and webhook events."""

import sqlalchemy as sa
from alembic import op

from shared.db.migration import create_house_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_house_tables_v1(op, journal=True)
    op.create_table(
        "account",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_account")),
    )
    op.create_index("ix_account_stripe_account", "account", ["stripe_account"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("stripe_method", sa.Text(), nullable=True),
        sa.Column("off_session", sa.Boolean(), nullable=False),
        sa.Column("save_method", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("intent_closed", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_intent", "attempt", ["intent"], unique=False)
    op.create_index(
        "ix_attempt_open",
        "attempt",
        ["touched_at"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('created', 'submitted', 'requires_action', 'processing', 'unknown')"
        ),
    )
    op.create_index("ix_attempt_payment", "attempt", ["tenant_id", "payment_id"], unique=False)
    op.create_index(
        "ix_attempt_to_close",
        "attempt",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("state = 'failed' AND intent IS NOT NULL AND NOT intent_closed"),
    )
    op.create_table(
        "attempt_invoice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", "invoice_id", name=op.f("pk_attempt_invoice")),
    )
    op.create_index(
        "uq_attempt_invoice_one_open",
        "attempt_invoice",
        ["tenant_id", "invoice_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "auto_pay",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "position", name=op.f("pk_auto_pay")),
    )
    op.create_table(
        "customer",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_customer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "stripe_account", name=op.f("pk_customer")),
    )
    op.create_table(
        "method",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.Column("stripe_method", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detached", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "method_id", name=op.f("pk_method")),
        sa.UniqueConstraint(
            "tenant_id",
            "stripe_account",
            "stripe_method",
            name=op.f("uq_method_tenant_id_stripe_account_stripe_method"),
        ),
    )
    op.create_index("ix_method_stripe_method", "method", ["stripe_method"], unique=False)
    op.create_index(
        "ix_method_to_detach",
        "method",
        ["removed_at"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NOT NULL AND NOT detached"),
    )
    op.create_index(
        "uq_method_one_default",
        "method",
        ["tenant_id", "stripe_account"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "open_invoice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("issued_balance_minor", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("collectable", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("auto_pay", sa.Boolean(), nullable=False),
        sa.Column("retries_done", sa.Integer(), nullable=False),
        sa.Column("first_declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("collect_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name=op.f("pk_open_invoice")),
    )
    op.create_index(
        "ix_open_invoice_collect_at",
        "open_invoice",
        ["collect_at"],
        unique=False,
        postgresql_where=sa.text("collect_at IS NOT NULL"),
    )
    op.create_table(
        "payment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=True),
        sa.Column("stripe_method", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("last4", sa.Text(), nullable=True),
        sa.Column("expires", sa.Text(), nullable=True),
        sa.Column("save_method", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "payment_id", name=op.f("pk_payment")),
        sa.UniqueConstraint("tenant_id", "request_id", name=op.f("uq_payment_tenant_id_request_id")),
    )
    op.create_table(
        "payment_share",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "payment_id", "position", name=op.f("pk_payment_share")),
    )
    op.create_index("ix_payment_share_invoice", "payment_share", ["tenant_id", "invoice_id"], unique=False)
    op.create_table(
        "tenant",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant")),
    )
    op.create_table(
        "webhook_event",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "event_id", name=op.f("pk_webhook_event")),
    )
    op.create_index(
        "ix_webhook_event_waiting",
        "webhook_event",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
