"""Tenants, the projection of their debts, policies, standings and the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migration import create_house_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(name: str) -> sa.Column:
    return sa.Column(name, sa.Uuid, nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    create_house_tables_v1(op)
    _create_people()
    _create_facts()
    _create_decisions()


def _create_people() -> None:
    op.create_table(
        "tenant",
        _key("tenant_id"),
        _key("provider_id"),
        _text("name"),
        _text("country"),
        _text("time_zone"),
        _text("currency"),
        _text("sip_domain"),
        sa.Column("account_codes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("closed_on", sa.Date),
        _instant("changed_at"),
        _instant("sent_at"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant"),
    )
    op.create_index("ix_tenant_provider_id", "tenant", ["provider_id"])
    op.create_table(
        "provider",
        _key("provider_id"),
        _text("country"),
        _text("support_phone"),
        sa.Column("reachable_numbers", sa.ARRAY(sa.Text), nullable=False),
        _instant("changed_at"),
        _instant("sent_at"),
        sa.PrimaryKeyConstraint("provider_id", name="pk_provider"),
    )


def _create_facts() -> None:
    op.create_table(
        "open_invoice",
        _key("tenant_id"),
        _key("invoice_id"),
        _key("provider_id"),
        _text("number"),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        _text("currency"),
        sa.Column("collectable", sa.Boolean, nullable=False),
        sa.Column("paid_minor", sa.BigInteger, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        _instant("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name="pk_open_invoice"),
    )
    op.create_table(
        "payment_fact",
        _key("tenant_id"),
        _key("payment_id"),
        _instant("at"),
        sa.Column("ended", sa.Boolean, nullable=False),
        _key("provider_id"),
        sa.Column("invoice_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "payment_id", "at", "ended", name="pk_payment_fact"),
    )
    op.create_table(
        "reminder_sent",
        _key("tenant_id"),
        _key("anchor_id"),
        sa.Column("day", sa.Integer, nullable=False),
        _key("provider_id"),
        _instant("sent_at"),
        sa.Column("invoice_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "anchor_id", "day", name="pk_reminder_sent"),
    )


def _create_decisions() -> None:
    op.create_table(
        "policy",
        _key("provider_id"),
        _key("scope_id"),
        sa.Column("grace_days", sa.Integer, nullable=False),
        sa.Column("outbound_after_days", sa.Integer),
        sa.Column("reminder_days", sa.ARRAY(sa.Integer), nullable=False),
        sa.Column("smallest_minor", sa.BigInteger, nullable=False),
        _text("inbound"),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("provider_id", "scope_id", name="pk_policy"),
    )
    op.create_table(
        "standing",
        _key("tenant_id"),
        _key("provider_id"),
        _text("stage"),
        _instant("since"),
        _text("why"),
        _instant("next_step_at", nullable=True),
        _instant("evaluated_at"),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_standing"),
    )
    op.create_index(
        "ix_standing_next_step_at",
        "standing",
        ["next_step_at"],
        postgresql_where=sa.text("next_step_at IS NOT NULL"),
    )
    op.create_index("ix_standing_provider_id", "standing", ["provider_id", "next_step_at"])
    op.create_table(
        "hold",
        _key("tenant_id"),
        _key("hold_id"),
        _key("provider_id"),
        _text("kind"),
        _instant("since"),
        _instant("until_at", nullable=True),
        sa.Column("invoice_ids", sa.ARRAY(sa.Uuid)),
        _text("reason"),
        _text("decided_by"),
        _instant("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "hold_id", name="pk_hold"),
    )
    op.create_table(
        "audit",
        _key("provider_id"),
        _key("audit_id"),
        sa.Column("tenant_id", sa.Uuid),
        _instant("at"),
        _instant("recorded_at"),
        _text("action"),
        _text("done_by"),
        _text("reason"),
        sa.Column("details", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "audit_id", name="pk_audit"),
    )
    op.create_index("ix_audit_tenant_id", "audit", ["tenant_id", "audit_id"])
