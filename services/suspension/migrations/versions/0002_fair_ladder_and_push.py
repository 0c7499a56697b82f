"""Reopened invoices, disputes, plans and limits; policies with quiet days; confirmed standings; pushes to switches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(name: str) -> sa.Column:
    return sa.Column(name, sa.Uuid, nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=nullable)


def upgrade() -> None:
    _change_invoices()
    _change_facts()
    _change_policies()
    _change_standings()
    _create_switches()


def _change_invoices() -> None:
    op.execute(
        "ALTER TABLE open_invoice ADD newest_at timestamptz, ADD newest_paid_minor bigint,"
        " ADD newest_balance_minor bigint, ADD newest_settled_at timestamptz, ADD life_at timestamptz,"
        " ADD reopened_at timestamptz, ADD reopened_why text, ADD revision integer"
    )
    op.execute(
        "UPDATE open_invoice SET newest_at = '1970-01-01 UTC', newest_paid_minor = paid_minor,"
        " newest_balance_minor = balance_minor, newest_settled_at = settled_at, revision = 1"
    )
    for name in ("newest_at", "newest_paid_minor", "newest_balance_minor", "revision"):
        op.alter_column("open_invoice", name, nullable=False)
    op.execute("ALTER TABLE reminder_sent ADD life_at timestamptz NOT NULL DEFAULT '1970-01-01 UTC'")
    op.alter_column("reminder_sent", "life_at", server_default=None)
    op.drop_constraint("pk_reminder_sent", "reminder_sent")
    op.create_primary_key("pk_reminder_sent", "reminder_sent", ["tenant_id", "anchor_id", "day", "life_at"])


def _change_facts() -> None:
    op.create_table(
        "fact",
        _key("tenant_id"),
        _text("kind"),
        _key("source_id"),
        _instant("at"),
        sa.Column("ended", sa.Boolean, nullable=False),
        _key("provider_id"),
        sa.Column("invoice_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "source_id", "at", "ended", name="pk_fact"),
    )
    op.execute(
        "INSERT INTO fact (tenant_id, kind, source_id, at, ended, provider_id, invoice_ids)"
        " SELECT tenant_id, 'debit', payment_id, at, ended, provider_id, invoice_ids FROM payment_fact"
        " UNION ALL SELECT tenant_id, 'paid', invoice_id, settled_at, false, provider_id, ARRAY[invoice_id]"
        " FROM open_invoice WHERE settled_at IS NOT NULL"
    )
    op.drop_table("payment_fact")


def _change_policies() -> None:
    op.execute(
        "ALTER TABLE policy ADD terminate_after_days integer, ADD holidays text, ADD jurisdiction text,"
        " ADD counting text NOT NULL DEFAULT 'calendar', ADD quiet_weekends boolean NOT NULL DEFAULT false,"
        " ADD quiet_dates date[] NOT NULL DEFAULT '{}', ADD debit_lifts boolean NOT NULL DEFAULT false,"
        " ADD dispute_lifts boolean NOT NULL DEFAULT false,"
        " ADD unusual_international_bars boolean NOT NULL DEFAULT false"
    )
    for name in (
        "counting",
        "quiet_weekends",
        "quiet_dates",
        "debit_lifts",
        "dispute_lifts",
        "unusual_international_bars",
    ):
        op.alter_column("policy", name, server_default=None)


def _change_standings() -> None:
    op.execute(
        "ALTER TABLE standing ADD cause text, ADD international_barred boolean NOT NULL DEFAULT false,"
        " ADD termination_proposed_at timestamptz, ADD doubtful boolean NOT NULL DEFAULT false,"
        " ADD truth_due_at timestamptz"
    )
    # Who is barred today is looked at again at once, which finds out why.
    op.execute(
        "UPDATE standing SET next_step_at = evaluated_at, truth_due_at = now()"
        " WHERE stage IN ('outbound_barred', 'both_barred')"
    )
    for name in ("international_barred", "doubtful"):
        op.alter_column("standing", name, server_default=None)
    op.create_index(
        "ix_standing_truth_due_at",
        "standing",
        ["truth_due_at"],
        postgresql_where=sa.text("truth_due_at IS NOT NULL"),
    )


def _create_switches() -> None:
    op.create_table(
        "switch",
        _key("provider_id"),
        _text("name"),
        _text("kind"),
        _text("url"),
        _text("secret"),
        sa.Column("cut_calls", sa.Boolean, nullable=False),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("provider_id", "name", name="pk_switch"),
    )
    op.create_table(
        "push",
        _key("provider_id"),
        _key("push_id"),
        _text("switch_name"),
        _key("tenant_id"),
        _instant("queued_at"),
        _instant("next_attempt_at", nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        _instant("delivered_at", nullable=True),
        _text("last_error", nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "push_id", name="pk_push"),
    )
    op.create_index(
        "ix_push_next_attempt_at",
        "push",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_push_switch_name", "push", ["provider_id", "switch_name", "queued_at"])
    op.create_table(
        "emergency_call",
        _key("tenant_id"),
        _key("provider_id"),
        _instant("at"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_emergency_call"),
    )
