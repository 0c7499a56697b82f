"""Refunds, disputes, payment plans, outside money, consent, blocked methods and reconciliation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())


def _at(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("account", sa.Column("retry_days", _JSON, nullable=True))
    op.add_column("auto_pay", sa.Column("text_version", sa.Text(), nullable=True))
    op.add_column("auto_pay", sa.Column("ip", sa.Text(), nullable=True))
    op.add_column(
        "method", sa.Column("blocked", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("method", sa.Column("expiry_told", sa.Text(), nullable=True))
    op.add_column("open_invoice", _at("told_at"))
    op.add_column("payment", sa.Column("reference", sa.Text(), nullable=True))
    op.create_index(
        "ix_payment_declined",
        "payment",
        ["tenant_id", "stripe_method", "ended_at"],
        postgresql_where=sa.text("state = 'failed'"),
    )
    _money_back()
    _plans()
    op.create_table(
        "reconciliation",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        _at("since", nullable=False),
        _at("until", nullable=False),
        _at("run_at", nullable=False),
        sa.Column("compared", _JSON, nullable=False),
        sa.Column("exceptions", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "run_id", name=op.f("pk_reconciliation")),
    )
    op.create_index("ix_reconciliation_run_at", "reconciliation", ["provider_id", "run_at"])


def _money_back() -> None:
    op.create_table(
        "refund",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("stripe_refund", sa.Text(), nullable=True),
        sa.Column("shares", _JSON, nullable=False),
        _at("at", nullable=False),
        _at("touched_at", nullable=False),
        _at("submitted_at"),
        sa.Column("checks", sa.Integer(), nullable=False),
        _at("check_at"),
        _at("ended_at"),
        sa.PrimaryKeyConstraint("tenant_id", "refund_id", name=op.f("pk_refund")),
        sa.UniqueConstraint("tenant_id", "request_id", name=op.f("uq_refund_tenant_id_request_id")),
    )
    op.create_index("ix_refund_payment", "refund", ["tenant_id", "payment_id"])
    op.create_index("ix_refund_stripe_refund", "refund", ["stripe_refund"])
    op.create_index(
        "ix_refund_unsettled",
        "refund",
        ["touched_at"],
        postgresql_where=sa.text("state IN ('created', 'submitted', 'unknown', 'pending')"),
    )
    op.create_table(
        "dispute",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_account", sa.Text(), nullable=False),
        sa.Column("stripe_dispute", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shares", _JSON, nullable=False),
        _at("opened_at", nullable=False),
        _at("ended_at"),
        sa.PrimaryKeyConstraint("tenant_id", "dispute_id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_payment", "dispute", ["tenant_id", "payment_id"])


def _plans() -> None:
    op.create_table(
        "payment_plan",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("parts", _JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _at("agreed_at", nullable=False),
        _at("step_at"),
        _at("ended_at"),
        sa.PrimaryKeyConstraint("tenant_id", "plan_id", name=op.f("pk_payment_plan")),
        sa.UniqueConstraint("tenant_id", "request_id", name=op.f("uq_payment_plan_tenant_id_request_id")),
    )
    op.create_index(
        "ix_payment_plan_step_at",
        "payment_plan",
        ["step_at"],
        postgresql_where=sa.text("step_at IS NOT NULL"),
    )
    op.create_table(
        "payment_plan_invoice",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "plan_id", "invoice_id", name=op.f("pk_payment_plan_invoice")),
    )
    op.create_index(
        "uq_payment_plan_invoice_one_active",
        "payment_plan_invoice",
        ["tenant_id", "invoice_id"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
