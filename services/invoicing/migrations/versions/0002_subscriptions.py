"""Subscriptions: plan versions with all their terms, changes over time, discounts, and fees longer than a month."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_subscriptions"
down_revision = "0001"

# What was billed of a running fee, so that a change gives back what is unused: from the lines that billed it.
_FEES_BILLED = """
UPDATE billing_period p SET billed = p.billed || jsonb_build_object(
    'fee/' || p.plan_id || '/' || p.plan_version || '/' || p.start_date,
    jsonb_build_object('minor', l.amount_minor, 'quantity', '1', 'description', l.description,
                       'unit_price', l.unit_price::text, 'end', l.end_date::text))
FROM invoice_line l
WHERE l.tenant_id = p.tenant_id AND l.kind = 'fee' AND l.start_date = p.start_date
"""


def upgrade() -> None:
    op.add_column(
        "plan_version",
        sa.Column("terms", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
    )
    op.add_column("plan_version", sa.Column("valid_from", sa.Date()))
    op.add_column("tenant", sa.Column("ends_on", sa.Date()))
    for name, kind in (("fee_end", sa.Date()), ("fee_days", sa.Integer()), ("fee_until", sa.Date())):
        op.add_column("billing_period", sa.Column(name, kind))
    op.add_column("billing_period", sa.Column("late_due_at", sa.DateTime(timezone=True)))
    _add_indexes()
    _add_tables()
    op.execute(
        "UPDATE billing_period SET fee_end = end_date, fee_days = month_days, fee_until = end_date"
        " WHERE NOT is_trial"
    )
    op.execute(_FEES_BILLED)
    op.execute(
        "INSERT INTO plan_assignment (tenant_id, from_date, provider_id, plan_id, plan_version)"
        " SELECT tenant_id, opened_on, provider_id, plan_id, plan_version FROM tenant"
    )


def _add_indexes() -> None:
    waiting = {
        "ix_billing_period_late_due": (
            "billing_period",
            ["provider_id", "late_due_at"],
            "late_due_at IS NOT NULL",
        ),
        "ix_billing_period_late": ("billing_period", ["tenant_id"], "late"),
        "ix_one_time_charge_waiting": ("one_time_charge", ["tenant_id"], "invoice_id IS NULL"),
        "ix_credit_left": ("credit", ["tenant_id"], "remaining_minor > 0"),
    }
    for name, (table, columns, where) in waiting.items():
        op.create_index(name, table, columns, postgresql_where=sa.text(where))
    op.create_index("ix_billing_period_end", "billing_period", ["provider_id", "end_date"])


def _add_tables() -> None:
    op.create_table(
        "plan_assignment",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "from_date", name="pk_plan_assignment"),
    )
    op.create_table(
        "add_on_quantity",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "code", "from_date", name="pk_add_on_quantity"),
    )
    op.create_table(
        "coupon",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "code", name="pk_coupon"),
    )
    op.create_table(
        "tenant_discount",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("discount_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=9, scale=6)),
        sa.Column("amount", sa.Numeric()),
        sa.Column("applies_to", sa.Text(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("until_date", sa.Date()),
        sa.PrimaryKeyConstraint("tenant_id", "discount_id", name="pk_tenant_discount"),
        sa.UniqueConstraint("tenant_id", "code", name="uq_tenant_discount_tenant_id_code"),
    )
    op.create_table(
        "subscription_change",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "change_id", name="pk_subscription_change"),
    )
    op.create_index("ix_subscription_change_newest", "subscription_change", ["tenant_id", "made_at"])
